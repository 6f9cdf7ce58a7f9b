"""Append operations to a schedule one by one, each at its earliest start.

The timing is the simulator's. This is the decoder of random keys, and what turns the sequence that
CP-SAT found into times.
"""

from __future__ import annotations

import numpy as np

from rlsys.batched.compiled import kernel
from rlsys_jobshop.problem import Instance, Schedule
from rlsys_jobshop.search.arrays import Ints
from rlsys_jobshop.simulator import batch as arrays
from rlsys_jobshop.simulator.batch import Batch, Capacity, empty_batch, load
from rlsys_jobshop.simulator.timing import earliest, setup_time

NEVER = int(arrays.NEVER)
TARDINESS, MAKESPAN = 0, 1


def batch_of(instance: Instance) -> Batch:
    """Return the arrays of one instance with an empty schedule."""
    batch = empty_batch(1, Capacity.of([instance]))
    load(batch, 0, instance)
    clear(batch)
    return batch


@kernel
def clear(batch: Batch) -> None:
    """Empty the schedule."""
    for machine in range(len(batch.machines)):
        batch.machines[machine].free = batch.machines[machine].available
        batch.machines[machine].row = batch.machines[machine].family
    for job in range(len(batch.jobs)):
        batch.jobs[job].ready = batch.jobs[job].release


@kernel
def best_mode(batch: Batch, operation: int, wish: int) -> tuple[int, int, int]:
    """Return the mode in which an operation ends first, its start and its end.

    Of modes that end together it is the one with the shortest setups, and of those the first one.

    Args:
        batch: the arrays.
        operation: the next one of its job.
        wish: the only mode to look at, or -1.
    """
    own = batch.operations[operation]
    ready = batch.jobs[own.job].ready
    if wish >= 0:
        start, end = earliest(batch, wish, operation, ready)
        return wish, start, end
    best, best_start, best_end = -1, 0, 0
    for mode in range(own.first, own.last):
        if best >= 0:
            # Without setups and breaks it would end then, which costs little to find.
            soonest = max(ready, _free(batch, mode)) + batch.modes[mode].duration
            if soonest > best_end:
                continue
        start, end = earliest(batch, mode, operation, ready)
        if (
            best < 0
            or end < best_end
            or (
                end == best_end
                and _setups(batch, mode, own.family) < _setups(batch, best, own.family)
            )
        ):
            best, best_start, best_end = mode, start, end
    return best, best_start, best_end


@kernel
def append(batch: Batch, operation: int, mode: int, start: int, end: int) -> None:
    """Add an operation to the schedule."""
    own = batch.operations[operation]
    own.mode, own.start, own.end = mode, start, end
    batch.jobs[own.job].ready = end
    for position in range(batch.modes[mode].first, batch.modes[mode].last):
        machine = batch.mode_machines[position]
        batch.machines[machine].free = end
        batch.machines[machine].row = 1 + own.family


@kernel
def machines_free(batch: Batch, operation: int) -> int:
    """Return when all machines of some mode of the operation have ended what they do."""
    own = batch.operations[operation]
    soonest = _free(batch, own.first)
    for mode in range(own.first + 1, own.last):
        soonest = min(soonest, _free(batch, mode))
    return soonest


@kernel
def is_worse(value: Ints, tardiness: int, makespan: int, goal: int) -> bool:
    """Return whether weighted tardiness and makespan are worse than `value`, (2,).

    Args:
        value: of another schedule.
        tardiness, makespan: of this one.
        goal: what counts first, `TARDINESS` or `MAKESPAN`; the other one decides between equals.
    """
    if goal == TARDINESS:
        return bool(tardiness > value[0] or (tardiness == value[0] and makespan > value[1]))
    return bool(makespan > value[1] or (makespan == value[1] and tardiness > value[0]))


@kernel
def _free(batch: Batch, mode: int) -> int:
    own, free = batch.modes[mode], 0
    for position in range(own.first, own.last):
        free = max(free, batch.machines[batch.mode_machines[position]].free)
    return free


@kernel
def _setups(batch: Batch, mode: int, family: int) -> int:
    total = 0
    for position in range(batch.modes[mode].first, batch.modes[mode].last):
        total += setup_time(batch, batch.mode_machines[position], family)
    return total


def timed(instance: Instance, order: Ints, mode: Ints) -> Schedule | None:
    """Return the schedule with given modes, every operation as early as possible in this order.

    Args:
        instance: the problem.
        order: the operations, each after the one before it in its job, (operations,).
        mode: of each operation, (operations,); -1 where the one that ends first is to be taken.

    Returns:
        The schedule, or None if a calendar ends too early.
    """
    batch = batch_of(instance)
    if not _append_all(batch, np.asarray(order, np.int64), np.asarray(mode, np.int64)):
        return None
    return schedule_of(instance, batch, order)


def schedule_of(instance: Instance, batch: Batch, order: Ints) -> Schedule:
    """Return the complete schedule in `batch`, decided in this order."""
    rank = np.empty(instance.operations, dtype=np.int64)
    rank[order] = np.arange(instance.operations)
    return Schedule(
        instance=instance,
        mode=batch.operations["mode"].copy(),
        start=batch.operations["start"].copy(),
        end=batch.operations["end"].copy(),
        rank=rank,
    )


def order_of(schedule: Schedule) -> Ints:
    """Return the operations by start, end, and the order in which they were decided."""
    return np.lexsort((schedule.rank, schedule.end, schedule.start)).astype(np.int64)


@kernel
def _append_all(batch: Batch, order: Ints, modes: Ints) -> bool:
    for operation in order:
        mode, start, end = best_mode(batch, operation, modes[operation])
        if end >= NEVER:
            return False
        append(batch, operation, mode, start, end)
    return True
