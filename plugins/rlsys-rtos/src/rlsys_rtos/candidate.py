"""The candidate schedule: what a best-effort scheduler would keep, looking ahead.

LBESA (see `rlsys_rtos.baselines.best_effort`) drops the job with the least value density while the
ready jobs, in deadline order, overload the processor. Looking ahead, the list also contains the
future jobs that are due by the latest deadline of the ready ones. It assumes that all jobs could
start at once and need their WCET.

The end of the episode is also a deadline for every job: a job that completes later earns nothing. A
job whose own deadline is after the end is worth a completion; a job due within the episode is worth
a completion and the avoided miss. A scheduler that does not know the end uses `NEVER`.
"""

from __future__ import annotations

from rlsys.batched.compiled import compiled
from rlsys_rtos.arrays import Ints, State, Tasks
from rlsys_rtos.rewards import COMPLETION, MISS

# Columns of a list of jobs in deadline order. Times are relative to now.
TASK, READY, DUE, WORK, VALUE, KEPT, SLACK = range(7)
COLUMNS = 7

NEVER = 2**40


@compiled
def most_jobs(first: int, stop: int, tasks: Tasks) -> int:
    """Return the largest number of jobs that `list_jobs` can find in copies first..stop - 1."""
    most = 0
    for copy in range(first, stop):
        found = 0
        for task in range(tasks.count[copy]):
            found += tasks.max_deadline[copy] // tasks.period[copy, task] + 2
        most = max(most, found)
    return most


@compiled
def _insert(
    jobs: Ints, found: int, task: int, ready: int, deadline: int, end: int, work: int, last: int
) -> None:
    """Insert a job in the order (due, ready first, last dispatched first, task)."""
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


@compiled
def list_jobs(copy: int, tasks: Tasks, state: State, ahead: bool, end: int, jobs: Ints) -> int:
    """Fill `jobs` with the ready jobs and, with `ahead`, future jobs; return their number.

    `end` is the time to the end of the episode, `NEVER` if it is unknown. `jobs` has COLUMNS
    columns and room for M jobs, or for `most_jobs` with `ahead`.
    """
    now = state.now[copy]
    latest = 0
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
        while ahead and arrival < end and deadline <= latest:
            _insert(jobs, found, task, 0, deadline, end, wcet, state.last[copy])
            found += 1
            arrival += period
            deadline += period
    return found


@compiled
def shed(jobs: Ints, found: int) -> int:
    """Mark the kept jobs, and write their slack: the deadline minus the kept work due by then.

    Among equal value densities the latest job is dropped first. Returns the first kept ready task,
    or -1.
    """
    load = 0
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
