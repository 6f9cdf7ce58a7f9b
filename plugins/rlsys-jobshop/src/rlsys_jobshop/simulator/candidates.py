"""What may be decided next: the candidates, one mode of one job's next operation each.

* ``active``: the conflict set of Giffler and Thompson (1960). Among all candidates, the one that
  would end first is sought. Whatever needs a machine of it and could start before that end competes
  with it. In a classic job shop this reaches exactly the active schedules, and one is optimal.
* ``non-delay``: what could start first of all. No machine waits while it has work.
* ``all``: everything.

What can never end, because a calendar ends too early, is no candidate as long as anything else is.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rlsys.batched.compiled import kernel
from rlsys_jobshop.simulator import batch as arrays
from rlsys_jobshop.simulator.batch import Batch
from rlsys_jobshop.simulator.dynamics import look, only_machine, shares_machine, waits_for

Candidates = Literal["active", "non-delay", "all"]
KINDS: dict[Candidates, int] = {"active": 0, "non-delay": 1, "all": 2}
_ACTIVE, _NON_DELAY = 0, 1
_NEVER = int(arrays.NEVER)


@kernel
def collect(
    batch: Batch,
    copy: int,
    kind: int,
    modes: NDArray[np.int64],
    operations: NDArray[np.int64],
) -> int:
    """Write a copy's candidates, by job and mode, and return how many there are.

    If there are more than fit, those that could start first are kept.

    Args:
        batch: the arrays.
        copy: the copy.
        kind: value of `KINDS`.
        modes, operations: row `copy` receives the candidates; int64 (copies, width).
    """
    own = batch.copies[copy]
    if own.single and kind == _ACTIVE:
        return _collect_single(batch, copy, modes, operations)
    best, soonest, first_end = -1, 0, 0
    for number in range(own.first_job, own.first_job + own.jobs):
        job = batch.jobs[number]
        if job.next < job.last:
            if own.plain:
                look(batch, number)
            if best < 0 or job.begin < soonest:
                soonest = job.begin
            if best < 0 or job.finish < first_end:
                best, first_end = job.best, job.finish
    count = 0
    only = only_machine(batch, best) if best >= 0 else -1
    latest = soonest if kind == _NON_DELAY else max(soonest, _NEVER - 1)
    for number in range(own.first_job, own.first_job + own.jobs):
        job = batch.jobs[number]
        if job.next == job.last or (kind != _ACTIVE and job.begin > latest):
            continue
        if kind == _ACTIVE:
            if job.begin >= first_end and job.best != best:
                continue
            if only >= 0 and job.machine >= 0:
                if job.machine != only:
                    continue
            elif not waits_for(batch, number, best):
                continue
        if job.machine >= 0:
            batch.modes[job.best].begin = job.begin
            batch.modes[job.best].finish = job.finish
            count = _add(batch, copy, job.best, job.next, count, modes, operations)
            continue
        for mode in range(batch.operations[job.next].first, batch.operations[job.next].last):
            begin = batch.modes[mode].begin
            if kind == _ACTIVE:
                if mode != best and not (begin < first_end and shares_machine(batch, mode, best)):
                    continue
            elif begin > latest:
                continue
            count = _add(batch, copy, mode, job.next, count, modes, operations)
    return count


@kernel
def _collect_single(
    batch: Batch, copy: int, modes: NDArray[np.int64], operations: NDArray[np.int64]
) -> int:
    """Do what `collect` does for the conflict set where each operation has one mode.

    Classic job shops are what most trainings and searches play, and this is twice as quick.
    """
    own = batch.copies[copy]
    best, only, first_end = -1, -1, _NEVER
    for number in range(own.first_job, own.first_job + own.jobs):
        job = batch.jobs[number]
        end = max(job.ready, batch.machines[job.machine].free) + job.duration
        if end < first_end:
            best, only, first_end = number, job.machine, end
    count = 0
    if best < 0:
        return count
    free = batch.machines[only].free
    for number in range(own.first_job, own.first_job + own.jobs):
        job = batch.jobs[number]
        if job.machine != only or job.duration == _NEVER:
            continue
        begin = max(job.ready, free)
        if begin < first_end or number == best:
            mode = batch.modes[job.best]
            mode.begin = begin
            mode.finish = begin + job.duration
            count = _add(batch, copy, job.best, job.next, count, modes, operations)
    return count


@kernel
def _add(
    batch: Batch,
    copy: int,
    mode: int,
    operation: int,
    count: int,
    modes: NDArray[np.int64],
    operations: NDArray[np.int64],
) -> int:
    """Add a candidate to the `count` there are and return the new count."""
    width = modes.shape[1]
    if count == width:
        latest = 0
        for position in range(1, width):
            if batch.modes[modes[copy, position]].begin > batch.modes[modes[copy, latest]].begin:
                latest = position
        if batch.modes[mode].begin >= batch.modes[modes[copy, latest]].begin:
            return count
        for position in range(latest, width - 1):
            modes[copy, position] = modes[copy, position + 1]
            operations[copy, position] = operations[copy, position + 1]
        count -= 1
    modes[copy, count] = mode
    operations[copy, count] = operation
    return count + 1
