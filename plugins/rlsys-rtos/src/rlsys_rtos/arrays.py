"""The arrays of N copies of the system, shared by the kernel, the baselines and the oracle.

Sizes: N copies, M tasks (of the largest taskset; smaller ones leave their last columns zero),
K jobs per task (the most that any task can release in an episode). All times are integer ticks.
These are named tuples because Numba supports them; their `count` hides the method of tuples.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Streams = NDArray[np.uint64]

PERIOD, DEADLINE, WCET, BCET, OFFSET, JITTER = range(6)
FIELDS = 6


class Tasks(NamedTuple):
    """The taskset of every copy."""

    count: Ints  # type: ignore[assignment]  # (N,) number of tasks
    horizon: Ints  # (N,) length of the episode
    max_period: Ints  # (N,)
    max_deadline: Ints  # (N,) longest relative deadline
    period: Ints  # (N, M), like the rest
    deadline: Ints
    wcet: Ints
    bcet: Ints
    offset: Ints
    jitter: Ints


class Jobs(NamedTuple):
    """The jobs of every copy's episode; job k of a task arrives at offset + k * period."""

    count: Ints  # type: ignore[assignment]  # (N, M) jobs that arrive before the horizon
    release: NDArray[np.int32]  # (N, M, K) arrival plus release jitter
    execution: NDArray[np.int32]  # (N, M, K) ticks the job actually needs


class State(NamedTuple):
    """The state of every copy as the scheduler sees it, after abandonment and release."""

    stream: Streams  # (N,) random stream
    episode: Ints  # (N,) episodes started so far
    now: Ints  # (N,) the tick to decide on
    last: Ints  # (N,) task last dispatched, -1 before the first dispatch
    ready: NDArray[np.bool_]  # (N, M) a released, unfinished job is waiting
    executed: Ints  # (N, M) ticks the current job has run
    due: Ints  # (N, M) absolute deadline of the current job
    next_job: Ints  # (N, M) index of the next job to be released
    since: Ints  # (N, M) end of the task's last tick of execution (0 if it never ran)
    misses: Ints  # (N, M) in this episode, like the rest
    completions: Ints  # (N,)
    switches: Ints  # (N,)
    jobs_due: Ints  # (N,) jobs whose absolute deadline is within the horizon


class Source(NamedTuple):
    """Where episodes come from: a bank of S given tasksets, or the random generator."""

    bank: Ints  # (S, M, 6) columns PERIOD ... JITTER
    bank_count: Ints  # (S,)
    bank_horizon: Ints  # (S,)
    generated: bool
    min_tasks: int
    max_tasks: int
    low: float  # utilization range
    high: float
    periods: Ints  # (P,)
    phases: bool
    execution_fraction: float
    horizon: int  # length of a generated episode


def empty(copies: int, tasks: int, jobs: int) -> tuple[Tasks, Jobs, State]:
    """Allocate zeroed arrays for `copies` copies of at most `tasks` tasks with `jobs` jobs each."""

    def row() -> Ints:
        return np.zeros(copies, np.int64)

    def table() -> Ints:
        return np.zeros((copies, tasks), np.int64)

    shape = (copies, tasks, jobs)
    return (
        Tasks(*(row() for _ in range(4)), *(table() for _ in range(FIELDS))),
        Jobs(table(), np.zeros(shape, np.int32), np.zeros(shape, np.int32)),
        State(
            stream=np.zeros(copies, np.uint64),
            episode=row(),
            now=row(),
            last=row(),
            ready=np.zeros((copies, tasks), np.bool_),
            executed=table(),
            due=table(),
            next_job=table(),
            since=table(),
            misses=table(),
            completions=row(),
            switches=row(),
            jobs_due=row(),
        ),
    )
