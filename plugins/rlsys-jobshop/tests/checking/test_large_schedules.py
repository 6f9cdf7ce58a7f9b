"""Ten thousand operations and calendars of ten thousand windows."""

from __future__ import annotations

from small_shops import entries, shop, work

from rlsys_jobshop.checking import Kind, violations
from rlsys_jobshop.problem import Calendar, Job, Machine

SHIFTS = Calendar.of([(24 * day + 6, 24 * day + 14) for day in range(10_000)])
"""Eight hours a day, from 6 to 14."""


def large():
    """Each job works 8 h on each of 10 machines, a day for each; all run one after another."""
    jobs = [Job(tuple(work(8, m, interruptible=True) for m in range(10))) for _ in range(1000)]
    days = [(job, m, 24 * (job + m)) for job in range(1000) for m in range(10)]
    rows = [(job, m, m, midnight + 6, midnight + 14) for job, m, midnight in days]
    return shop(*jobs, machines=[Machine(SHIFTS)] * 10), rows


def test_a_large_schedule_is_valid():
    instance, rows = large()
    assert violations(instance, entries(*rows)) == []


def test_one_unit_too_early_is_found_among_ten_thousand_operations():
    instance, rows = large()
    rows[6005] = (600, 5, 5, 24 * 605 + 5, 24 * 605 + 13)
    found = violations(instance, entries(*rows))
    assert [(v.kind, v.job, v.operation) for v in found] == [
        (Kind.DURATION, 600, 5),
        (Kind.HOURS, 600, 5),
    ]


def test_as_many_violations_as_operations_are_all_reported():
    instance, rows = large()
    later = [(job, m, machine, start + 1, end) for job, m, machine, start, end in rows]
    found = violations(instance, entries(*later))
    assert [v.kind for v in found] == [Kind.DURATION] * 10_000
