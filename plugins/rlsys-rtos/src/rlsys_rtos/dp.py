"""Compiled dynamic programming over (remaining work, last task), tick by tick.

At tick t a task has at most one job whose window release <= t < due is open. All that the future
depends on is how many ticks that job has had, and the encoding has one code for each count that
still matters (c: execution time, w = min(due, horizon)):

    alive   e ticks done, max(0, c - (w - t)) <= e <= min(c - 1, t - release)
    done    complete; exists if t - release >= c
    lost    cannot be completed any more, whatever it has had: one code for all of these. It stays
            ready until its deadline, and running it costs what running costs.

A task without an open window has the single code 0. The codes of all tasks make one mixed-radix
number; its radices change from tick to tick, so the tables stay small where windows are young or
late. With the task last dispatched (0: none, task + 1 otherwise) it is the whole state. Values are
whole hundredths of reward, so they are exact.

The table of tick t starts at `starts[t]` in a flat array and is indexed
[mixed-radix number * (tasks + 1) + last].
"""

from __future__ import annotations

import numpy as np
from numba import njit

from rlsys_rtos.rewards import COMPLETION, MISS, SWITCH, TICK

IMPOSSIBLE = -(2**40)


@njit(cache=True)
def open_jobs(horizon, count, release, due):
    """Return for every tick 0..horizon and task the job whose window is open, or -1."""
    tasks = len(count)
    found = np.full((horizon + 1, tasks), -1, np.int64)
    for task in range(tasks):
        for job in range(count[task]):
            for tick in range(release[task, job], min(due[task, job], horizon)):
                found[tick, task] = job
    return found


@njit(cache=True)
def _layout(tick, task, horizon, opened, release, due, execution):
    """Return (fewest ticks done that still suffice, alive codes, whether done and lost exist)."""
    job = opened[tick, task]
    if job < 0:
        return 0, 0, False, False
    need = execution[task, job]
    end = min(due[task, job], horizon)
    fewest = max(0, need - (end - tick))
    elapsed = tick - release[task, job]
    alive = max(0, min(need - 1, elapsed) - fewest + 1)
    return fewest, alive, elapsed >= need, fewest > 0


@njit(cache=True)
def sizes(horizon, opened, release, due, execution):
    """Return the number of codes of every task at every tick, (horizon + 1, tasks)."""
    tasks = len(release)
    radix = np.ones((horizon + 1, tasks), np.int64)
    for tick in range(horizon):
        for task in range(tasks):
            if opened[tick, task] >= 0:
                _, alive, done, lost = _layout(tick, task, horizon, opened, release, due, execution)
                radix[tick, task] = alive + int(done) + int(lost)
    return radix


@njit(cache=True)
def _encode(tick, task, executed, horizon, opened, release, due, execution):
    """Return the code of a job with an open window; executed -1 stands for lost."""
    fewest, alive, done, _ = _layout(tick, task, horizon, opened, release, due, execution)
    need = execution[task, opened[tick, task]]
    if executed >= need:
        return alive
    if executed < fewest:
        return alive + int(done)
    return executed - fewest


@njit(cache=True)
def _successor(tick, task, executed, horizon, opened, release, due, execution):
    """Return the code at tick + 1 of a job that then has `executed` ticks, and the miss, if any."""
    job = opened[tick, task]
    earned = 0
    if job >= 0:
        if due[task, job] > tick + 1:
            if tick + 1 == horizon:
                return 0, 0
            return _encode(tick + 1, task, executed, horizon, opened, release, due, execution), 0
        if executed < execution[task, job]:
            earned = MISS
    if opened[tick + 1, task] >= 0:
        return _encode(tick + 1, task, 0, horizon, opened, release, due, execution), earned
    return 0, earned


@njit(cache=True)
def transitions(tick, horizon, opened, release, due, execution, radix, left, ran):
    """Fill what each code of each task becomes, left alone and run, with what that earns.

    `left` and `ran` have shape (tasks, largest radix, 2): the code's share of the mixed-radix
    number at tick + 1, and hundredths of reward; the share is -1 in `ran` where nothing is ready.
    """
    stride = 1
    for task in range(len(release)):
        fewest, alive, done, _ = _layout(tick, task, horizon, opened, release, due, execution)
        for code in range(radix[tick, task]):
            ran[task, code, 0] = -1
            ran[task, code, 1] = 0
            if opened[tick, task] < 0:
                executed = 0
            elif code < alive:
                executed = fewest + code
            elif done and code == alive:
                executed = execution[task, opened[tick, task]]
            else:
                executed = -1
            after, earned = _successor(
                tick, task, executed, horizon, opened, release, due, execution
            )
            left[task, code, 0] = after * stride
            left[task, code, 1] = earned
            if opened[tick, task] >= 0 and executed < execution[task, opened[tick, task]]:
                more = executed + 1 if executed >= 0 else -1
                after, earned = _successor(
                    tick, task, more, horizon, opened, release, due, execution
                )
                if more == execution[task, opened[tick, task]]:
                    earned += COMPLETION
                ran[task, code, 0] = after * stride
                ran[task, code, 1] = earned
        stride *= radix[tick + 1, task]


@njit(cache=True)
def solve(horizon, opened, release, due, execution, radix, starts, work_first, values):
    """Fill `values` backwards from the horizon, where everything is worth zero.

    With `work_first`, idling is allowed only where no task is ready.
    """
    tasks = len(release)
    width = tasks + 1
    widest = radix.max()
    left = np.zeros((tasks, widest, 2), np.int64)
    ran = np.zeros((tasks, widest, 2), np.int64)
    digits = np.zeros(tasks, np.int64)
    run_value = np.zeros(width, np.int64)
    values[starts[horizon] : starts[horizon] + width] = 0
    for tick in range(horizon - 1, -1, -1):
        transitions(tick, horizon, opened, release, due, execution, radix, left, ran)
        later = values[starts[tick + 1] : starts[tick + 2]]
        here = values[starts[tick] : starts[tick + 1]]
        digits[:] = 0
        base = np.int64(0)
        earned = np.int64(0)
        for task in range(tasks):
            base += left[task, 0, 0]
            earned += left[task, 0, 1]
        for position in range(len(here) // width):
            # The best of all ready tasks as if each were a switch; staying saves that cost.
            best = np.int64(IMPOSSIBLE)
            for task in range(tasks):
                code = digits[task]
                if ran[task, code, 0] < 0:
                    run_value[task + 1] = IMPOSSIBLE
                    continue
                target = base - left[task, code, 0] + ran[task, code, 0]
                value = (
                    TICK
                    + earned
                    - left[task, code, 1]
                    + ran[task, code, 1]
                    + later[target * width + task + 1]
                )
                run_value[task + 1] = value
                best = max(best, value)
            may_idle = best == IMPOSSIBLE or not work_first
            run_value[0] = best  # before the first dispatch no task is a switch
            for last in range(width):
                value = max(best + SWITCH, run_value[last])
                if may_idle:
                    value = max(value, TICK + earned + later[base * width + last])
                here[position * width + last] = value
            for task in range(tasks):
                code = digits[task]
                base -= left[task, code, 0]
                earned -= left[task, code, 1]
                code += 1
                if code == radix[tick, task]:
                    code = 0
                digits[task] = code
                base += left[task, code, 0]
                earned += left[task, code, 1]
                if code > 0:
                    break


@njit(cache=True)
def action_values(
    tick, last, digits, horizon, opened, release, due, execution, radix, starts, values,
    left, ran, out,
):  # fmt: skip
    """Write the value of running each task, then of idling, in hundredths.

    `digits` (tasks,) are the codes at `tick`; tasks that are not ready get `IMPOSSIBLE`.
    """
    tasks = len(release)
    width = tasks + 1
    transitions(tick, horizon, opened, release, due, execution, radix, left, ran)
    base = np.int64(0)
    earned = np.int64(TICK)
    for task in range(tasks):
        base += left[task, digits[task], 0]
        earned += left[task, digits[task], 1]
    later = values[starts[tick + 1] : starts[tick + 2]]
    for task in range(tasks):
        code = digits[task]
        out[task] = IMPOSSIBLE
        if ran[task, code, 0] >= 0:
            target = base - left[task, code, 0] + ran[task, code, 0]
            out[task] = earned - left[task, code, 1] + ran[task, code, 1]
            out[task] += later[target * width + task + 1]
            if last >= 0 and last != task:
                out[task] += SWITCH
    out[tasks] = earned + later[base * width + last + 1]


@njit(cache=True)
def digits_of(tick, ready, executed, horizon, opened, release, due, execution, digits):
    """Encode a state of the environment: ready (tasks,) and executed (tasks,) at `tick`."""
    for task in range(len(release)):
        digits[task] = 0
        job = opened[tick, task]
        if job >= 0:
            done = executed[task] if ready[task] else execution[task, job]
            digits[task] = _encode(tick, task, done, horizon, opened, release, due, execution)


@njit(cache=True)
def play(horizon, opened, release, due, execution, radix, starts, values, work_first):
    """Return the best action of every tick from the start of the episode, and its last state.

    Ties go to the task last dispatched, then to the lowest index; idling comes last.
    """
    tasks = len(release)
    widest = radix.max()
    left = np.zeros((tasks, widest, 2), np.int64)
    ran = np.zeros((tasks, widest, 2), np.int64)
    digits = np.zeros(tasks, np.int64)
    for task in range(tasks):
        if opened[0, task] >= 0:
            digits[task] = _encode(0, task, 0, horizon, opened, release, due, execution)
    worth = np.zeros(tasks + 1, np.int64)
    actions = np.zeros(horizon, np.int64)
    last = -1
    for tick in range(horizon):
        action_values(
            tick, last, digits, horizon, opened, release, due, execution, radix, starts, values,
            left, ran, worth,
        )  # fmt: skip
        choice = tasks
        if work_first and worth[:tasks].max() > IMPOSSIBLE:
            worth[tasks] = IMPOSSIBLE
        best = worth.max()
        if last >= 0 and worth[last] == best:
            choice = last
        else:
            for task in range(tasks):
                if worth[task] == best:
                    choice = task
                    break
        actions[tick] = choice
        number = np.int64(0)
        for task in range(tasks):
            share = left[task, digits[task], 0]
            if task == choice:
                share = ran[task, digits[task], 0]
            number += share
        if choice < tasks:
            last = choice
        for task in range(tasks):
            digits[task] = number % radix[tick + 1, task]
            number //= radix[tick + 1, task]
    return actions
