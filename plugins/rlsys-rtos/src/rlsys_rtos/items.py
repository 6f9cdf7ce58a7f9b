"""The observation `items`: one row of features per task, the same for every number of tasks.

Each row describes the task, its ready job (zeros if none is ready), and what the candidate schedule
of `rlsys_rtos.candidate` says about the job: how much later or longer the others could be without
harm. That schedule, all slacks and "time to deadline" treat the end of the episode as a deadline,
as the optimum does: close to the end, work that cannot complete is worth nothing. Far from the end
they are the same as in a system that never stops.

Every feature is a ratio of two whole numbers of ticks, clipped to the bounds given here. So it does
not depend on the time scale and is exact in fixed-point arithmetic.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsys.batched.compiled import compiled
from rlsys_rtos.arrays import Ints, State, Tasks
from rlsys_rtos.candidate import (
    COLUMNS,
    DUE,
    KEPT,
    READY,
    SLACK,
    TASK,
    VALUE,
    WORK,
    list_jobs,
    most_jobs,
    shed,
)
from rlsys_rtos.ratios import flag, ratio
from rlsys_rtos.rewards import COMPLETION

# Name, lowest, highest. L: the longest relative deadline of the taskset.
ITEM_FEATURES: tuple[tuple[str, float, float], ...] = (
    ("present", 0.0, 1.0),
    ("wcet / period", 0.0, 1.0),
    ("period / L", 0.0, 1.0),
    ("time to next release / L", 0.0, 1.0),
    ("last run", 0.0, 1.0),
    ("time to end of episode / L", 0.0, 1.0),
    # The least slack of a kept job: how long all kept jobs can wait.
    ("least slack / L", -1.0, 1.0),
    ("ready", 0.0, 1.0),
    ("remaining / wcet", 0.0, 1.0),
    ("remaining / L", 0.0, 1.0),
    ("value density: 1 / remaining", 0.0, 1.0),
    ("time to deadline / L", 0.0, 1.0),
    ("laxity / L", -1.0, 1.0),
    ("laxity / (4 * remaining)", -1.0, 1.0),
    ("deadline within the episode", 0.0, 1.0),
    # Time to the deadline minus all work of the list that is due by then.
    ("demand-bound slack / L", -1.0, 1.0),
    ("kept", 0.0, 1.0),
    ("first of the kept", 0.0, 1.0),
    # The least slack of the kept jobs before this one: how long it may run before them ...
    ("slack of the jobs before / L", -1.0, 1.0),
    # ... whether the whole job may ...
    ("slack of the jobs before, less remaining / L", -1.0, 1.0),
    # ... and of itself and those after it: how long it may be postponed.
    ("slack of this job and those after / L", -1.0, 1.0),
)
WIDTH = len(ITEM_FEATURES)


def item_bounds() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the lowest and the highest value of each feature, (WIDTH,)."""
    low, high = (np.array([feature[i] for feature in ITEM_FEATURES], np.float32) for i in (1, 2))
    return low, high


@compiled
def _write_tasks(
    copy: int, tasks: Tasks, state: State, least: int, one: int, out: NDArray[Any]
) -> None:
    """Write the features of every task, ready or not."""
    now = state.now[copy]
    scale = tasks.max_deadline[copy]
    for task in range(tasks.count[copy]):
        column = task * WIDTH
        period = tasks.period[copy, task]
        arrival = tasks.offset[copy, task] + state.next_job[copy, task] * period
        out[copy, column] = flag(True, one)
        out[copy, column + 1] = ratio(tasks.wcet[copy, task], period, 0.0, one)
        out[copy, column + 2] = ratio(period, scale, 0.0, one)
        out[copy, column + 3] = ratio(arrival - now, scale, 0.0, one)
        out[copy, column + 4] = flag(state.last[copy] == task, one)
        out[copy, column + 5] = ratio(tasks.horizon[copy] - now, scale, 0.0, one)
        out[copy, column + 6] = ratio(least, scale, -1.0, one)


@compiled
def _write_job(
    copy: int,
    job: Ints,
    wcet: int,
    scale: int,
    choice: int,
    before: int,
    after: int,
    demand: int,
    one: int,
    out: NDArray[Any],
) -> None:
    """Write the features of a ready job."""
    column = job[TASK] * WIDTH
    left = job[WORK]
    laxity = job[DUE] - left
    out[copy, column + 7] = flag(True, one)
    out[copy, column + 8] = ratio(left, wcet, 0.0, one)
    out[copy, column + 9] = ratio(left, scale, 0.0, one)
    out[copy, column + 10] = ratio(1, left, 0.0, one)
    out[copy, column + 11] = ratio(job[DUE], scale, 0.0, one)
    out[copy, column + 12] = ratio(laxity, scale, -1.0, one)
    out[copy, column + 13] = ratio(laxity, 4 * left, -1.0, one)
    out[copy, column + 14] = flag(job[VALUE] > COMPLETION, one)
    out[copy, column + 15] = ratio(job[DUE] - demand, scale, -1.0, one)
    out[copy, column + 16] = flag(job[KEPT] == 1, one)
    out[copy, column + 17] = flag(job[TASK] == choice, one)
    out[copy, column + 18] = ratio(before, scale, -1.0, one)
    out[copy, column + 19] = ratio(before - left, scale, -1.0, one)
    out[copy, column + 20] = ratio(after, scale, -1.0, one)


@compiled
def write_items(
    first: int, stop: int, one: int, tasks: Tasks, state: State, out: NDArray[Any]
) -> None:
    """Write the rows of the copies first..stop - 1 into `out` (N, M * WIDTH)."""
    jobs = np.zeros((most_jobs(first, stop, tasks), COLUMNS), np.int64)
    after = np.zeros(len(jobs), np.int64)
    demand = np.zeros(len(jobs), np.int64)
    for copy in range(first, stop):
        for column in range(out.shape[1]):
            out[copy, column] = 0.0
        scale = tasks.max_deadline[copy]
        # If no job is kept, nothing is urgent: more slack than any deadline allows.
        loose = 2 * scale
        end = tasks.horizon[copy] - state.now[copy]
        found = list_jobs(copy, tasks, state, True, end, jobs)
        choice = shed(jobs, found)
        load = np.int64(0)
        for place in range(found):
            load += jobs[place, WORK]
            demand[place] = load
        least = loose
        for place in range(found - 1, -1, -1):
            if place + 1 < found and jobs[place, DUE] == jobs[place + 1, DUE]:
                demand[place] = demand[place + 1]
            if jobs[place, KEPT]:
                least = min(least, jobs[place, SLACK])
            after[place] = least
        _write_tasks(copy, tasks, state, least, one, out)
        before = loose
        for place in range(found):
            job = jobs[place]
            if job[READY]:
                wcet = tasks.wcet[copy, job[TASK]]
                due_by = demand[place]
                _write_job(copy, job, wcet, scale, choice, before, after[place], due_by, one, out)
            if job[KEPT]:
                before = min(before, job[SLACK])
