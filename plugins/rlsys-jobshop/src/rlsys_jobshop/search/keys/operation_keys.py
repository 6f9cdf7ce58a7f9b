"""The compiled hill climbing over the keys of operations.

An operation's key is its place in an order; a candidate is decoded by appending the operations in
that order. Nothing before the first changed place is decoded again, and a candidate is given up as
soon as what is decided makes it worse than the current one.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rlsys.batched.compiled import kernel
from rlsys_jobshop.search.arrays import Ints, copy_into
from rlsys_jobshop.search.keys.moves import Candidate, Current, propose
from rlsys_jobshop.search.randomness import Stream
from rlsys_jobshop.search.serial import (
    NEVER,
    TARDINESS,
    append,
    best_mode,
    clear,
    is_worse,
)
from rlsys_jobshop.simulator.batch import Batch
from rlsys_jobshop.simulator.bounds import tardiness_of

STRIDE = 64
"""Machines and jobs are saved before every 64th place of the order."""


class Saves(NamedTuple):
    """Machines and jobs before each saved place of an order.

    Attributes:
        free, row: of the machines, (saves, machines).
        ready: of the jobs, (saves, jobs).
        value: least weighted tardiness and makespan that can follow, (saves, 2).
    """

    free: Ints
    row: Ints
    ready: Ints
    value: Ints


class Climb(NamedTuple):
    """A search.

    Attributes:
        batch: the instance; its schedule is the last decoded one.
        now, trial: the current candidate, and the one that is tried.
        current: the current schedule.
        saves, trial_saves: of both.
        value: weighted tardiness and makespan of the current schedule, (2,).
        stream: random stream, uint64 (1,).
    """

    batch: Batch
    now: Candidate
    trial: Candidate
    current: Current
    saves: Saves
    trial_saves: Saves
    value: Ints
    stream: Stream


def climb_from(batch: Batch, order: Ints, wish: Ints, stream: Stream) -> Climb:
    """Return a search without a current schedule; `settle` decodes the order.

    Args:
        batch: the instance.
        order: operations, each after the one before it in its job, (operations,).
        wish: a mode that must be taken, or -1, (operations,).
        stream: random stream.
    """
    count, jobs = len(order), len(batch.jobs)
    place = np.empty(count, np.int64)
    place[order] = np.arange(count)
    now = Candidate(order.copy(), place, wish.copy())
    return Climb(
        batch,
        now,
        Candidate(now.order.copy(), now.place.copy(), now.wish.copy()),
        Current(
            np.zeros(count, np.int64),
            np.zeros(count, np.int64),
            np.zeros(count, np.int64),
            np.zeros(jobs, np.int64),
        ),
        _empty_saves(batch),
        _empty_saves(batch),
        np.full(2, NEVER, np.int64),
        stream,
    )


@kernel
def settle(climb: Climb, goal: int) -> bool:
    """Decode the first candidate; return whether the calendars suffice."""
    _begin(climb)
    if not _decode(climb, 0, goal):
        return False
    _accept(climb, 0, goal)
    return True


@kernel
def advance(climb: Climb, candidates: int, goal: int) -> None:
    """Try so many candidates; each that is not worse becomes the current one."""
    now, trial = climb.now, climb.trial
    count = len(now.order)
    for _ in range(candidates):
        first = propose(climb.batch, climb.current, trial, climb.stream)
        if first < count and _decode(climb, first, goal):
            _accept(climb, first, goal)
        elif first < count:
            copy_into(trial.order, now.order)
            copy_into(trial.place, now.place)
            copy_into(trial.wish, now.wish)


@kernel
def _begin(climb: Climb) -> None:
    """Save the empty schedule; each job costs at least what it costs alone."""
    batch = climb.batch
    clear(batch)
    value = climb.saves.value[0]
    value[:] = 0
    for job in range(len(batch.jobs)):
        own = batch.jobs[job]
        first = batch.operations[own.first]
        value[0] += tardiness_of(batch.jobs[job], own.release + first.least + first.tail)
    _save(batch, climb.saves, 0, value[0], value[1])


@kernel
def _decode(climb: Climb, first: int, goal: int) -> bool:
    """Decode the tried candidate; return whether it is at least as good as the current schedule.

    Args:
        climb: the search.
        first: the first place in which it differs from the current one.
        goal: `TARDINESS` or `MAKESPAN`.
    """
    batch, trial = climb.batch, climb.trial
    save = first // STRIDE
    _restore(batch, climb.saves, save)
    tardiness, makespan = climb.saves.value[save]
    for place in range(save * STRIDE, len(trial.order)):
        if place % STRIDE == 0:
            _save(batch, climb.trial_saves, place // STRIDE, tardiness, makespan)
        operation = trial.order[place]
        mode, start, end = best_mode(batch, operation, trial.wish[operation])
        if end >= NEVER:
            return False
        own = batch.operations[operation]
        left = own.least + own.tail
        tardiness -= tardiness_of(batch.jobs[own.job], batch.jobs[own.job].ready + left)
        tardiness += tardiness_of(batch.jobs[own.job], end + own.tail)
        makespan = max(makespan, end + own.tail)
        if is_worse(climb.value, tardiness, makespan, goal):
            return False
        append(batch, operation, mode, start, end)
    climb.value[0], climb.value[1] = tardiness, makespan
    return True


@kernel
def _accept(climb: Climb, first: int, goal: int) -> None:
    """Make the tried candidate, which has just been decoded, the current one."""
    batch, now, trial, current = climb.batch, climb.now, climb.trial, climb.current
    copy_into(now.order, trial.order)
    copy_into(now.place, trial.place)
    copy_into(now.wish, trial.wish)
    for place in range(first // STRIDE * STRIDE, len(now.order)):
        operation = now.order[place]
        own = batch.operations[operation]
        current.mode[operation] = own.mode
        current.start[operation] = own.start
        current.end[operation] = own.end
    for save in range(first // STRIDE, len(climb.saves.value)):
        copy_into(climb.saves.free[save], climb.trial_saves.free[save])
        copy_into(climb.saves.row[save], climb.trial_saves.row[save])
        copy_into(climb.saves.ready[save], climb.trial_saves.ready[save])
        copy_into(climb.saves.value[save], climb.trial_saves.value[save])
    by_tardiness = goal == TARDINESS and climb.value[0] > 0
    for job in range(len(batch.jobs)):
        end = current.end[batch.jobs[job].last - 1]
        if by_tardiness:
            current.cost[job] = tardiness_of(batch.jobs[job], end)
        else:
            current.cost[job] = 1 if end == climb.value[1] else 0


def _empty_saves(batch: Batch) -> Saves:
    saves = (len(batch.operations) + STRIDE - 1) // STRIDE
    return Saves(
        np.zeros((saves, len(batch.machines)), np.int64),
        np.zeros((saves, len(batch.machines)), np.int64),
        np.zeros((saves, len(batch.jobs)), np.int64),
        np.zeros((saves, 2), np.int64),
    )


@kernel
def _save(batch: Batch, saves: Saves, save: int, tardiness: int, makespan: int) -> None:
    for machine in range(len(batch.machines)):
        saves.free[save, machine] = batch.machines[machine].free
        saves.row[save, machine] = batch.machines[machine].row
    for job in range(len(batch.jobs)):
        saves.ready[save, job] = batch.jobs[job].ready
    saves.value[save, 0], saves.value[save, 1] = tardiness, makespan


@kernel
def _restore(batch: Batch, saves: Saves, save: int) -> None:
    for machine in range(len(batch.machines)):
        batch.machines[machine].free = saves.free[save, machine]
        batch.machines[machine].row = saves.row[save, machine]
    for job in range(len(batch.jobs)):
        batch.jobs[job].ready = saves.ready[save, job]
