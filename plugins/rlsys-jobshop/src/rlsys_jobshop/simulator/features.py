"""What a policy sees of each candidate, in numbers that do not depend on the size of the shop.

Times are divided by the instance's mean operation, or by how long the schedule will at least still
take. All numbers are cut to -`LIMIT` .. `LIMIT`. `NAMES` lists the columns.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rlsys.batched.compiled import kernel
from rlsys_jobshop.simulator import batch as arrays
from rlsys_jobshop.simulator.batch import Batch
from rlsys_jobshop.simulator.bounds import makespan_bound
from rlsys_jobshop.simulator.timing import setup_time

NAMES = (
    "present",
    "duration",
    "start after the earliest start",
    "end after the earliest end",
    "wait of the job",
    "idle time of the machine",
    "setup",
    "pauses",
    "slower than its fastest machine",
    "later than on its best machine",
    "work after",
    "work after, share of the longest",
    "operations after, share of the most",
    "slack to the bound",
    "slack to the bound, share of the time left",
    "load of the machine",
    "queue of the machine",
    "bound on the other jobs if it goes first",
    "bound on the machine if it goes first",
    "slack to the due date",
    "importance",
    "candidates",
    "progress",
    "next duration",
    "next machine free after its end",
    "load of the next machine",
    "queue of the next machine",
    "work before the busiest machine",
    "load of the busiest machine",
)
LIMIT = 8.0
_NEVER = int(arrays.NEVER)


@kernel
def describe(
    batch: Batch,
    copy: int,
    modes: NDArray[np.int64],
    operations: NDArray[np.int64],
    count: int,
    rows: NDArray[np.float32],
) -> None:
    """Write the features of a copy's candidates.

    Args:
        batch: the arrays.
        copy: the copy.
        modes, operations: row `copy` holds its candidates, int64 (copies, width).
        count: how many there are.
        rows: row `copy` receives (width, features), float32; what lies after `count` becomes 0.
    """
    rows[copy, count:] = 0.0
    if count == 0:
        return
    own = batch.copies[copy]
    scale = own.scale
    bound = makespan_bound(batch, copy)
    longest, most_left = 1.0, 1.0
    for number in range(own.first_job, own.first_job + own.jobs):
        job = batch.jobs[number]
        if job.next < job.last:
            longest = max(longest, float(batch.operations[job.next].tail))
            most_left = max(most_left, float(job.last - job.next))
    soonest, first_end = batch.modes[modes[copy, 0]].begin, batch.modes[modes[copy, 0]].finish
    # The two largest needs and smallest tails say what remains when one candidate goes first.
    need_1, need_2, tail_1, tail_2 = -1.0, -1.0, np.inf, np.inf
    for index in range(count):
        mode = batch.modes[modes[copy, index]]
        soonest = min(soonest, mode.begin)
        first_end = min(first_end, mode.finish)
        tail = float(batch.operations[operations[copy, index]].tail)
        need = mode.duration + tail
        if need > need_1:
            need_1, need_2 = need, need_1
        elif need > need_2:
            need_2 = need
        if tail < tail_1:
            tail_1, tail_2 = tail, tail_1
        elif tail < tail_2:
            tail_2 = tail
    rest = max(bound - soonest, scale)
    for index in range(count):
        row = rows[copy, index]
        mode = batch.modes[modes[copy, index]]
        operation = batch.operations[operations[copy, index]]
        job = batch.jobs[operation.job]
        first_machine = batch.mode_machines[mode.first]
        machine = batch.machines[first_machine]
        duration, tail, end = float(mode.duration), float(operation.tail), float(mode.finish)
        best_end = end
        for other in range(operation.first, operation.last):
            best_end = min(best_end, float(batch.modes[other].finish))
        row[0] = 1.0
        row[1] = duration / scale
        row[2] = (mode.begin - soonest) / scale
        row[3] = (end - first_end) / scale
        row[4] = (mode.begin - job.ready) / scale
        row[5] = (mode.begin - machine.free) / scale
        row[6] = setup_time(batch, first_machine, operation.family) / scale
        row[7] = (end - mode.begin - duration) / scale
        row[8] = (duration - operation.least) / scale
        row[9] = (end - best_end) / scale
        row[10] = tail / scale / 4.0
        row[11] = tail / longest
        row[12] = (job.last - job.next - 1) / most_left
        row[13] = (bound - end - tail) / scale
        row[14] = (bound - end - tail) / rest
        row[15] = machine.load / rest
        row[16] = machine.queue / 4.0
        others = need_2 if duration + tail == need_1 else need_1
        row[17] = (end + others - bound) / scale if count > 1 else -1.0
        other_tail = tail_2 if tail == tail_1 else tail_1
        row[18] = (
            (end + machine.load - duration + other_tail - bound) / scale if count > 1 else -1.0
        )
        row[19] = (job.due - end - tail) / scale / 4.0 if job.due < _NEVER else LIMIT
        row[20] = 1.0 if job.weight > 1 else 0.0
        row[21] = count / 8.0
        row[22] = own.decided / own.operations
        _look_ahead(batch, copy, operations[copy, index], end, rest, rows, index)
        for column in range(1, row.shape[0]):
            row[column] = min(max(row[column], -LIMIT), LIMIT)


@kernel
def _look_ahead(
    batch: Batch,
    copy: int,
    operation: int,
    end: float,
    rest: float,
    rows: NDArray[np.float32],
    index: int,
) -> None:
    """Write what awaits the job after this operation."""
    row = rows[copy, index]
    following, last = operation + 1, batch.jobs[batch.operations[operation].job].last
    if following == last:
        row[23:29] = 0.0
        return
    scale = batch.copies[copy].scale
    machine = batch.machines[_machine_for(batch, following)]
    row[23] = batch.operations[following].least / scale
    row[24] = (machine.free - end) / scale
    row[25] = machine.load / rest
    row[26] = machine.queue / 4.0
    before, work, highest = 0.0, 0.0, -1.0
    for later in range(following, last):
        first_mode = batch.modes[batch.operations[later].first]
        load = batch.machines[batch.mode_machines[first_mode.first]].load
        if load > highest:
            highest, before = load, work
        work += batch.operations[later].least
    row[27] = before / scale / 4.0
    row[28] = highest / rest


@kernel
def _machine_for(batch: Batch, number: int) -> int:
    """Return the machine on which an operation could be done first, as far as is known."""
    operation = batch.operations[number]
    best, best_end = -1, 0
    for mode in range(operation.first, operation.last):
        machine = batch.mode_machines[batch.modes[mode].first]
        end = batch.machines[machine].free + batch.modes[mode].duration
        if best < 0 or end < best_end:
            best, best_end = machine, end
    return best
