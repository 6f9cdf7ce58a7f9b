"""Schedules from the keys of jobs: the dispatcher, and hill climbing over the keys.

What can start first is appended; of operations that can start together, the one whose job has the
smallest key. Keys are ranks: a job's key is its place among the jobs.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rlsys.batched.compiled import kernel
from rlsys_jobshop.problem import FOREVER, Instance
from rlsys_jobshop.search.arrays import Ints, copy_into
from rlsys_jobshop.search.keys.heap import heapify, sift_down
from rlsys_jobshop.search.randomness import Stream, below
from rlsys_jobshop.search.serial import (
    NEVER,
    append,
    best_mode,
    clear,
    is_worse,
    machines_free,
)
from rlsys_jobshop.simulator.batch import Batch
from rlsys_jobshop.simulator.bounds import tardiness_of


class JobKeys(NamedTuple):
    """A search over the ranks of jobs.

    Attributes:
        batch: the instance; receives schedules.
        jobs: the jobs by rank, (jobs,).
        trial: the jobs by the ranks that are tried, (jobs,).
        order: operations as the best ranks append them, (operations,).
        trial_order: operations as the tried ranks append them, (operations,).
        value: weighted tardiness and makespan of the best ranks, (2,).
        time, rank: the heap of the next operations, (jobs,).
        following: next operation of each job, (jobs,).
        stream: random stream, uint64 (1,).
    """

    batch: Batch
    jobs: Ints
    trial: Ints
    order: Ints
    trial_order: Ints
    value: Ints
    time: Ints
    rank: Ints
    following: Ints
    stream: Stream


def job_keys(batch: Batch, stream: Stream) -> JobKeys:
    """Return a search that has tried nothing yet."""
    jobs, count = len(batch.jobs), len(batch.operations)
    numbers = np.arange(jobs, dtype=np.int64)
    return JobKeys(
        batch=batch,
        jobs=numbers,
        trial=numbers.copy(),
        order=np.zeros(count, np.int64),
        trial_order=np.zeros(count, np.int64),
        value=np.full(2, NEVER, np.int64),
        time=np.zeros(jobs, np.int64),
        rank=np.zeros(jobs, np.int64),
        following=np.zeros(jobs, np.int64),
        stream=stream,
    )


def rules(instance: Instance) -> list[NDArray[np.int64]]:
    """Return jobs by rank for some rules of thumb, each (jobs,).

    Due date; importance, then due date; latest start; most work; latest start over weight.
    """
    least = np.minimum.reduceat(instance.duration, instance.mode_first[:-1])
    work = np.add.reduceat(least, instance.job_first[:-1])
    late = np.where(instance.due < FOREVER, instance.due - work, FOREVER)
    return [
        np.lexsort((-work, instance.due)),
        np.lexsort((-work, instance.due, -instance.weight)),
        np.lexsort((-work, late)),
        np.argsort(-work, kind="stable"),
        np.lexsort((-work, late / instance.weight)),
    ]


@kernel
def try_ranks(search: JobKeys, goal: int) -> bool:
    """Dispatch with the tried ranks, and keep them if they are not worse.

    A machine may become busy after an operation's start was found: it is found anew when the
    operation is the first of the heap.

    Args:
        search: the search.
        goal: as in `is_worse`.
    """
    batch, time, rank, following = search.batch, search.time, search.rank, search.following
    clear(batch)
    size = len(search.trial)
    tardiness, makespan = 0, 0
    for number in range(size):
        job = batch.jobs[search.trial[number]]
        time[number], rank[number] = job.release, number
        following[search.trial[number]] = job.first
        first = batch.operations[job.first]
        tardiness += tardiness_of(job, job.release + first.least + first.tail)
    heapify(time, rank, size)
    place = 0
    while size > 0:
        number = search.trial[rank[0]]
        operation, job = following[number], batch.jobs[number]
        free = machines_free(batch, operation)
        if free > time[0]:
            time[0] = free
            sift_down(time, rank, size, 0)
            continue
        mode, start, end = best_mode(batch, operation, -1)
        if end >= NEVER:
            return False
        if start > time[0]:
            time[0] = start
            sift_down(time, rank, size, 0)
            continue
        own = batch.operations[operation]
        tardiness -= tardiness_of(job, job.ready + own.least + own.tail)
        tardiness += tardiness_of(job, end + own.tail)
        makespan = max(makespan, end + own.tail)
        if is_worse(search.value, tardiness, makespan, goal):
            return False
        append(batch, operation, mode, start, end)
        search.trial_order[place] = operation
        place += 1
        following[number] += 1
        time[0] = end
        if following[number] == job.last:
            size -= 1
            time[0], rank[0] = time[size], rank[size]
        sift_down(time, rank, size, 0)
    search.value[0], search.value[1] = tardiness, makespan
    copy_into(search.jobs, search.trial)
    copy_into(search.order, search.trial_order)
    return True


@kernel
def climb_ranks(search: JobKeys, candidates: int, goal: int) -> None:
    """Try so many changes of the ranks; each that is not worse is kept.

    A random job swaps ranks with another one or goes to its rank.
    """
    jobs, trial, stream = search.jobs, search.trial, search.stream
    for _ in range(candidates):
        source, target = below(stream, len(jobs)), below(stream, len(jobs))
        moved = trial[source]
        if below(stream, 2) == 0:
            trial[source] = trial[target]
        else:
            step = 1 if source < target else -1
            for place in range(source, target, step):
                trial[place] = trial[place + step]
        trial[target] = moved
        if not try_ranks(search, goal):
            copy_into(trial, jobs)
