"""Hold a schedule against all rules of ``docs/plugins/jobshop-model.md``."""

from __future__ import annotations

from collections.abc import Sequence

from rlsys_jobshop.checking.order import Timed, check_job, check_machine, timed
from rlsys_jobshop.checking.placing import place
from rlsys_jobshop.checking.shop import Shop
from rlsys_jobshop.checking.single import check_alone
from rlsys_jobshop.checking.violation import Kind, Violation
from rlsys_jobshop.problem import Entry, Instance

_RANK = {kind: rank for rank, kind in enumerate(Kind)}
_LAST = 1 << 200


def violations(instance: Instance, entries: Sequence[Entry]) -> list[Violation]:
    """Return every rule that a schedule breaks; an empty list means that it is valid.

    An entry that is wrong in one respect is still held against all rules that do not need what is
    wrong. One fault is reported once: what starts before its machine is free, say, is an overlap
    and not besides a setup that is too short. An operation that is listed twice counts with its
    first entry.

    Args:
        instance: the problem.
        entries: in any order. Only for operations of duration 0 at the same moment on the same
            machine does the order matter: it is the machine's.

    Returns:
        By job, operation, `Kind` and machine; what is unknown comes last.
    """
    shop = Shop(instance)
    placed, found = place(shop, entries)
    by_job: dict[int, list[Timed]] = {}
    by_machine: dict[int, list[Timed]] = {}
    for one in placed:
        found += check_alone(shop, one)
        when = timed(one)
        if when is None:
            continue
        by_job.setdefault(one.job, []).append(when)
        for machine in one.machines:
            by_machine.setdefault(machine, []).append(when)
    for job, operations in by_job.items():
        found += check_job(shop, job, operations)
    for machine, operations in by_machine.items():
        found += check_machine(shop, machine, operations)
    return sorted(found, key=_position)


def _position(violation: Violation) -> tuple[int, int, int, int, str]:
    return (
        _LAST if violation.job is None else violation.job,
        _LAST if violation.operation is None else violation.operation,
        _RANK[violation.kind],
        _LAST if violation.machine is None else violation.machine,
        violation.message,
    )
