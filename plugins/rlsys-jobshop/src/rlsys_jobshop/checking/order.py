"""The rules between operations: order within a job, one at a time on a machine, setups."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rlsys_jobshop.checking.placing import Placed
from rlsys_jobshop.checking.shop import Shop
from rlsys_jobshop.checking.violation import Kind, Violation


@dataclass(frozen=True)
class Timed:
    """An operation with usable times.

    Attributes:
        operation: numbered through.
        start, end: ``start <= end``.
        listed: position in the list of entries.
    """

    operation: int
    start: int
    end: int
    listed: int


def timed(placed: Placed) -> Timed | None:
    """Return the operation with its times; None if they are missing or run backwards."""
    if placed.start is None or placed.end is None or placed.end < placed.start:
        return None
    return Timed(placed.operation, placed.start, placed.end, placed.listed)


def check_job(shop: Shop, job: int, operations: Iterable[Timed]) -> Iterator[Violation]:
    """Yield each operation of a job that starts before an earlier one has ended.

    It is held against the earlier one that ends last.
    """
    latest: Timed | None = None
    for this in sorted(operations, key=lambda one: one.operation):
        if latest is not None and this.start < latest.end:
            overlaps = this.end > latest.start
            yield Violation(
                Kind.JOB_OVERLAP if overlaps else Kind.PRECEDENCE,
                f"{shop.operation_text(this.operation)}: starts at {shop.time_text(this.start)}; "
                f"operation {latest.operation - shop.job_first[job]} of its job runs from "
                f"{shop.time_text(latest.start)} to {shop.time_text(latest.end)} and comes first",
                job,
                this.operation - shop.job_first[job],
            )
        if latest is None or this.end >= latest.end:
            latest = this


def in_machine_order(operations: Iterable[Timed]) -> list[Timed]:
    """Return a machine's operations in the order in which it does them.

    By start; one without duration goes before one that begins at the same moment; those without
    duration at the same moment go as the schedule lists them.
    """
    return sorted(operations, key=lambda one: (one.start, one.end, one.listed))


def check_machine(shop: Shop, machine: int, operations: Iterable[Timed]) -> Iterator[Violation]:
    """Yield each operation of a machine that starts before the machine is free and set up for it.

    It is held against the operation before it that ends last.
    """
    before: Timed | None = None
    for this in in_machine_order(operations):
        text = _too_early(shop, machine, before, this)
        if text:
            kind, said = text
            job = int(shop.instance.job_of[this.operation])
            yield Violation(
                kind,
                f"{shop.operation_text(this.operation)}: starts at {shop.time_text(this.start)} "
                f"on {shop.machine_text(machine)}; {said}",
                job,
                this.operation - shop.job_first[job],
                machine,
            )
        if before is None or this.end >= before.end:
            before = this


def _too_early(
    shop: Shop, machine: int, before: Timed | None, this: Timed
) -> tuple[Kind, str] | None:
    """Return which rule the start breaks, and what is required."""
    if before is not None and this.start < before.end:
        return Kind.MACHINE_OVERLAP, (
            f"{shop.operation_text(before.operation)} occupies it from "
            f"{shop.time_text(before.start)} to {shop.time_text(before.end)}"
        )
    free = shop.available[machine] if before is None else before.end
    if this.start < free:
        return None  # reported as not available
    done = None if before is None else before.operation
    needed = shop.setup(machine, done, this.operation)
    there = shop.hours(machine).between(free, this.start)
    if there >= needed:
        return None
    since = (
        f"the start at {shop.time_text(free)}"
        if before is None
        else f"{shop.operation_text(before.operation)} ends at {shop.time_text(free)}"
    )
    return Kind.SETUP, (
        f"its setup from {shop.family_text(shop.family_before(machine, done))} to "
        f"{shop.family_text(shop.family[this.operation])} takes {needed} of open time, and there "
        f"are {there} since {since}"
    )
