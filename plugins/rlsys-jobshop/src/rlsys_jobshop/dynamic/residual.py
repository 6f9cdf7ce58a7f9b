"""The problem that is left at a moment of the day, as an instance that any scheduler can plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from rlsys_jobshop.dynamic.events import Event
from rlsys_jobshop.dynamic.record import NEVER_OPEN, Record, record
from rlsys_jobshop.dynamic.situation import Situation
from rlsys_jobshop.problem import (
    FOREVER,
    Entry,
    ImpossibleInstance,
    Instance,
    Job,
    Machine,
    Operation,
    Schedule,
    Setups,
    build,
)


@dataclass(frozen=True)
class Residual:
    """What is left of a problem.

    Attributes:
        situation: the facts that it follows from.
        instance: what has not begun; None if nothing is left. All that has begun is in it only as
            the time from which a machine is available, what the machine is set up for, and when a
            job is released. Machines keep their numbers. A job that is late already keeps its due
            date in ``instance.due``; the description has its release there, because a file may not
            give an earlier one.
        jobs: the number of each of its jobs in the whole problem.
        first: the position of its first operation there.
    """

    situation: Situation
    instance: Instance | None
    jobs: tuple[int, ...]
    first: tuple[int, ...]

    @property
    def now(self) -> int:
        """The moment."""
        return self.situation.now

    @classmethod
    def of(cls, situation: Situation) -> Residual:
        """Return what is left in a situation, such as one that a program has kept.

        Raises:
            UserError: an operation fits in none of its modes into the open time that is left.
        """
        known, progress = situation.known, situation.progress
        jobs = tuple(
            number
            for number, job in enumerate(known.jobs)
            if number not in situation.cancelled and progress[number] < len(job.operations)
        )
        first = tuple(progress[number] for number in jobs)
        if not jobs:
            return cls(situation, None, (), ())
        machines, tables = _machines(situation)
        instance = build(
            replace(
                known,
                name=f"{known.name} at {situation.now}",
                jobs=tuple(_job(situation, number) for number in jobs),
                machines=machines,
                setups=(*known.setups, *tables),
            )
        )
        due = [known.jobs[number].due for number in jobs]
        exact = np.array([FOREVER if time is None else time for time in due], np.int64)
        return cls(situation, replace(instance, due=exact), jobs, first)

    def advanced(self, plan: Schedule | None, now: int, events: Sequence[Event] = ()) -> Residual:
        """Return what is left at `now`, if the shop follows `plan` until then.

        Args:
            plan: a schedule of `instance`; None if there is none, or no time passes.
            now: not before this one's.
            events: what becomes known at `now`, in any order but for arrivals, which are numbered.

        Raises:
            ValueError: `plan` is of another instance or missing, or time runs backwards, or an
                event is at another time than `now`.
            UserError: an event is impossible, or makes the rest impossible.
        """
        if now < self.now:
            raise ValueError(f"time runs forwards: {now} is before {self.now}")
        if plan is None and now > self.now and self.instance is not None:
            raise ValueError(f"operations are left at {self.now}; give the plan that is followed")
        if any(event.time != now for event in events):
            raise ValueError(f"all events must be at {now}; advance to each event's time in turn")
        return Residual.of(self.situation.advanced(self.entries(plan), now, events))

    def entries(self, plan: Schedule | None) -> list[Entry]:
        """Return a plan's operations with the numbers of the whole problem, by start.

        Raises:
            ValueError: the plan is of another instance.
        """
        if plan is None:
            return []
        if plan.instance is not self.instance:
            raise ValueError("the plan is of another instance than the one that is left")
        return [
            replace(
                entry, job=self.jobs[entry.job], operation=self.first[entry.job] + entry.operation
            )
            for entry in plan.entries()
        ]

    def merged(self, plan: Schedule | None) -> Record:
        """Return the whole day: what has begun, and the rest as planned.

        Args:
            plan: a schedule of `instance`; None only if nothing is left.

        Raises:
            ValueError: the plan is of another instance, or missing.
        """
        if plan is None and self.instance is not None:
            raise ValueError(f"operations are left at {self.now}; give a plan for them")
        return record(self.situation, self.entries(plan))


def opening(instance: Instance) -> Residual:
    """Return the residual problem at time 0: the whole instance."""
    jobs = tuple(range(instance.jobs))
    return Residual(Situation(0, instance.description), instance, jobs, (0,) * len(jobs))


def residual(
    instance: Instance, schedule: Schedule, now: int, events: Sequence[Event] = ()
) -> Residual:
    """Return what is left of an instance at `now`, if its schedule was followed until then.

    `Residual.advanced` goes on from there.

    Args:
        instance: the whole problem.
        schedule: of it.
        now: a time, from 0.
        events: what becomes known at `now`.

    Raises:
        ValueError: see `Residual.advanced`.
        UserError: an event is impossible, or makes the rest impossible.
    """
    return opening(instance).advanced(schedule, now, events)


def _job(situation: Situation, number: int) -> Job:
    """Return the rest of a job; no machine is available before now, so its release may be."""
    job, ready = situation.known.jobs[number], situation.ready[number]
    return replace(
        job,
        operations=tuple(
            _operation(situation, number, index)
            for index in range(situation.progress[number], len(job.operations))
        ),
        release=ready,
        due=None if job.due is None else max(job.due, ready),
        name=job.name or str(number),
    )


def _operation(situation: Situation, job: int, index: int) -> Operation:
    """Return an operation with the modes that are still possible."""
    operation = situation.known.jobs[job].operations[index]
    modes = tuple(mode for mode in operation.modes if situation.can_still(operation, mode))
    if not modes:
        machines = sorted({machine for mode in operation.modes for machine in mode.machines})
        raise ImpossibleInstance(
            f"{situation.known.source or situation.known.name}: job {job}, operation {index}: it "
            f"fits into no open time that is left after {situation.now} on its machines "
            f"{machines}; give them more working hours, or cancel the job"
        )
    return replace(operation, modes=modes)


def _machines(situation: Situation) -> tuple[tuple[Machine, ...], list[Setups]]:
    """Return the machines as they are now, and setup tables for setups that have begun."""
    known = situation.known
    machines: list[Machine] = []
    tables: list[Setups] = []
    for number, (machine, hours) in enumerate(zip(known.machines, situation.hours, strict=True)):
        family, table = machine.family, machine.setups
        if number in situation.last:
            family = situation.operation(situation.last[number]).family
        if table is not None and number in situation.setting_up:
            under_way, given = situation.setting_up[number], known.setups[table]
            rest = list(given.first if family is None else given.between[family])
            rest[under_way.family] = max(0, rest[under_way.family] - under_way.done)
            # Only a machine that is set up for nothing has a row of its own: the first setup.
            family, table = None, len(known.setups) + len(tables)
            tables.append(Setups(given.between, rest))
        machines.append(
            replace(
                machine,
                calendar=NEVER_OPEN if hours is None else hours,
                family=family,
                setups=table,
                available=max(situation.now, situation.free(number)),
            )
        )
    return tuple(machines), tables
