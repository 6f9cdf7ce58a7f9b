"""Writes the parts of a flat view: the whole schedule, its machines, its candidates.

Each function writes into row `copy` of `out`, from column `first` on, in the order of
`rlsys_jobshop.env.views.layout`. `now` is the earliest start of a candidate. `rest` is how long the
schedule will at least still take from then on, at least one mean operation.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from rlsys.batched.compiled import kernel
from rlsys_jobshop.rules.priorities import ATC_LOOK_AHEAD
from rlsys_jobshop.simulator import batch as arrays
from rlsys_jobshop.simulator.batch import Batch
from rlsys_jobshop.simulator.features import LIMIT

_NEVER = int(arrays.NEVER)
_SHORTEST = math.exp(-LIMIT)


@kernel
def cut(value: float, low: float) -> float:
    """Return the value cut to low .. `LIMIT`."""
    return min(max(value, low), LIMIT)


@kernel
def write_whole(
    batch: Batch,
    copy: int,
    count: int,
    now: float,
    rest: float,
    busiest: bool,
    out: NDArray[np.float32],
) -> None:
    """Write what is known about the whole schedule, from column 0 on.

    Args:
        batch, copy, now, rest, out: see the module.
        count: number of candidates.
        busiest: whether the largest load is written too.
    """
    own, row = batch.copies[copy], out[copy]
    unfinished, late, longest, dated, slacks = 0, 0, 0.0, 0, 0.0
    for number in range(own.first_job, own.first_job + own.jobs):
        job = batch.jobs[number]
        if job.next < job.last:
            unfinished += 1
            longest = max(longest, float(job.work))
            if job.due < _NEVER:
                slack = float(job.due - job.ready - job.work)
                dated += 1
                late += slack < 0.0
                slacks += cut(slack / own.scale / 4.0, -LIMIT)
    load, largest = 0.0, 0.0
    for number in range(own.first_machine, own.first_machine + own.machines):
        load += batch.machines[number].load
        largest = max(largest, batch.machines[number].load)
    row[0] = own.decided / own.operations
    row[1] = cut(count / 8.0, 0.0)
    row[2] = now / (now + rest)
    row[3] = unfinished / own.jobs
    row[4] = cut(rest / own.scale / 16.0, 0.0)
    row[5] = cut(longest / rest, 0.0)
    row[6] = cut(load / own.machines / rest, 0.0)
    row[7] = late / unfinished if unfinished > 0 else 0.0
    row[8] = slacks / dated if dated > 0 else LIMIT
    if busiest:
        row[9] = cut(largest / rest, 0.0)


@kernel
def write_machines(
    batch: Batch,
    copy: int,
    first: int,
    now: float,
    rest: float,
    places: NDArray[np.int64],
    out: NDArray[np.float32],
) -> None:
    """Write each machine into its place; `places` are int64 (copies, machines), -1 is none."""
    own, row = batch.copies[copy], out[copy]
    for number in range(own.machines):
        place = places[copy, number]
        if place >= 0:
            machine = batch.machines[own.first_machine + number]
            column = first + 3 * place
            row[column] = cut((machine.free - now) / own.scale, -LIMIT)
            row[column + 1] = cut(machine.load / rest, 0.0)
            row[column + 2] = cut(machine.queue / 4.0, 0.0)


@kernel
def write_groups(
    batch: Batch,
    copy: int,
    first: int,
    now: float,
    rest: float,
    places: NDArray[np.int64],
    sizes: NDArray[np.int64],
    out: NDArray[np.float32],
) -> None:
    """Write each group of machines; `sizes` are their numbers of machines, int64 (copies, groups).

    A group shows when its first machine is free, mean and largest load, and mean queue.
    """
    own, row = batch.copies[copy], out[copy]
    for group in range(sizes.shape[1]):
        if sizes[copy, group] > 0:
            row[first + 4 * group] = LIMIT
    for number in range(own.machines):
        machine = batch.machines[own.first_machine + number]
        group = places[copy, number]
        column, size = first + 4 * group, sizes[copy, group]
        free, load = cut((machine.free - now) / own.scale, -LIMIT), machine.load / rest
        row[column] = min(row[column], np.float32(free))
        row[column + 1] += load / size
        row[column + 2] = max(row[column + 2], np.float32(load))
        row[column + 3] += machine.queue / 4.0 / size
    for group in range(sizes.shape[1]):
        for column in range(first + 4 * group + 1, first + 4 * group + 4):
            row[column] = cut(row[column], 0.0)


@kernel
def slack_to_bound(batch: Batch, copy: int, mode: int, operation: int, bound: float) -> float:
    """Return by how much the rest of the job may slip before the bound on the makespan rises."""
    end = batch.modes[mode].finish + batch.operations[operation].tail
    return cut((bound - end) / batch.copies[copy].scale, -LIMIT)


@kernel
def slack_to_due(batch: Batch, copy: int, mode: int, operation: int) -> float:
    """Return how long before its due date the job ends at best; `LIMIT` without a due date."""
    due = batch.jobs[batch.operations[operation].job].due
    if due == _NEVER:
        return LIMIT
    end = batch.modes[mode].finish + batch.operations[operation].tail
    return cut((due - end) / batch.copies[copy].scale / 4.0, -LIMIT)


@kernel
def tardiness_urgency(batch: Batch, copy: int, mode: int, operation: int) -> float:
    """Return minus the logarithm of the apparent tardiness cost (Vepsalainen and Morton, 1987).

    With weight w, duration p, slack s and the copy's scale for the mean duration it is
    ``max(0, s) / (k * scale) - ln(w * scale / p)``; k is `ATC_LOOK_AHEAD`. A job without due date
    has no cost, so `LIMIT`.
    """
    job = batch.jobs[batch.operations[operation].job]
    if job.due == _NEVER:
        return LIMIT
    scale = batch.copies[copy].scale
    end = batch.modes[mode].finish + batch.operations[operation].tail
    waiting = max(0.0, float(job.due - end)) / (ATC_LOOK_AHEAD * scale)
    length = max(batch.modes[mode].duration / scale, _SHORTEST)
    return cut(waiting + math.log(length / job.weight), -LIMIT)
