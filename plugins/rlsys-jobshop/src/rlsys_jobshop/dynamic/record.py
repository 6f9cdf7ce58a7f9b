"""What happened and what is planned, as one schedule that the validator can judge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from rlsys_jobshop.dynamic.situation import Situation
from rlsys_jobshop.problem import (
    FOREVER,
    Calendar,
    Entry,
    Instance,
    Job,
    Machine,
    Mode,
    Operation,
    Schedule,
    build,
)

NEVER_OPEN = Calendar.of([(FOREVER - 1, FOREVER)])
"""Hours of a machine that is broken for good from the first moment on; no mode needs it."""


@dataclass(frozen=True)
class Record:
    """A whole day.

    Attributes:
        entries: every operation that was done or is planned, by start; jobs have their own numbers.
        lost: attempts that a breakdown ended.
        cancelled: jobs that were cancelled before all of their operations had begun.
        jobs: the number of each job of ``schedule.instance``; those of lost attempts come after
            them, in the order of `lost`.
        schedule: the same as one schedule, of the problem as it turned out: arrivals are releases,
            breakdowns are closed time, cancelled jobs end after what was done of them and have no
            due date, and each lost attempt is a job of its own. None if nothing was ever begun.
    """

    entries: tuple[Entry, ...]
    lost: tuple[Entry, ...]
    cancelled: tuple[int, ...]
    jobs: tuple[int, ...]
    schedule: Schedule | None


def record(situation: Situation, planned: Sequence[Entry]) -> Record:
    """Return the record of a situation in which all that has not begun follows a plan.

    Args:
        situation: the facts.
        planned: every operation that is left, by start.
    """
    entries = (*situation.begun, *planned)
    done = [0] * len(situation.known.jobs)
    for entry in entries:
        done[entry.job] += 1
    jobs = tuple(number for number, count in enumerate(done) if count)
    cut = tuple(
        number
        for number in sorted(situation.cancelled)
        if done[number] < len(situation.known.jobs[number].operations)
    )
    return Record(
        entries=entries,
        lost=situation.lost,
        cancelled=cut,
        jobs=jobs,
        schedule=_schedule(situation, entries, jobs, done) if jobs or situation.lost else None,
    )


def _schedule(
    situation: Situation, entries: Sequence[Entry], jobs: Sequence[int], done: Sequence[int]
) -> Schedule:
    known = situation.known
    instance = build(
        replace(
            known,
            jobs=(
                *(_job(situation, number, done[number]) for number in jobs),
                *(_attempt(situation, entry) for entry in situation.lost),
            ),
            machines=tuple(
                _machine(machine, hours)
                for machine, hours in zip(known.machines, situation.hours, strict=True)
            ),
            notes={},
        )
    )
    place = {number: position for position, number in enumerate(jobs)}
    renumbered = [replace(entry, job=place[entry.job]) for entry in entries]
    renumbered += [
        replace(entry, job=len(jobs) + position, operation=0)
        for position, entry in enumerate(situation.lost)
    ]
    return schedule_of(instance, renumbered)


def _machine(machine: Machine, hours: Calendar | None) -> Machine:
    return replace(machine, calendar=NEVER_OPEN if hours is None else hours)


def _job(situation: Situation, number: int, done: int) -> Job:
    """Return what was done of a job, without modes on machines that never open."""
    job = situation.known.jobs[number]
    operations = tuple(
        replace(operation, modes=situation.usable(operation)) for operation in job.operations[:done]
    )
    due = job.due if done == len(job.operations) else None
    return replace(job, operations=operations, due=due, name=job.name or str(number))


def _attempt(situation: Situation, entry: Entry) -> Job:
    """Return a lost attempt as a job that could begin only when it did."""
    job = situation.known.jobs[entry.job]
    mode = Mode(entry.end - entry.start, entry.machines)
    return Job(
        operations=(Operation((mode,), family=situation.operation(entry).family),),
        release=entry.start,
        name=f"{job.name or entry.job}, operation {entry.operation}, lost at {entry.end}",
        where=job.where,
    )


def schedule_of(instance: Instance, entries: Sequence[Entry]) -> Schedule:
    """Return the schedule of entries that hold every operation of `instance` once, in order."""
    shape = instance.operations
    mode, start, end, rank = (np.zeros(shape, np.int64) for _ in range(4))
    for position, entry in enumerate(entries):
        operation = int(instance.job_first[entry.job]) + entry.operation
        modes = range(int(instance.mode_first[operation]), int(instance.mode_first[operation + 1]))
        mode[operation] = next(k for k in modes if instance.machines_of(k) == entry.machines)
        start[operation], end[operation], rank[operation] = entry.start, entry.end, position
    return Schedule(instance, mode, start, end, rank)
