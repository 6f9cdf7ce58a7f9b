"""What hill climbing over keys tries: changes of the order that may let a late job end earlier.

From the end of a job that costs something, a proposal follows what the job waited for, and stops at
an operation that waits for a machine. That operation then goes ahead of those before it on the
machine, or they go behind it; or one of them takes other machines.
"""

from __future__ import annotations

from typing import NamedTuple

from rlsys.batched.compiled import kernel
from rlsys_jobshop.search.arrays import Ints
from rlsys_jobshop.search.randomness import Stream, below
from rlsys_jobshop.simulator.batch import Batch


class Candidate(NamedTuple):
    """An order of the operations, and what is fixed about their modes.

    Attributes:
        order: operations, each after the one before it in its job, (operations,).
        place: position of each operation in `order`, (operations,).
        wish: a mode that must be taken, or -1 for the one that ends first, (operations,).
    """

    order: Ints
    place: Ints
    wish: Ints


class Current(NamedTuple):
    """The decoded schedule that proposals look at.

    Attributes:
        mode, start, end: by operation, (operations,).
        cost: of each job, (jobs,); at least 0.
    """

    mode: Ints
    start: Ints
    end: Ints
    cost: Ints


@kernel
def propose(batch: Batch, current: Current, candidate: Candidate, stream: Stream) -> int:
    """Change `candidate`, which is the current one; return the first changed place.

    If nothing changes, the number of operations is returned.
    """
    count = len(candidate.order)
    waiting, ahead = _bottleneck(batch, current, candidate, _costly_job(current, stream), stream)
    kind = below(stream, 100)
    if ahead < 0 or kind < 8:
        waiting = below(stream, count)
        target = candidate.place[waiting] - 1 - below(stream, 2 * len(batch.jobs))
        return _go_ahead(batch, candidate, waiting, max(0, target))
    if kind < 60:
        return _go_ahead(batch, candidate, waiting, candidate.place[ahead])
    if kind < 70:
        return _go_behind(batch, candidate, ahead, candidate.place[waiting])
    if kind < 80:
        return _join_family(batch, current, candidate, waiting, ahead)
    if kind < 90:
        return _change_mode(batch, candidate, waiting if kind < 85 else ahead, stream)
    return _hurry(batch, candidate, waiting, stream)


@kernel
def _costly_job(current: Current, stream: Stream) -> int:
    """Draw a job in proportion to its cost, now and then any job."""
    jobs = len(current.cost)
    total = current.cost.sum()
    if total <= 0 or below(stream, 16) == 0:
        return below(stream, jobs)
    left = int(below(stream, 1 << 30) / (1 << 30) * total)
    for job in range(jobs):
        left -= current.cost[job]
        if left < 0:
            return job
    return jobs - 1


@kernel
def _bottleneck(
    batch: Batch, current: Current, candidate: Candidate, job: int, stream: Stream
) -> tuple[int, int]:
    """Return an operation that waited for a machine, and one before it there; or (.., -1)."""
    operation = batch.jobs[job].last - 1
    for _ in range(len(candidate.order)):
        own = batch.operations[operation]
        is_first = operation == batch.jobs[own.job].first
        ready = batch.jobs[own.job].release if is_first else current.end[operation - 1]
        if current.start[operation] > ready:
            ahead = _ahead(batch, current, candidate, operation, operation)
            if ahead < 0:
                return operation, -1
            if below(stream, 3) > 0 or (is_first and below(stream, 2) == 0):
                waiting = operation
                while below(stream, 2) == 0:
                    further = _ahead(batch, current, candidate, waiting, ahead)
                    if further < 0:
                        break
                    ahead = further
                return waiting, ahead
            operation = ahead
        elif is_first:
            return operation, -1
        else:
            operation -= 1
    return operation, -1


@kernel
def _ahead(
    batch: Batch, current: Current, candidate: Candidate, operation: int, behind: int
) -> int:
    """Return the last operation before `behind` that shares a machine with `operation`, or -1."""
    mode = current.mode[operation]
    job = batch.operations[operation].job
    for place in range(candidate.place[behind] - 1, -1, -1):
        other = candidate.order[place]
        if batch.operations[other].job != job and _meet(batch, mode, current.mode[other]):
            return int(other)
    return -1


@kernel
def _meet(batch: Batch, mode: int, other: int) -> bool:
    own, its = batch.modes[mode], batch.modes[other]
    for position in range(own.first, own.last):
        for at in range(its.first, its.last):
            if batch.mode_machines[position] == batch.mode_machines[at]:
                return True
    return False


@kernel
def _go_ahead(batch: Batch, candidate: Candidate, operation: int, target: int) -> int:
    """Move an operation to an earlier place, and those of its job before it ahead with it."""
    order, place = candidate.order, candidate.place
    final = place[operation]
    if target >= final:
        return len(order)
    job = batch.operations[operation].job
    write = final
    earliest = operation
    for read in range(final, target - 1, -1):
        other = order[read]
        if batch.operations[other].job == job:
            earliest = other
        else:
            order[write], place[other] = other, write
            write -= 1
    for other in range(operation, earliest - 1, -1):
        order[write], place[other] = other, write
        write -= 1
    return target


@kernel
def _go_behind(batch: Batch, candidate: Candidate, operation: int, target: int) -> int:
    """Move an operation to a later place, and those of its job after it behind with it."""
    order, place = candidate.order, candidate.place
    first = place[operation]
    if target <= first:
        return len(order)
    job = batch.operations[operation].job
    write = first
    latest = operation
    for read in range(first, target + 1):
        other = order[read]
        if batch.operations[other].job == job:
            latest = other
        else:
            order[write], place[other] = other, write
            write += 1
    for other in range(operation, latest + 1):
        order[write], place[other] = other, write
        write += 1
    return int(first)


@kernel
def _join_family(
    batch: Batch, current: Current, candidate: Candidate, waiting: int, ahead: int
) -> int:
    """Move an operation right behind one of its family on its machine: that saves a setup."""
    family = batch.operations[waiting].family
    other = ahead
    while other >= 0 and batch.operations[other].family != family:
        other = _ahead(batch, current, candidate, waiting, other)
    if other < 0:
        return len(candidate.order)
    return _go_ahead(batch, candidate, waiting, candidate.place[other] + 1)


@kernel
def _change_mode(batch: Batch, candidate: Candidate, operation: int, stream: Stream) -> int:
    """Fix a random mode, or let the one be taken that ends first."""
    own = batch.operations[operation]
    modes = own.last - own.first
    if modes == 1:
        return len(candidate.order)
    wish = own.first + below(stream, modes)
    if candidate.wish[operation] >= 0 and below(stream, 2) == 0:
        wish = -1
    if wish == candidate.wish[operation]:
        return len(candidate.order)
    candidate.wish[operation] = wish
    return int(candidate.place[operation])


@kernel
def _hurry(batch: Batch, candidate: Candidate, operation: int, stream: Stream) -> int:
    """Move all operations of a job ahead, each by the same number of places."""
    job = batch.operations[operation].job
    step = 1 + below(stream, 2 * len(batch.jobs))
    changed = len(candidate.order)
    for other in range(batch.jobs[job].first, batch.jobs[job].last):
        target = max(0, candidate.place[other] - step)
        if other > batch.jobs[job].first:
            target = max(target, candidate.place[other - 1] + 1)
        changed = min(changed, _go_ahead(batch, candidate, other, target))
    return changed
