"""Compiled dynamic programming over (remaining work, last task), tick by tick.

At tick t a task has at most one job whose window release <= t < due is open. The future depends
only on how many ticks that job has run, and on the task dispatched last. The encoding has one code
for each count that still matters (c: execution time, w = min(due, horizon)):

    alive   e ticks done, max(0, c - (w - t)) <= e <= min(c - 1, t - release)
    done    complete; exists if t - release >= c
    lost    cannot be completed any more; one code for all such counts. The job stays ready until
            its deadline, and running it has the usual cost.

A task without an open window has the single code 0. The codes of all tasks form one mixed-radix
number. Its radices change from tick to tick, so layers are small if windows have just opened or
will close soon. This number and the task dispatched last (0: none, otherwise task + 1) are the
whole state. Values are integer hundredths of reward, so they are exact.

The values of one tick are a layer, indexed [mixed-radix number * (tasks + 1) + last]. All layers
are in one flat array; the caller decides where each one is, and which are stored at the same time.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rlsys.batched.compiled import compiled
from rlsys_rtos.arrays import Ints
from rlsys_rtos.rewards import COMPLETION, MISS, SWITCH, TICK

IMPOSSIBLE = -(2**40)


class Episode(NamedTuple):
    """The jobs of an episode of n tasks with at most K jobs each."""

    horizon: int
    opened: Ints  # (horizon + 1, n) the job whose window is open in each tick, or -1
    release: Ints  # (n, K)
    due: Ints  # (n, K)
    execution: Ints  # (n, K)


class Layers(NamedTuple):
    """The layers of ticks 0..horizon."""

    radix: Ints  # (horizon + 1, n) codes of each task
    size: Ints  # (horizon + 1,) entries of each layer
    at: Ints  # (horizon + 1,) where in `values` each layer starts
    values: NDArray[Any]  # int16 or int32


@compiled
def open_jobs(horizon: int, count: Ints, release: Ints, due: Ints) -> Ints:
    """Return for every tick 0..horizon and task the job whose window is open, or -1."""
    tasks = len(count)
    found = np.full((horizon + 1, tasks), -1, np.int64)
    for task in range(tasks):
        for job in range(count[task]):
            for tick in range(release[task, job], min(due[task, job], horizon)):
                found[tick, task] = job
    return found


@compiled
def _codes(tick: int, task: int, episode: Episode) -> tuple[int, int, bool, bool]:
    """Return (least executed ticks that still suffice, alive codes, whether done, lost exist)."""
    job = episode.opened[tick, task]
    if job < 0:
        return 0, 0, False, False
    need = episode.execution[task, job]
    end = min(episode.due[task, job], episode.horizon)
    fewest = max(0, need - (end - tick))
    elapsed = tick - episode.release[task, job]
    alive = max(0, min(need - 1, elapsed) - fewest + 1)
    return fewest, alive, elapsed >= need, fewest > 0


@compiled
def radices(episode: Episode) -> Ints:
    """Return the number of codes of every task at every tick, (horizon + 1, tasks)."""
    tasks = len(episode.release)
    radix = np.ones((episode.horizon + 1, tasks), np.int64)
    for tick in range(episode.horizon):
        for task in range(tasks):
            if episode.opened[tick, task] >= 0:
                _, alive, done, lost = _codes(tick, task, episode)
                radix[tick, task] = alive + int(done) + int(lost)
    return radix


@compiled
def _encode(tick: int, task: int, executed: int, episode: Episode) -> int:
    """Return the code of a job with an open window; executed = -1 means lost."""
    fewest, alive, done, _ = _codes(tick, task, episode)
    need = episode.execution[task, episode.opened[tick, task]]
    if executed >= need:
        return alive
    if executed < fewest:
        return alive + int(done)
    return executed - fewest


@compiled
def _successor(tick: int, task: int, executed: int, episode: Episode) -> tuple[int, int]:
    """Return the code at tick + 1 of a job that then has `executed` ticks, and the miss, if any."""
    job = episode.opened[tick, task]
    earned = 0
    if job >= 0:
        if episode.due[task, job] > tick + 1:
            if tick + 1 == episode.horizon:
                return 0, 0
            return _encode(tick + 1, task, executed, episode), 0
        if executed < episode.execution[task, job]:
            earned = MISS
    if episode.opened[tick + 1, task] >= 0:
        return _encode(tick + 1, task, 0, episode), earned
    return 0, earned


@compiled
def _transitions(tick: int, episode: Episode, radix: Ints, left: Ints, ran: Ints) -> None:
    """Fill in what each code of each task becomes, if left or run, and what that earns.

    `left` and `ran` have shape (tasks, largest radix, 2): the code's share of the mixed-radix
    number at tick + 1, and hundredths of reward; the share in `ran` is -1 if nothing is ready.
    """
    stride = 1
    for task in range(len(episode.release)):
        job = episode.opened[tick, task]
        fewest, alive, done, _ = _codes(tick, task, episode)
        for code in range(radix[tick, task]):
            ran[task, code, 0] = -1
            ran[task, code, 1] = 0
            if job < 0:
                executed = 0
            elif code < alive:
                executed = fewest + code
            elif done and code == alive:
                executed = episode.execution[task, job]
            else:
                executed = -1
            after, earned = _successor(tick, task, executed, episode)
            left[task, code, 0] = after * stride
            left[task, code, 1] = earned
            if job >= 0 and executed < episode.execution[task, job]:
                more = executed + 1 if executed >= 0 else -1
                after, earned = _successor(tick, task, more, episode)
                if more == episode.execution[task, job]:
                    earned += COMPLETION
                ran[task, code, 0] = after * stride
                ran[task, code, 1] = earned
        stride *= radix[tick + 1, task]


@compiled
def solve(first: int, stop: int, episode: Episode, layers: Layers, work_first: bool) -> None:
    """Fill the layers first..stop - 1, backwards from the layer of `stop`.

    At the horizon everything is worth zero; that layer is filled here, too. With `work_first`,
    idling is allowed only if no task is ready.
    """
    radix, values = layers.radix, layers.values
    tasks = len(episode.release)
    width = tasks + 1
    widest = radix.max()
    left = np.zeros((tasks, widest, 2), np.int64)
    ran = np.zeros((tasks, widest, 2), np.int64)
    digits = np.zeros(tasks, np.int64)
    run_value = np.zeros(width, np.int64)
    if stop == episode.horizon:
        values[layers.at[stop] : layers.at[stop] + width] = 0
    for tick in range(stop - 1, first - 1, -1):
        _transitions(tick, episode, radix, left, ran)
        later = values[layers.at[tick + 1] : layers.at[tick + 1] + layers.size[tick + 1]]
        here = values[layers.at[tick] : layers.at[tick] + layers.size[tick]]
        digits[:] = 0
        base = np.int64(0)
        earned = np.int64(0)
        for task in range(tasks):
            base += left[task, 0, 0]
            earned += left[task, 0, 1]
        for position in range(len(here) // width):
            # The best of all ready tasks, as if each were a switch; staying saves that cost.
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


@compiled
def action_values(
    tick: int,
    last: int,
    digits: Ints,
    episode: Episode,
    layers: Layers,
    left: Ints,
    ran: Ints,
    out: Ints,
) -> None:
    """Write the value of running each task, then of idling, in hundredths.

    `digits` (tasks,) are the codes at `tick`; tasks that are not ready get `IMPOSSIBLE`. The layer
    of tick + 1 must exist.
    """
    tasks = len(episode.release)
    width = tasks + 1
    _transitions(tick, episode, layers.radix, left, ran)
    base = np.int64(0)
    earned = np.int64(TICK)
    for task in range(tasks):
        base += left[task, digits[task], 0]
        earned += left[task, digits[task], 1]
    later = layers.values[layers.at[tick + 1] : layers.at[tick + 1] + layers.size[tick + 1]]
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


@compiled
def encode_state(
    tick: int, ready: NDArray[np.bool_], executed: Ints, episode: Episode, digits: Ints
) -> None:
    """Write the codes of a state of the environment, ready and executed (tasks,), to `digits`."""
    for task in range(len(episode.release)):
        digits[task] = 0
        job = episode.opened[tick, task]
        if job >= 0:
            done = executed[task] if ready[task] else episode.execution[task, job]
            digits[task] = _encode(tick, task, done, episode)


@compiled
def play(
    first: int,
    stop: int,
    last: int,
    digits: Ints,
    episode: Episode,
    layers: Layers,
    work_first: bool,
    actions: Ints,
) -> int:
    """Write the best action of the ticks first..stop - 1 to `actions` (horizon,).

    `digits` (tasks,) are the codes at `first` and become those at `stop`. `last` is the task last
    dispatched at `first`, -1 for none; the one at `stop` is returned. The layers first + 1..stop
    must exist. Ties go to the task last dispatched, then to the lowest index; idling comes last.
    """
    tasks = len(episode.release)
    radix = layers.radix
    widest = radix.max()
    left = np.zeros((tasks, widest, 2), np.int64)
    ran = np.zeros((tasks, widest, 2), np.int64)
    worth = np.zeros(tasks + 1, np.int64)
    for tick in range(first, stop):
        action_values(tick, last, digits, episode, layers, left, ran, worth)
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
    return last
