"""What has been decided so far in every copy, and what can be decided next."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rlsys_jobshop.simulator.shops import Capacity, Ints


class State(NamedTuple):
    """The schedules under construction; indices as in `Shops`.

    Attributes:
        next: next operation of each job; its `job_last` if there is none.
        ready: when that operation can start at the earliest, as far as its job is concerned.
        free: when each machine's last operation ends.
        row: what each machine is set up for: 0, or 1 + family.
        last: each machine's last operation, or -1.
        begin, finish: earliest start and end of each mode of the jobs' next operations.
        mode, start, end, rank: the schedule, as in `rlsys_jobshop.problem.Schedule`, by operation;
            `mode` is -1 while undecided.
        left: operations not decided yet, (copies,).
        decided: operations decided, (copies,).
        latest: end of the schedule so far, (copies,).
        load: shortest work left per machine, shared equally among the machines that could do it.
        work: shortest work left per job, from its next operation on.
        setup: working time spent on setups, (copies,).
        stuck: whether a calendar ended before the work, (copies,).
    """

    next: Ints
    ready: Ints
    free: Ints
    row: Ints
    last: Ints
    begin: Ints
    finish: Ints
    mode: Ints
    start: Ints
    end: Ints
    rank: Ints
    left: Ints
    decided: Ints
    latest: Ints
    load: NDArray[np.float64]
    work: Ints
    setup: Ints
    stuck: NDArray[np.bool_]


def empty_state(copies: int, capacity: Capacity) -> State:
    """Return the state of slots in which nothing has begun."""

    def ints(per_copy: int = 1) -> Ints:
        return np.zeros(copies * per_copy, dtype=np.int64)

    c = capacity
    return State(
        next=ints(c.jobs),
        ready=ints(c.jobs),
        free=ints(c.machines),
        row=ints(c.machines),
        last=ints(c.machines),
        begin=ints(c.modes),
        finish=ints(c.modes),
        mode=ints(c.operations),
        start=ints(c.operations),
        end=ints(c.operations),
        rank=ints(c.operations),
        left=ints(),
        decided=ints(),
        latest=ints(),
        load=np.zeros(copies * c.machines),
        work=ints(c.jobs),
        setup=ints(),
        stuck=np.zeros(copies, dtype=np.bool_),
    )
