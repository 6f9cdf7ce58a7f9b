"""What a policy sees: three observations, all free of the time scale and bounded.

A scheduler knows the WCET, not the execution time that a job will really take, and it knows when a
job should arrive, not by how much jitter will delay it. So "remaining" is WCET less executed ticks
and "next release" is the next nominal arrival (zero while a delayed job is overdue).

`basic`, 4 values a task, zeros where the task is not ready:
    time to deadline / longest deadline; time since the task last ran (since the start, if never) /
    longest period, at most 1; remaining / WCET; ready.
`full`, `basic` followed by what makes a synchronous taskset Markov:
    for every task the time to its next release / longest period, at most 1; then one-hot the task
    last run (all zero before the first dispatch).
`items`, one row of `ITEM_FEATURES` a task, zero rows as padding: for a network that scores every
    task with the same weights, whatever their number.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

BASIC, FULL, ITEMS = range(3)
KINDS = {"basic": BASIC, "full": FULL, "items": ITEMS}

# name, lowest, highest. Where a task is not ready, the features of its current job are zero.
ITEM_FEATURES: tuple[tuple[str, float, float], ...] = (
    ("present", 0.0, 1.0),
    ("ready", 0.0, 1.0),
    ("remaining / wcet", 0.0, 1.0),
    ("laxity / period", -1.0, 1.0),
    ("time to deadline / period", 0.0, 1.0),
    ("last run", 0.0, 1.0),
    ("time to next release / period", 0.0, 1.0),
    ("wcet / period", 0.0, 1.0),
    ("value density: 1 / remaining", 0.0, 1.0),
    # Slack at the deadline of the current job, or of the next one where none is ready.
    ("demand-bound slack / period", -1.0, 1.0),
    ("demand-bound slack without lost jobs / period", -1.0, 1.0),
    # The same scale for all tasks of a set: these can be compared from task to task.
    ("time to deadline / longest deadline", 0.0, 1.0),
    ("remaining / longest deadline", 0.0, 1.0),
    ("laxity / longest deadline", -1.0, 1.0),
    ("demand-bound slack / longest deadline", -1.0, 1.0),
)
_WIDTH = len(ITEM_FEATURES)


def bounds(kind: str, tasks: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the lowest and the highest observation of `kind` for at most `tasks` tasks."""
    if kind == "items":
        low, high = (np.array([f[i] for f in ITEM_FEATURES], np.float32) for i in (1, 2))
        return np.tile(low, (tasks, 1)), np.tile(high, (tasks, 1))
    size = (4 if kind == "basic" else 6) * tasks
    return np.zeros(size, np.float32), np.ones(size, np.float32)


@njit(cache=True)
def _clip(value, low):
    return min(max(value, low), 1.0)


@njit(cache=True)
def _write_flat(first, stop, kind, tasks, state, out):
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
                out[copy, 4 * task] = (due[copy, task] - now) / max_deadlines[copy]
                out[copy, 4 * task + 1] = min(1.0, (now - since[copy, task]) / max_period)
                out[copy, 4 * task + 2] = (wcet - executed[copy, task]) / wcet
                out[copy, 4 * task + 3] = 1.0
            if kind == FULL:
                wait = offset[copy, task] + next_job[copy, task] * period[copy, task] - now
                out[copy, 4 * capacity + task] = _clip(wait / max_period, 0.0)
        if kind == FULL and lasts[copy] >= 0:
            out[copy, 5 * capacity + lasts[copy]] = 1.0


@njit(cache=True)
def _write_items(first, stop, tasks, state, out):
    ready, dues, executed, next_job = state.ready, state.due, state.executed, state.next_job
    nows, lasts = state.now, state.last
    count, periods, offset, wcets = tasks.count, tasks.period, tasks.offset, tasks.wcet
    deadlines, max_deadlines = tasks.deadline, tasks.max_deadline
    for copy in range(first, stop):
        for column in range(out.shape[1]):
            out[copy, column] = 0.0
        now = nows[copy]
        longest = max_deadlines[copy]
        for task in range(count[copy]):
            column = task * _WIDTH
            period = periods[copy, task]
            wcet = wcets[copy, task]
            arrival = offset[copy, task] + next_job[copy, task] * period
            due = arrival + deadlines[copy, task]
            out[copy, column] = 1.0
            out[copy, column + 5] = 1.0 if lasts[copy] == task else 0.0
            out[copy, column + 6] = _clip((arrival - now) / period, 0.0)
            out[copy, column + 7] = wcet / period
            if ready[copy, task]:
                due = dues[copy, task]
                left = wcet - executed[copy, task]
                laxity = due - now - left
                out[copy, column + 1] = 1.0
                out[copy, column + 2] = left / wcet
                out[copy, column + 3] = _clip(laxity / period, -1.0)
                out[copy, column + 4] = (due - now) / period
                out[copy, column + 8] = 1.0 / left
                out[copy, column + 11] = (due - now) / longest
                out[copy, column + 12] = _clip(left / longest, 0.0)
                out[copy, column + 13] = _clip(laxity / longest, -1.0)
            # The work that is due by then, ready or still to arrive.
            demand = np.int64(0)
            lost = np.int64(0)
            for other in range(count[copy]):
                if ready[copy, other] and dues[copy, other] <= due:
                    work = wcets[copy, other] - executed[copy, other]
                    demand += work
                    if work > dues[copy, other] - now:
                        lost += work
                first_due = (
                    offset[copy, other]
                    + next_job[copy, other] * periods[copy, other]
                    + deadlines[copy, other]
                )
                if first_due <= due:
                    jobs = (due - first_due) // periods[copy, other] + 1
                    demand += jobs * wcets[copy, other]
            slack = due - now - demand
            out[copy, column + 9] = _clip(slack / period, -1.0)
            out[copy, column + 10] = _clip((slack + lost) / period, -1.0)
            out[copy, column + 14] = _clip(slack / longest, -1.0)


@njit(cache=True)
def write(first, stop, kind, tasks, state, out):
    """Write the observations of the copies first..stop - 1 into their rows of `out` (N, D)."""
    if kind == ITEMS:
        _write_items(first, stop, tasks, state, out)
    else:
        _write_flat(first, stop, kind, tasks, state, out)
