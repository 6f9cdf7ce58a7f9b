"""When each operation can start and end at all: the ranges of CP-SAT's variables."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rlsys.batched.compiled import kernel
from rlsys_jobshop.problem import FOREVER, Instance, Schedule
from rlsys_jobshop.problem.goals import Goal, weighted_tardiness
from rlsys_jobshop.search.arrays import Ints
from rlsys_jobshop.search.serial import NEVER, batch_of
from rlsys_jobshop.simulator.batch import Batch
from rlsys_jobshop.simulator.timing import place


@dataclass(frozen=True)
class Ranges:
    """Bounds that hold in some best schedule, int64 (operations,).

    Attributes:
        start: earliest start, were the job alone.
        end: earliest end, likewise.
        latest: latest end.
        bound: lower bound on the objective, were each job alone.
    """

    start: Ints
    end: Ints
    latest: Ints
    bound: int


def ranges_of(instance: Instance, goal: Goal, known: Schedule | None) -> Ranges:
    """Return the ranges; a known schedule makes them tighter."""
    count = instance.operations
    start, end = np.zeros(count, np.int64), np.zeros(count, np.int64)
    _alone(batch_of(instance), start, end)
    least = np.minimum.reduceat(instance.duration, instance.mode_first[:-1])
    total = np.cumsum(least)
    tail = total[instance.job_first[instance.job_of + 1] - 1] - total
    if goal == "makespan":
        bound = int(end.max())
        last = np.full(instance.jobs, _horizon(instance) if known is None else known.makespan)
    else:
        bound = weighted_tardiness(instance, end)
        last = np.full(instance.jobs, _horizon(instance))
        if known is not None:
            # A job that is later than this costs more than the known schedule alone.
            spare = weighted_tardiness(instance, known.end) // instance.weight
            last = np.minimum(last, np.where(instance.due < FOREVER, instance.due + spare, last))
    return Ranges(start, end, last[instance.job_of] - tail, bound)


@kernel
def _alone(batch: Batch, starts: Ints, ends: Ints) -> None:
    """Fill the earliest starts and ends of each job without the others and without setups."""
    for job in range(len(batch.jobs)):
        ready = batch.jobs[job].release
        for operation in range(batch.jobs[job].first, batch.jobs[job].last):
            own = batch.operations[operation]
            starts[operation], ends[operation] = NEVER, NEVER
            for mode in range(own.first, own.last):
                free = ready
                for position in range(batch.modes[mode].first, batch.modes[mode].last):
                    machine = batch.mode_machines[position]
                    free = max(free, batch.machines[machine].available)
                calendar, duration = batch.modes[mode].calendar, batch.modes[mode].duration
                start, end = place(batch, calendar, free, duration, own.interruptible)
                starts[operation] = min(starts[operation], start)
                ends[operation] = min(ends[operation], end)
            ready = ends[operation]


def _horizon(instance: Instance) -> int:
    """Return a time by which a schedule ends in which nothing could start earlier.

    From some time on, a machine is always open or never again; then no operation waits for longer
    than the operations and setups before it last.
    """
    settled = max(int(instance.release.max()), int(instance.available.max()))
    for calendar in instance.calendars:
        settled = max(settled, int(calendar.opens[-1]))
        if calendar.end < FOREVER:
            settled = max(settled, calendar.end)
    longest = np.maximum.reduceat(instance.duration, instance.mode_first[:-1])
    return settled + int(longest.sum()) + instance.operations * int(instance.setups.max())
