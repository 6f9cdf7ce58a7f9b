"""Schedulers for the tests, and schedules that are written down by hand."""

from __future__ import annotations

from small_shops import entries

from rlsys_jobshop.checking import require_valid
from rlsys_jobshop.dynamic.record import schedule_of
from rlsys_jobshop.rules import dispatch, rule_named


def planned(instance, *rows):
    """A valid schedule from rows (job, operation, machines, start, end)."""
    return require_valid(schedule_of(instance, entries(*rows)))


def first_fit(instance):
    return dispatch(instance, rule_named("first-fit"))[0]


def at_random(seed):
    """A scheduler that plans any semi-active schedule; the same for the same instance."""

    def scheduler(instance):
        return dispatch(instance, rule_named("random"), seed=seed, candidates="all")[0]

    return scheduler


def rows(entries):
    """Rows of entries, as `planned` takes them, but with machines as tuples."""
    return [(e.job, e.operation, e.machines, e.start, e.end) for e in entries]
