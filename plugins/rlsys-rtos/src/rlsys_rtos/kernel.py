"""The rules of the system, written once: one compiled loop over all copies a tick.

A tick at time `now`: (1) every unfinished job whose absolute deadline is <= now is abandoned and
counted as a miss, (2) due jobs are released, (3) the chosen ready task runs for one tick.
The order matters: releasing first would overwrite the unfinished job of a task whose deadline is
its period, and that miss would be lost.

A scheduler decides between (2) and (3). So `step` does (3) at the present tick and then (1) and (2)
at the next one: what it leaves is what the next decision sees, and a miss at that boundary is
charged to the step that led to it. The last step ends at the horizon with (1) alone, so misses are
counted there too.

(Numba's cache looks at the file of the function it loads and not at what that function calls: after
editing one of the modules imported here, remove the `__pycache__` folder.)
"""

from __future__ import annotations

import numpy as np
from numba import njit

from rlsys_rtos.arrays import BCET, DEADLINE, JITTER, OFFSET, PERIOD, WCET
from rlsys_rtos.generator import draw_taskset
from rlsys_rtos.observations import write
from rlsys_rtos.randomness import integer

# In hundredths, so that sums are exact: the oracle compares them.
COMPLETION, MISS, TICK, SWITCH = 100, -200, -1, -5


@njit(cache=True)
def _choose_taskset(copy, source, tasks, streams):
    if source.generated:
        draw_taskset(copy, source, tasks, streams)
        return
    chosen = integer(streams, copy, 0, len(source.bank_count) - 1)
    tasks.count[copy] = source.bank_count[chosen]
    tasks.horizon[copy] = source.bank_horizon[chosen]
    for task in range(source.bank_count[chosen]):
        row = source.bank[chosen, task]
        tasks.period[copy, task] = row[PERIOD]
        tasks.deadline[copy, task] = row[DEADLINE]
        tasks.wcet[copy, task] = row[WCET]
        tasks.bcet[copy, task] = row[BCET]
        tasks.offset[copy, task] = row[OFFSET]
        tasks.jitter[copy, task] = row[JITTER]


@njit(cache=True)
def _draw_jobs(copy, tasks, jobs, state):
    """Lay out the jobs of the episode: those that arrive before the horizon."""
    horizon = tasks.horizon[copy]
    jobs.count[copy] = 0
    state.jobs_due[copy] = 0
    for task in range(tasks.count[copy]):
        arrival = tasks.offset[copy, task]
        job = 0
        while arrival < horizon:
            jobs.release[copy, task, job] = arrival + integer(
                state.stream, copy, 0, tasks.jitter[copy, task]
            )
            jobs.execution[copy, task, job] = integer(
                state.stream, copy, tasks.bcet[copy, task], tasks.wcet[copy, task]
            )
            if arrival + tasks.deadline[copy, task] <= horizon:
                state.jobs_due[copy] += 1
            job += 1
            arrival += tasks.period[copy, task]
        jobs.count[copy, task] = job


@njit(cache=True)
def _release(copy, tasks, jobs, state):
    now = state.now[copy]
    for task in range(tasks.count[copy]):
        job = state.next_job[copy, task]
        if job < jobs.count[copy, task] and jobs.release[copy, task, job] <= now:
            state.ready[copy, task] = True
            state.executed[copy, task] = 0
            state.due[copy, task] = (
                tasks.offset[copy, task]
                + job * tasks.period[copy, task]
                + tasks.deadline[copy, task]
            )
            state.next_job[copy, task] = job + 1


@njit(cache=True)
def _abandon(copy, tasks, state):
    """Drop the jobs whose deadline has come and return how many there were."""
    missed = 0
    for task in range(tasks.count[copy]):
        if state.ready[copy, task] and state.due[copy, task] <= state.now[copy]:
            state.ready[copy, task] = False
            state.misses[copy, task] += 1
            missed += 1
    return missed


@njit(cache=True)
def _run(copy, task, tasks, jobs, state):
    """Run the chosen task for one tick and return what that earns, in hundredths."""
    earned = TICK
    now = state.now[copy]
    if 0 <= task < tasks.count[copy] and state.ready[copy, task]:
        if state.last[copy] >= 0 and state.last[copy] != task:
            state.switches[copy] += 1
            earned += SWITCH
        state.last[copy] = task
        state.since[copy, task] = now + 1
        state.executed[copy, task] += 1
        job = state.next_job[copy, task] - 1
        if state.executed[copy, task] >= jobs.execution[copy, task, job]:
            state.ready[copy, task] = False
            state.completions[copy] += 1
            earned += COMPLETION
    return earned


@njit(cache=True)
def _begin(copy, source, tasks, jobs, state):
    for field in (tasks.period, tasks.deadline, tasks.wcet, tasks.bcet, tasks.offset, tasks.jitter):
        field[copy] = 0
    _choose_taskset(copy, source, tasks, state.stream)
    tasks.max_period[copy] = tasks.period[copy].max()
    tasks.max_deadline[copy] = tasks.deadline[copy].max()
    _draw_jobs(copy, tasks, jobs, state)
    for field in (state.executed, state.due, state.next_job, state.since, state.misses):
        field[copy] = 0
    for field in (state.now, state.completions, state.switches):
        field[copy] = 0
    state.ready[copy] = False
    state.last[copy] = -1
    state.episode[copy] += 1
    _release(copy, tasks, jobs, state)


@njit(cache=True)
def reset(which, kind, source, tasks, jobs, state, observations):
    """Begin a new episode in every copy where `which` (N,) is true; write their observations."""
    for copy in range(len(which)):
        if which[copy]:
            _begin(copy, source, tasks, jobs, state)
            write(copy, kind, tasks, state, observations[copy])


@njit(cache=True)
def observe(kind, tasks, state, observations):
    """Write the observation of every copy as it stands."""
    for copy in range(len(state.now)):
        write(copy, kind, tasks, state, observations[copy])


@njit(cache=True)
def step(
    actions,
    kind,
    source,
    tasks,
    jobs,
    state,
    observations,
    rewards,
    ended,
    final_observations,
    final_counts,
    final_misses,
):
    """Advance every copy by one tick; where an episode ends, begin the next one at once.

    Writes observations (N, D), rewards (N,), ended (N,) and, for copies that ended, their last
    observation, their counts (N, 3): completions, switches and jobs due, and their misses (N, M).
    Returns the number of copies that ended.
    """
    endings = 0
    for copy in range(len(actions)):
        earned = _run(copy, actions[copy], tasks, jobs, state)
        state.now[copy] += 1
        earned += MISS * _abandon(copy, tasks, state)
        over = state.now[copy] >= tasks.horizon[copy]
        if over:
            endings += 1
            write(copy, kind, tasks, state, final_observations[copy])
            final_counts[copy, 0] = state.completions[copy]
            final_counts[copy, 1] = state.switches[copy]
            final_counts[copy, 2] = state.jobs_due[copy]
            final_misses[copy] = state.misses[copy]
            _begin(copy, source, tasks, jobs, state)
        else:
            _release(copy, tasks, jobs, state)
        write(copy, kind, tasks, state, observations[copy])
        rewards[copy] = np.float64(earned) / 100.0
        ended[copy] = over
    return endings
