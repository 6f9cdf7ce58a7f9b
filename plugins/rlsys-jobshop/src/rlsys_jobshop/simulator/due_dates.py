"""What each candidate means for the due dates: its own job's, and those of the jobs that wait.

The base features see due dates through work alone. Here the hours of the machines count: a job ends
when it would if it were alone from now on. For every candidate the others are then scheduled after
it, the most urgent first, on the machines that they could use. So a candidate is seen with the
tardiness that it leaves to others. All numbers are on a logarithmic scale, because hours reach from
minutes to weeks.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rlsys.batched.compiled import kernel
from rlsys_jobshop.simulator import batch as arrays
from rlsys_jobshop.simulator.batch import Batch, Capacity
from rlsys_jobshop.simulator.bounds import tardiness_of
from rlsys_jobshop.simulator.features import LIMIT
from rlsys_jobshop.simulator.timing import place

NAMES = (
    "start after the earliest start, logarithm",
    "end after the earliest end, logarithm",
    "machine taken, more than by the quickest",
    "slack with the hours of the machines",
    "weighted tardiness",
    "urgency of the operation, less than the highest",
    "urgency of the job, less than the highest",
    "modified due date, later than the first",
    "weighted tardiness of the queue, more than with the best candidate",
    "weighted tardiness of the others, more than with the best candidate",
    "weighted tardiness that it gains by waiting for another one",
)
"""The features; of times, the logarithm of 1 + mean operations."""
_NEVER = int(arrays.NEVER)
_OPERATION_AHEAD, _JOB_AHEAD = 2.0, 1.0
"""How many mean operations, and mean jobs, the urgencies look ahead."""


class Scratch(NamedTuple):
    """Memory for one copy at a time; what is in it does not outlive a call.

    Attributes:
        free: when machines are free, if a candidate goes first; counted from the copy's first.
        alone: when the job of each candidate ends, if it is alone from now on, (width,).
        urgency: of the operation, of the job, modified due date, (width, 3); the lowest goes first.
        order: candidates by the urgency of the operation.
        values: of each candidate: tardiness of the queue, of the others, gained by waiting.
        least: the smallest of each column of `urgency` and `values`, (6,).
    """

    free: NDArray[np.int64]
    alone: NDArray[np.int64]
    urgency: NDArray[np.float64]
    order: NDArray[np.int64]
    values: NDArray[np.float64]
    least: NDArray[np.float64]


def scratch_for(capacity: Capacity, width: int) -> Scratch:
    """Return memory for instances up to `capacity` with up to `width` candidates."""
    return Scratch(
        free=np.zeros(capacity.machines, np.int64),
        alone=np.zeros(width, np.int64),
        urgency=np.zeros((width, 3)),
        order=np.zeros(width, np.int64),
        values=np.zeros((width, 3)),
        least=np.zeros(6),
    )


@kernel
def end_alone(batch: Batch, first: int, last: int, time: int) -> int:
    """Return when the operations `first` .. `last` end, from `time` on, if no others are there."""
    for number in range(first, last):
        operation = batch.operations[number]
        calendar = batch.modes[operation.first].calendar
        time = place(batch, calendar, time, operation.least, operation.interruptible)[1]
    return time


@kernel
def squashed(value: float, scale: float) -> float:
    """Return the logarithm of 1 + |value| / scale, with the sign of the value."""
    size = min(math.log1p(abs(value) / scale), LIMIT)
    return size if value >= 0.0 else -size


@kernel
def look_at_due_dates(
    batch: Batch,
    modes: NDArray[np.int64],
    operations: NDArray[np.int64],
    count: NDArray[np.int64],
    scratch: Scratch,
    rows: NDArray[np.float32],
    column: int,
) -> None:
    """Write what each candidate means for the due dates.

    Args:
        batch: the arrays.
        modes, operations: a copy's row holds its candidates, int64 (copies, width).
        count: how many there are, (copies,).
        scratch: memory.
        rows: float32 (copies, width, features), written from `column` on.
        column: where the first of `NAMES` goes.
    """
    for copy in range(len(count)):
        _look(batch, copy, modes, operations, count[copy], scratch, rows, column)


@kernel
def _look(
    batch: Batch,
    copy: int,
    modes: NDArray[np.int64],
    operations: NDArray[np.int64],
    count: int,
    scratch: Scratch,
    rows: NDArray[np.float32],
    column: int,
) -> None:
    """Write what each candidate of a copy means for the due dates."""
    if count == 0:
        return
    scale = batch.copies[copy].scale
    _find_urgencies(batch, copy, modes, operations, count, scratch)
    soonest, first_end, quickest = _NEVER, _NEVER, _NEVER
    for index in range(count):
        mode = batch.modes[modes[copy, index]]
        soonest = min(soonest, mode.begin)
        first_end = min(first_end, mode.finish)
        quickest = min(quickest, mode.finish - _free(batch, modes[copy, index]))
        _try(batch, copy, modes, operations, count, index, scratch)
    least = scratch.least
    for kind in range(3):
        least[kind], least[3 + kind] = scratch.urgency[0, kind], scratch.values[0, kind]
        for index in range(1, count):
            least[kind] = min(least[kind], scratch.urgency[index, kind])
            least[3 + kind] = min(least[3 + kind], scratch.values[index, kind])
    for index in range(count):
        row = rows[copy, index]
        mode, chosen = batch.modes[modes[copy, index]], operations[copy, index]
        job = batch.jobs[batch.operations[chosen].job]
        alone = scratch.alone[index]
        row[column] = squashed(mode.begin - soonest, scale)
        row[column + 1] = squashed(mode.finish - first_end, scale)
        taken = mode.finish - _free(batch, modes[copy, index])
        row[column + 2] = squashed(taken - quickest, scale)
        row[column + 3] = squashed(job.due - alone, scale) if job.due < _NEVER else LIMIT
        row[column + 4] = squashed(tardiness_of(job, alone), scale)
        row[column + 5] = min(scratch.urgency[index, 0] - least[0], LIMIT)
        row[column + 6] = min(scratch.urgency[index, 1] - least[1], LIMIT)
        row[column + 7] = squashed(scratch.urgency[index, 2] - least[2], scale)
        row[column + 8] = squashed(scratch.values[index, 0] - least[3], scale)
        row[column + 9] = squashed(scratch.values[index, 1] - least[4], scale)
        row[column + 10] = squashed(scratch.values[index, 2], scale)


@kernel
def _find_urgencies(
    batch: Batch,
    copy: int,
    modes: NDArray[np.int64],
    operations: NDArray[np.int64],
    count: int,
    scratch: Scratch,
) -> None:
    """Find when the candidates' jobs end alone, how urgent they are, and their order."""
    taken, whole = 0.0, 0.0
    for index in range(count):
        mode = batch.modes[modes[copy, index]]
        chosen = operations[copy, index]
        job = batch.jobs[batch.operations[chosen].job]
        scratch.alone[index] = end_alone(batch, chosen + 1, job.last, mode.finish)
        taken += max(mode.finish - _free(batch, modes[copy, index]), 1)
        whole += max(scratch.alone[index] - mode.begin, 1)
    taken, whole = taken / count, whole / count
    for index in range(count):
        mode = batch.modes[modes[copy, index]]
        job = batch.jobs[batch.operations[operations[copy, index]].job]
        alone = scratch.alone[index]
        slack = float(max(0, job.due - alone)) if job.due < _NEVER else float(_NEVER)
        own = max(mode.finish - _free(batch, modes[copy, index]), 1)
        rest = max(alone - mode.begin, 1)
        urgency = scratch.urgency[index]
        urgency[0] = slack / (_OPERATION_AHEAD * taken) + math.log(own / job.weight)
        urgency[1] = slack / (_JOB_AHEAD * whole) + math.log(rest / job.weight)
        urgency[2] = (rest + slack) / job.weight
        before = index - 1
        while before >= 0 and scratch.urgency[scratch.order[before], 0] > urgency[0]:
            scratch.order[before + 1] = scratch.order[before]
            before -= 1
        scratch.order[before + 1] = index


@kernel
def _free(batch: Batch, mode: int) -> int:
    """Return when the machines of a mode have ended what they do."""
    free = 0
    for position in range(batch.modes[mode].first, batch.modes[mode].last):
        free = max(free, batch.machines[batch.mode_machines[position]].free)
    return free


@kernel
def _try(
    batch: Batch,
    copy: int,
    modes: NDArray[np.int64],
    operations: NDArray[np.int64],
    count: int,
    index: int,
    scratch: Scratch,
) -> None:
    """Write the `values` of one candidate."""
    own, values = batch.copies[copy], scratch.values
    added = batch.modes[modes[copy, index]]
    chosen = operations[copy, index]
    free = scratch.free
    for other in range(count):
        operation = batch.operations[operations[copy, other]]
        for mode in range(operation.first, operation.last):
            for position in range(batch.modes[mode].first, batch.modes[mode].last):
                machine = batch.mode_machines[position]
                free[machine - own.first_machine] = batch.machines[machine].free
    for position in range(added.first, added.last):
        free[batch.mode_machines[position] - own.first_machine] = added.finish
    queue, others, soonest = 0.0, 0.0, _NEVER
    for rank in range(count):
        other = scratch.order[rank]
        number = operations[copy, other]
        if number == chosen or (other > 0 and operations[copy, other - 1] == number):
            continue  # candidates of one job are listed one after another
        job = batch.jobs[batch.operations[number].job]
        rest = scratch.alone[other] - batch.modes[modes[copy, other]].finish
        end = _next_end(batch, number, free, own.first_machine)
        queue += tardiness_of(job, end + rest)
        soonest = min(soonest, batch.modes[modes[copy, other]].finish)
        late = max(batch.modes[modes[copy, other]].finish, added.finish)
        late += batch.modes[modes[copy, other]].finish - batch.modes[modes[copy, other]].begin
        others += tardiness_of(job, late + rest) - tardiness_of(job, scratch.alone[other])
    job = batch.jobs[batch.operations[chosen].job]
    values[index, 0] = queue + tardiness_of(job, scratch.alone[index])
    values[index, 1] = others
    values[index, 2] = 0.0
    if soonest < _NEVER:
        begin = max(added.begin, soonest)
        gained = tardiness_of(job, scratch.alone[index] + begin - added.begin)
        values[index, 2] = gained - tardiness_of(job, scratch.alone[index])


@kernel
def _next_end(batch: Batch, number: int, free: NDArray[np.int64], first_machine: int) -> int:
    """Return when an operation ends where it ends first, and take those machines until then."""
    operation = batch.operations[number]
    best, soonest = operation.first, _NEVER
    for mode in range(operation.first, operation.last):
        begin = batch.modes[mode].begin
        length = batch.modes[mode].finish - begin
        for position in range(batch.modes[mode].first, batch.modes[mode].last):
            begin = max(begin, free[batch.mode_machines[position] - first_machine])
        if begin + length < soonest:
            best, soonest = mode, begin + length
    for position in range(batch.modes[best].first, batch.modes[best].last):
        free[batch.mode_machines[position] - first_machine] = soonest
    return soonest
