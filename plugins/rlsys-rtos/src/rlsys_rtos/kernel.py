"""The rules of the system, compiled, for all copies of the batch.

A tick at time `now`: (1) every unfinished job whose absolute deadline is <= now is abandoned and
counted as a miss, (2) due jobs are released, (3) the chosen ready task runs for one tick.
The order matters: releasing first would overwrite the unfinished job of a task whose deadline is
its period, and that miss would be lost.

A scheduler decides between (2) and (3). So `step` does (3) at the current tick and then (1) and (2)
at the next one. It leaves the state that the next decision sees, and a miss at that boundary counts
for the step that led to it. The last step ends at the horizon with (1) only, so misses are counted
there, too.

Every phase loops over the copies from `first` to `stop` itself and names its arrays once, before
the loop. Numba counts a reference to each array of a named tuple at every call that gets it, so a
call per copy would cost five times as much as the phase itself.

(Numba's cache checks the file of the function it loads, but not the functions it calls. After
editing one of the modules imported here, remove the `__pycache__` folder.)
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rlsys.batched.compiled import compiled
from rlsys_rtos.arrays import (
    BCET,
    DEADLINE,
    JITTER,
    OFFSET,
    PERIOD,
    WCET,
    Floats,
    Ints,
    Jobs,
    Source,
    State,
    Streams,
    Tasks,
)
from rlsys_rtos.generator import draw_taskset
from rlsys_rtos.observations import write
from rlsys_rtos.randomness import integer
from rlsys_rtos.rewards import COMPLETION, MISS, SWITCH, TICK


@compiled
def _choose_taskset(copy: int, source: Source, tasks: Tasks, streams: Streams) -> None:
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


@compiled
def _draw_jobs(copy: int, tasks: Tasks, jobs: Jobs, state: State) -> None:
    """Draw the jobs of the episode: those that arrive before the horizon."""
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


@compiled
def _release(first: int, stop: int, tasks: Tasks, jobs: Jobs, state: State) -> None:
    now, ready, executed, due, next_job = (
        state.now,
        state.ready,
        state.executed,
        state.due,
        state.next_job,
    )
    count, release, job_count = tasks.count, jobs.release, jobs.count
    offset, period, deadline = tasks.offset, tasks.period, tasks.deadline
    for copy in range(first, stop):
        for task in range(count[copy]):
            job = next_job[copy, task]
            if job < job_count[copy, task] and release[copy, task, job] <= now[copy]:
                ready[copy, task] = True
                executed[copy, task] = 0
                due[copy, task] = (
                    offset[copy, task] + job * period[copy, task] + deadline[copy, task]
                )
                next_job[copy, task] = job + 1


@compiled
def _abandon(tasks: Tasks, state: State, earned: Floats) -> None:
    """Drop the jobs whose deadline has passed and add their cost to `earned` (N,)."""
    now, ready, due, misses, count = state.now, state.ready, state.due, state.misses, tasks.count
    for copy in range(len(now)):
        for task in range(count[copy]):
            if ready[copy, task] and due[copy, task] <= now[copy]:
                ready[copy, task] = False
                misses[copy, task] += 1
                earned[copy] += MISS


@compiled
def _run(actions: Ints, tasks: Tasks, jobs: Jobs, state: State, earned: Floats) -> None:
    """Run every copy's choice to the end of the tick; write what that earns, in hundredths."""
    now, ready, executed, next_job = state.now, state.ready, state.executed, state.next_job
    last, since, switches, completions = (
        state.last,
        state.since,
        state.switches,
        state.completions,
    )
    count, execution = tasks.count, jobs.execution
    for copy in range(len(actions)):
        earned[copy] = TICK
        task = actions[copy]
        now[copy] += 1
        if task < 0 or task >= count[copy] or not ready[copy, task]:
            continue
        if last[copy] >= 0 and last[copy] != task:
            switches[copy] += 1
            earned[copy] += SWITCH
        last[copy] = task
        since[copy, task] = now[copy]
        executed[copy, task] += 1
        if executed[copy, task] >= execution[copy, task, next_job[copy, task] - 1]:
            ready[copy, task] = False
            completions[copy] += 1
            earned[copy] += COMPLETION


@compiled
def _begin(copy: int, source: Source, tasks: Tasks, jobs: Jobs, state: State) -> None:
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
    _release(copy, copy + 1, tasks, jobs, state)


@compiled
def reset(
    which: NDArray[np.bool_],
    source: Source,
    tasks: Tasks,
    jobs: Jobs,
    state: State,
) -> None:
    """Start a new episode in every copy where `which` (N,) is true."""
    for copy in range(len(which)):
        if which[copy]:
            _begin(copy, source, tasks, jobs, state)


@compiled
def step(
    actions: Ints,
    kind: int,
    source: Source,
    tasks: Tasks,
    jobs: Jobs,
    state: State,
    observations: NDArray[np.float32],
    rewards: Floats,
    ended: NDArray[np.bool_],
    final_observations: NDArray[np.float32],
    final_counts: Ints,
    final_misses: Ints,
) -> int:
    """Advance every copy by one tick; if an episode ends, start the next one at once.

    Writes observations (N, D), rewards (N,), ended (N,) and, for copies that ended, their last
    observation, their counts (N, 3): completions, switches and jobs due, and their misses (N, M).
    Returns the number of copies that ended.
    """
    _run(actions, tasks, jobs, state, rewards)
    _abandon(tasks, state, rewards)
    endings = 0
    for copy in range(len(actions)):
        rewards[copy] /= 100.0
        ended[copy] = state.now[copy] >= tasks.horizon[copy]
        if ended[copy]:
            endings += 1
            write(copy, copy + 1, kind, 0, tasks, state, final_observations)
            final_counts[copy, 0] = state.completions[copy]
            final_counts[copy, 1] = state.switches[copy]
            final_counts[copy, 2] = state.jobs_due[copy]
            final_misses[copy] = state.misses[copy]
            _begin(copy, source, tasks, jobs, state)
    # For copies that have just started this changes nothing: their next jobs are due later.
    _release(0, len(actions), tasks, jobs, state)
    write(0, len(actions), kind, 0, tasks, state, observations)
    return endings
