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
def _until_release(copy, task, tasks, state):
    arrival = tasks.offset[copy, task] + state.next_job[copy, task] * tasks.period[copy, task]
    return max(np.int64(0), arrival - state.now[copy])


@njit(cache=True)
def _demand(copy, deadline, tasks, state, without_lost):
    """Return the ticks of work that are due by an absolute deadline: ready or still to arrive."""
    demand = np.int64(0)
    for task in range(tasks.count[copy]):
        wcet = tasks.wcet[copy, task]
        if state.ready[copy, task] and state.due[copy, task] <= deadline:
            left = wcet - state.executed[copy, task]
            if not (without_lost and left > state.due[copy, task] - state.now[copy]):
                demand += left
        period = tasks.period[copy, task]
        first_due = (
            tasks.offset[copy, task]
            + state.next_job[copy, task] * period
            + tasks.deadline[copy, task]
        )
        if first_due <= deadline:
            demand += ((deadline - first_due) // period + 1) * wcet
    return demand


@njit(cache=True)
def _write_flat(copy, kind, tasks, state, out):
    now = state.now[copy]
    capacity = tasks.period.shape[1]
    max_period = tasks.max_period[copy]
    for task in range(tasks.count[copy]):
        if state.ready[copy, task]:
            wcet = tasks.wcet[copy, task]
            out[4 * task] = (state.due[copy, task] - now) / tasks.max_deadline[copy]
            out[4 * task + 1] = min(1.0, (now - state.since[copy, task]) / max_period)
            out[4 * task + 2] = (wcet - state.executed[copy, task]) / wcet
            out[4 * task + 3] = 1.0
        if kind == FULL:
            wait = _until_release(copy, task, tasks, state)
            out[4 * capacity + task] = min(1.0, wait / max_period)
    if kind == FULL and state.last[copy] >= 0:
        out[5 * capacity + state.last[copy]] = 1.0


@njit(cache=True)
def _write_items(copy, tasks, state, out):
    now = state.now[copy]
    longest = tasks.max_deadline[copy]
    for task in range(tasks.count[copy]):
        row = out[task * _WIDTH : (task + 1) * _WIDTH]
        period = tasks.period[copy, task]
        wcet = tasks.wcet[copy, task]
        wait = _until_release(copy, task, tasks, state)
        row[0] = 1.0
        row[5] = 1.0 if state.last[copy] == task else 0.0
        row[6] = _clip(wait / period, 0.0)
        row[7] = wcet / period
        if state.ready[copy, task]:
            due = state.due[copy, task]
            left = wcet - state.executed[copy, task]
            laxity = due - now - left
            row[1] = 1.0
            row[2] = left / wcet
            row[3] = _clip(laxity / period, -1.0)
            row[4] = (due - now) / period
            row[8] = 1.0 / left
            row[11] = (due - now) / longest
            row[12] = _clip(left / longest, 0.0)
            row[13] = _clip(laxity / longest, -1.0)
        else:
            due = (
                tasks.offset[copy, task]
                + state.next_job[copy, task] * period
                + tasks.deadline[copy, task]
            )
        slack = due - now - _demand(copy, due, tasks, state, False)
        row[9] = _clip(slack / period, -1.0)
        row[10] = _clip((due - now - _demand(copy, due, tasks, state, True)) / period, -1.0)
        row[14] = _clip(slack / longest, -1.0)


@njit(cache=True)
def write(copy, kind, tasks, state, out):
    """Write the observation of one copy into `out`, a flat float32 row."""
    out[:] = 0.0
    if kind == ITEMS:
        _write_items(copy, tasks, state, out)
    else:
        _write_flat(copy, kind, tasks, state, out)
