"""The candidate schedule: what a best-effort scheduler would keep, looking ahead.

LBESA (see `rlsys_rtos.baselines.best_effort`) sheds the job of least value density while the ready
jobs, in deadline order, overload the processor. Here the list also holds the jobs to come that are
due by the latest deadline of the ready ones. Jobs are taken as if they could start at once, and to
need their WCET.

The end of the episode is a deadline too, for every job: what completes later earns nothing. A job
whose own deadline lies beyond it is worth a completion; one due within the episode is worth a
completion and the miss that it avoids.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from rlsys_rtos.rewards import COMPLETION, MISS

# Columns of a list of jobs, in the order in which they are due. Times count from now.
TASK, READY, DUE, WORK, VALUE, KEPT, SLACK = range(7)
COLUMNS = 7


@njit(cache=True)
def most_jobs(first, stop, tasks):
    """Return the most jobs that `list_jobs` can find in the copies first..stop - 1."""
    most = 0
    for copy in range(first, stop):
        found = 0
        for task in range(tasks.count[copy]):
            found += tasks.max_deadline[copy] // tasks.period[copy, task] + 2
        most = max(most, found)
    return most


@njit(cache=True)
def _insert(jobs, found, task, ready, deadline, end, work, last):
    """Put a job in its place by (due, ready first, last dispatched first, task)."""
    due = min(deadline, end)
    place = found
    while place > 0:
        before = jobs[place - 1]
        if before[DUE] != due:
            earlier = due < before[DUE]
        elif before[READY] != ready:
            earlier = ready > before[READY]
        else:
            earlier = ready == 1 and task == last
        if not earlier:
            break
        jobs[place] = before
        place -= 1
    jobs[place, TASK] = task
    jobs[place, READY] = ready
    jobs[place, DUE] = due
    jobs[place, WORK] = work
    jobs[place, VALUE] = COMPLETION - MISS if deadline <= end else COMPLETION


@njit(cache=True)
def list_jobs(copy, tasks, state, jobs):
    """Fill `jobs` (most_jobs, COLUMNS) with ready jobs and those to come; return their number."""
    now = state.now[copy]
    end = tasks.horizon[copy] - now
    latest = np.int64(0)
    for task in range(tasks.count[copy]):
        if state.ready[copy, task]:
            latest = max(latest, state.due[copy, task] - now)
    found = 0
    for task in range(tasks.count[copy]):
        wcet = tasks.wcet[copy, task]
        if state.ready[copy, task]:
            left = wcet - state.executed[copy, task]
            deadline = state.due[copy, task] - now
            _insert(jobs, found, task, 1, deadline, end, left, state.last[copy])
            found += 1
        period = tasks.period[copy, task]
        arrival = tasks.offset[copy, task] + state.next_job[copy, task] * period - now
        deadline = arrival + tasks.deadline[copy, task]
        while arrival < end and deadline <= latest:
            _insert(jobs, found, task, 0, deadline, end, wcet, state.last[copy])
            found += 1
            arrival += period
            deadline += period
    return found


@njit(cache=True)
def shed(jobs, found):
    """Mark what is kept, and write the slack of each kept job: its deadline less the work by then.

    Among equal value densities the latest job goes first. Returns the first kept ready task, or -1.
    """
    load = np.int64(0)
    for place in range(found):
        jobs[place, KEPT] = 1
        load += jobs[place, WORK]
        while load > jobs[place, DUE]:
            worst = -1
            for other in range(place + 1):
                # value / work compared without a division: a / b <= c / d as a d <= c b.
                if jobs[other, KEPT] and (
                    worst < 0
                    or jobs[other, VALUE] * jobs[worst, WORK]
                    <= jobs[worst, VALUE] * jobs[other, WORK]
                ):
                    worst = other
            jobs[worst, KEPT] = 0
            load -= jobs[worst, WORK]
    choice = -1
    load = 0
    for place in range(found):
        if jobs[place, KEPT]:
            load += jobs[place, WORK]
            jobs[place, SLACK] = jobs[place, DUE] - load
            if choice < 0 and jobs[place, READY]:
                choice = jobs[place, TASK]
    return choice
