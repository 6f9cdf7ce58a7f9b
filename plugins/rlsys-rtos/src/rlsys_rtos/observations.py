"""What a policy sees: three observations, all bounded and independent of the time scale.

A scheduler knows the WCET of a job but not its actual execution time. It knows when a job should
arrive, but not how much jitter will delay it. So "remaining" is the WCET minus the executed ticks,
and "next release" is the next nominal arrival (zero while a delayed job is overdue).

`basic`, 4 values per task, zeros if the task is not ready:
    time to deadline / longest deadline; time since the task last ran (since the start, if never) /
    longest period, at most 1; remaining / WCET; ready.
`full`, `basic` followed by what makes a synchronous taskset Markov:
    for every task the time to its next release / longest period, at most 1; then the task that ran
    last, one-hot (all zero before the first dispatch).
`items`, one row per task (see `rlsys_rtos.items`), zero rows as padding: for a network that scores
    every task with the same weights, whatever the number of tasks.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsys.batched.compiled import compiled
from rlsys_rtos.arrays import State, Tasks
from rlsys_rtos.items import item_bounds, write_items
from rlsys_rtos.ratios import flag, ratio

BASIC, FULL, ITEMS = range(3)
KINDS = {"basic": BASIC, "full": FULL, "items": ITEMS}


def bounds(kind: str, tasks: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the lowest and the highest observation of `kind` for at most `tasks` tasks."""
    if kind == "items":
        low, high = item_bounds()
        return np.tile(low, (tasks, 1)), np.tile(high, (tasks, 1))
    size = (4 if kind == "basic" else 6) * tasks
    return np.zeros(size, np.float32), np.ones(size, np.float32)


@compiled
def _write_flat(
    first: int, stop: int, kind: int, one: int, tasks: Tasks, state: State, out: NDArray[Any]
) -> None:
    ready, due, since, executed = state.ready, state.due, state.since, state.executed
    nows, lasts, next_job = state.now, state.last, state.next_job
    count, period, offset, wcets = tasks.count, tasks.period, tasks.offset, tasks.wcet
    max_periods, max_deadlines = tasks.max_period, tasks.max_deadline
    capacity = period.shape[1]
    for copy in range(first, stop):
        for column in range(out.shape[1]):
            out[copy, column] = 0.0
        now = nows[copy]
        max_period = max_periods[copy]
        for task in range(count[copy]):
            if ready[copy, task]:
                wcet = wcets[copy, task]
                left = wcet - executed[copy, task]
                out[copy, 4 * task] = ratio(due[copy, task] - now, max_deadlines[copy], 0.0, one)
                out[copy, 4 * task + 1] = ratio(now - since[copy, task], max_period, 0.0, one)
                out[copy, 4 * task + 2] = ratio(left, wcet, 0.0, one)
                out[copy, 4 * task + 3] = flag(True, one)
            if kind == FULL:
                wait = offset[copy, task] + next_job[copy, task] * period[copy, task] - now
                out[copy, 4 * capacity + task] = ratio(wait, max_period, 0.0, one)
        if kind == FULL and lasts[copy] >= 0:
            out[copy, 5 * capacity + lasts[copy]] = flag(True, one)


@compiled
def write(
    first: int, stop: int, kind: int, one: int, tasks: Tasks, state: State, out: NDArray[Any]
) -> None:
    """Write the observations of the copies first..stop - 1 into their rows of `out` (N, D).

    For `one`, see `rlsys_rtos.ratios`.
    """
    if kind == ITEMS:
        write_items(first, stop, one, tasks, state, out)
    else:
        _write_flat(first, stop, kind, one, tasks, state, out)
