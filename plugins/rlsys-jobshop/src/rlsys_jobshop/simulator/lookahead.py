"""What each candidate would do to the machines: bounds from schedules of one machine alone.

If only one machine had a capacity, its best schedule that may interrupt work would be Jackson's
(1955): of what has arrived, always do what has the longest way to go. Its length is a lower bound
on the makespan, and J. Carlier and E. Pinson (1989) decide job shops with it. Here every candidate
is tried: it is added to the schedule, what it delays is moved, and the bounds of the machines that
notice are computed anew. They are bounds where no operation has a choice of machines. Elsewhere
they are estimates, for which the work is divided among the machines. Breaks and setups do not
count.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rlsys.batched.compiled import kernel
from rlsys_jobshop.simulator.batch import Batch, Capacity
from rlsys_jobshop.simulator.features import LIMIT

NAMES = (
    "highest bound",
    "highest bound, share of the time left",
    "highest bound, more than with the best candidate",
    "high bounds, more than with the best candidate",
    "many bounds, more than with the best candidate",
    "all bounds, more than with the best candidate",
    "bounds that grow",
    "own machine before",
    "own machine after",
    "next machine after",
)
"""The features, in mean operations unless they say otherwise."""
_HIGH, _MANY = 60, 15
"""The exponents of the norms: the larger, the less do low bounds count."""


class Scratch(NamedTuple):
    """Memory for one copy at a time; what is in it does not outlive a call.

    Attributes:
        head, moved: earliest starts of the copy's operations, (operations,): now, and with a
            candidate.
        machine: the machine on which each is expected, counted from the copy's first.
        end_of_job: the operation after the last one of its job.
        work, tail: duration on the expected machine, and that of the rest of its job.
        changed: the operations whose `moved` is not their `head`.
        queue: the operations of each machine, machine by machine, by `head`.
        first: where a machine's operations begin in `queue`, (machines + 1,).
        order, rest: one machine's operations in order of arrival, and the work left of each.
        bound, other: the bounds of the machines: now, and with a candidate, (machines,).
        touched: whether a machine notices the candidate.
        values: per candidate: highest bound, the two norms, the sum, how many grow, own and next.
    """

    head: NDArray[np.float64]
    moved: NDArray[np.float64]
    machine: NDArray[np.int64]
    end_of_job: NDArray[np.int64]
    work: NDArray[np.float64]
    tail: NDArray[np.float64]
    changed: NDArray[np.int64]
    queue: NDArray[np.int64]
    first: NDArray[np.int64]
    order: NDArray[np.int64]
    rest: NDArray[np.float64]
    bound: NDArray[np.float64]
    other: NDArray[np.float64]
    touched: NDArray[np.bool_]
    values: NDArray[np.float64]


def scratch_for(capacity: Capacity, width: int) -> Scratch:
    """Return memory for instances up to `capacity` with up to `width` candidates."""
    operations, machines = capacity.operations, capacity.machines
    return Scratch(
        head=np.zeros(operations),
        moved=np.zeros(operations),
        machine=np.zeros(operations, np.int64),
        end_of_job=np.zeros(operations, np.int64),
        work=np.zeros(operations),
        tail=np.zeros(operations),
        changed=np.zeros(operations, np.int64),
        queue=np.zeros(operations, np.int64),
        first=np.zeros(machines + 1, np.int64),
        order=np.zeros(operations, np.int64),
        rest=np.zeros(operations),
        bound=np.zeros(machines),
        other=np.zeros(machines),
        touched=np.zeros(machines, np.bool_),
        values=np.zeros((width, 7)),
    )


@kernel
def look_ahead(
    batch: Batch,
    modes: NDArray[np.int64],
    operations: NDArray[np.int64],
    count: NDArray[np.int64],
    scratch: Scratch,
    rows: NDArray[np.float32],
    column: int,
) -> None:
    """Write what each candidate would do to the machines.

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
    """Write what each candidate of a copy would do to the machines."""
    if count == 0:
        return
    own = batch.copies[copy]
    _expect_machines(batch, copy, scratch)
    _find_heads(batch, copy, scratch)
    _fill_queues(batch, copy, scratch)
    highest = 0.0
    for machine in range(own.machines):
        scratch.bound[machine] = _one_machine(machine, -1, scratch.head, scratch)
        highest = max(highest, scratch.bound[machine])
    soonest = batch.modes[modes[copy, 0]].begin
    for index in range(count):
        soonest = min(soonest, batch.modes[modes[copy, index]].begin)
        _try(batch, copy, modes[copy, index], operations[copy, index], index, scratch)
    scale, left = own.scale, max(highest - soonest, own.scale)
    values = scratch.values
    for index in range(count):
        row = rows[copy, index]
        row[column] = (values[index, 0] - highest) / scale
        row[column + 1] = (values[index, 0] - highest) / left * 4.0
        for kind in range(4):
            least = values[0, kind]
            for other in range(1, count):
                least = min(least, values[other, kind])
            row[column + 2 + kind] = (values[index, kind] - least) / scale
        row[column + 6] = values[index, 4] / own.machines
        first = batch.mode_machines[batch.modes[modes[copy, index]].first] - own.first_machine
        row[column + 7] = (scratch.bound[first] - highest) / scale
        row[column + 8] = (values[index, 5] - highest) / scale
        row[column + 9] = (values[index, 6] - highest) / scale
        for feature in range(column, column + 10):
            row[feature] = min(max(row[feature], -LIMIT), LIMIT)


@kernel
def _expect_machines(batch: Batch, copy: int, scratch: Scratch) -> None:
    """Find on which machine each operation that is left is expected.

    Those without a choice come first, then the others, by job, each where it would end first if all
    that is expected so far were done before.
    """
    own = batch.copies[copy]
    base = batch.jobs[own.first_job].first
    until, machines = scratch.other, batch.mode_machines
    for machine in range(own.machines):
        until[machine] = batch.machines[own.first_machine + machine].free
    for choice in (False, True):
        for number in range(own.first_job, own.first_job + own.jobs):
            for operation in range(batch.jobs[number].next, batch.jobs[number].last):
                first, last = batch.operations[operation].first, batch.operations[operation].last
                if (last - first > 1) != choice:
                    continue
                best, soonest = first, np.inf
                for mode in range(first, last):
                    machine = machines[batch.modes[mode].first] - own.first_machine
                    end = until[machine] + batch.modes[mode].duration
                    if end < soonest:
                        best, soonest = mode, end
                machine = machines[batch.modes[best].first] - own.first_machine
                until[machine] = soonest
                scratch.machine[operation - base] = machine
                scratch.work[operation - base] = batch.modes[best].duration


@kernel
def _find_heads(batch: Batch, copy: int, scratch: Scratch) -> None:
    """Find when each operation that is left could start, if its job were alone."""
    own = batch.copies[copy]
    base = batch.jobs[own.first_job].first
    for number in range(own.first_job, own.first_job + own.jobs):
        job = batch.jobs[number]
        time = float(job.ready)
        for operation in range(job.next, job.last):
            local = operation - base
            machine = own.first_machine + scratch.machine[local]
            time = max(time, float(batch.machines[machine].free))
            scratch.head[local] = time
            scratch.moved[local] = time
            scratch.end_of_job[local] = job.last - base
            time += scratch.work[local]
        tail = 0.0
        for operation in range(job.last - 1, job.next - 1, -1):
            scratch.tail[operation - base] = tail
            tail += scratch.work[operation - base]


@kernel
def _fill_queues(batch: Batch, copy: int, scratch: Scratch) -> None:
    """Sort the operations that are left by machine, and each machine's by head."""
    own = batch.copies[copy]
    base = batch.jobs[own.first_job].first
    first, queue, head = scratch.first, scratch.queue, scratch.head
    first[: own.machines + 1] = 0
    for number in range(own.first_job, own.first_job + own.jobs):
        for operation in range(batch.jobs[number].next - base, batch.jobs[number].last - base):
            first[scratch.machine[operation] + 1] += 1
    for machine in range(own.machines):
        first[machine + 1] += first[machine]
    # `first` becomes where the next one goes, so in the end it is where the next machine begins.
    for number in range(own.first_job, own.first_job + own.jobs):
        for operation in range(batch.jobs[number].next - base, batch.jobs[number].last - base):
            machine = scratch.machine[operation]
            queue[first[machine]] = operation
            first[machine] += 1
    for machine in range(own.machines, 0, -1):
        first[machine] = first[machine - 1]
    first[0] = 0
    for machine in range(own.machines):
        for position in range(first[machine] + 1, first[machine + 1]):
            moving, before = queue[position], position - 1
            while before >= first[machine] and head[queue[before]] > head[moving]:
                queue[before + 1] = queue[before]
                before -= 1
            queue[before + 1] = moving


@kernel
def _one_machine(machine: int, without: int, head: NDArray[np.float64], scratch: Scratch) -> float:
    """Return the length of Jackson's schedule of one machine.

    Args:
        machine: counted from the copy's first.
        without: an operation that does not count, counted from the copy's first; -1: all count.
        head: earliest starts.
        scratch: has the operations of each machine; `order` and `rest` are written.
    """
    order, rest, tail = scratch.order, scratch.rest, scratch.tail
    size = 0
    for position in range(scratch.first[machine], scratch.first[machine + 1]):
        operation = scratch.queue[position]
        if operation == without:
            continue
        before = size - 1
        while before >= 0 and head[order[before]] > head[operation]:
            order[before + 1] = order[before]
            before -= 1
        order[before + 1] = operation
        rest[operation] = scratch.work[operation]
        size += 1
    # The first `here` places of `order` hold what has arrived and is not yet done, by tail.
    bound, time, here, upcoming = 0.0, 0.0, 0, 0
    while here > 0 or upcoming < size:
        if here == 0:
            time = max(time, head[order[upcoming]])
        while upcoming < size and head[order[upcoming]] <= time:
            arrived, before = order[upcoming], here - 1
            while before >= 0 and tail[order[before]] > tail[arrived]:
                order[before + 1] = order[before]
                before -= 1
            order[before + 1] = arrived
            here += 1
            upcoming += 1
        operation = order[here - 1]
        until = time + rest[operation]
        if upcoming < size and head[order[upcoming]] < until:
            rest[operation] -= head[order[upcoming]] - time
            time = head[order[upcoming]]
            continue
        time = until
        bound = max(bound, time + tail[operation])
        here -= 1
    return bound


@kernel
def _try(batch: Batch, copy: int, mode: int, number: int, index: int, scratch: Scratch) -> None:
    """Write the `values` of one candidate."""
    own, chosen = batch.copies[copy], batch.modes[mode]
    base = batch.jobs[own.first_job].first
    added, end = number - base, float(chosen.finish)
    following, last = added + 1, scratch.end_of_job[added]
    scratch.touched[: own.machines] = False
    scratch.touched[scratch.machine[added]] = True
    changes = 0
    if following < last:
        changes = _delay(following, end, changes, scratch)
    for position in range(chosen.first, chosen.last):
        machine = batch.mode_machines[position] - own.first_machine
        for place in range(scratch.first[machine], scratch.first[machine + 1]):
            operation = scratch.queue[place]
            if operation != added and scratch.moved[operation] < end:
                changes = _delay(operation, end, changes, scratch)
    ready = end + scratch.tail[added]
    largest, total, grown = max(ready, float(own.latest)), 0.0, 0.0
    for machine in range(own.machines):
        bound = scratch.bound[machine]
        if scratch.touched[machine]:
            bound = _one_machine(machine, added, scratch.moved, scratch)
            if bound > scratch.bound[machine]:
                grown += 1.0
        scratch.other[machine] = bound
        largest = max(largest, bound)
        total += bound
    for place in range(changes):
        scratch.moved[scratch.changed[place]] = scratch.head[scratch.changed[place]]
    high, many = 0.0, 0.0
    for machine in range(own.machines):
        share = scratch.other[machine] / max(largest, 1.0)
        many += share**_MANY
        high += share**_HIGH
    values = scratch.values
    values[index, 0] = largest
    values[index, 1] = largest * max(high, 1e-9) ** (1.0 / _HIGH)
    values[index, 2] = largest * max(many, 1e-9) ** (1.0 / _MANY)
    values[index, 3] = total / own.machines
    values[index, 4] = grown
    first = batch.mode_machines[chosen.first] - own.first_machine
    values[index, 5] = max(ready, scratch.other[first])
    values[index, 6] = scratch.other[scratch.machine[following]] if following < last else ready


@kernel
def _delay(operation: int, time: float, changes: int, scratch: Scratch) -> int:
    """Let an operation start at `time` at the earliest, and the rest of its job after it.

    Args:
        operation: counted from the copy's first.
        time: when it can start.
        changes: how many places of `changed` are in use.
        scratch: `moved`, `touched` and `changed` are written.

    Returns:
        How many places of `changed` are in use then.
    """
    for later in range(operation, scratch.end_of_job[operation]):
        if time <= scratch.moved[later]:
            break
        if scratch.moved[later] == scratch.head[later]:
            scratch.changed[changes] = later
            changes += 1
        scratch.moved[later] = time
        scratch.touched[scratch.machine[later]] = True
        time += scratch.work[later]
    return changes
