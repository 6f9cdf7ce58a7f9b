"""The N6 moves of Balas and Vazacopoulos: an operation leaves its place in a critical block.

It goes right after the last operation of the block or right before the first one
("Guided local search with shifting bottleneck for job shop scheduling", Management Science 1998).
A block is a longest run of operations on a critical path that follow each other on one machine.
"""

from __future__ import annotations

from rlsys.batched.compiled import kernel
from rlsys_jobshop.search.arrays import Ints
from rlsys_jobshop.search.n6.graph import Graph, Shop


@kernel
def may_go_after(shop: Shop, graph: Graph, moved: int, last: int) -> bool:
    """Return whether `moved` may go right after `last` without closing a cycle, for certain.

    A cycle needs a path from the job's next operation to `last`; then the rest of that next
    operation is at least its duration and the rest of `last`.
    """
    following = shop.job_after[moved]
    rest = graph.rest[following] - shop.duration[following]
    return bool(following != last and rest < graph.rest[last])


@kernel
def may_go_before(shop: Shop, graph: Graph, moved: int, first: int) -> bool:
    """Return whether `moved` may go right before `first` without closing a cycle, for certain."""
    previous = shop.job_before[moved]
    start = graph.end[previous] - shop.duration[previous]
    return bool(previous != first and start < graph.end[first])


@kernel
def length_after(shop: Shop, graph: Graph, moved: int, last: int) -> int:
    """Estimate the makespan with `moved` right after `last`.

    It is the longest path through one of the operations that change places, as if nothing before
    or after them changed (section 4 of Balas and Vazacopoulos).
    """
    duration, end, rest = shop.duration, graph.end, graph.rest
    ends = graph.scratch[0]
    free = end[graph.before[moved]]
    operation = moved
    while operation != last:
        operation = graph.after[operation]
        free = max(free, end[shop.job_before[operation]]) + duration[operation]
        ends[operation] = free
    ends[moved] = max(free, end[shop.job_before[moved]]) + duration[moved]
    tail = max(rest[graph.after[last]], rest[shop.job_after[moved]])
    longest = ends[moved] + tail
    tail += duration[moved]
    operation = last
    while operation != moved:
        tail = max(tail, rest[shop.job_after[operation]])
        longest = max(longest, ends[operation] + tail)
        tail += duration[operation]
        operation = graph.before[operation]
    return int(longest)


@kernel
def length_before(shop: Shop, graph: Graph, moved: int, first: int) -> int:
    """Estimate the makespan with `moved` right before `first`, as `length_after` does."""
    duration, end, rest = shop.duration, graph.end, graph.rest
    rests = graph.scratch[0]
    tail = rest[graph.after[moved]]
    operation = moved
    while operation != first:
        operation = graph.before[operation]
        tail = max(tail, rest[shop.job_after[operation]]) + duration[operation]
        rests[operation] = tail
    rests[moved] = max(tail, rest[shop.job_after[moved]]) + duration[moved]
    free = max(end[graph.before[first]], end[shop.job_before[moved]])
    longest = rests[moved] + free
    free += duration[moved]
    operation = first
    while operation != moved:
        free = max(free, end[shop.job_before[operation]])
        longest = max(longest, rests[operation] + free)
        free += duration[operation]
        operation = graph.after[operation]
    return int(longest)


@kernel
def go_after(shop: Shop, graph: Graph, moved: int, last: int) -> None:
    """Put `moved` right after `last` on their machine; the longest paths stay as they were.

    Places in the order change only between the two: what hangs on `moved` goes behind `last`.
    """
    before, after, order, place = graph.before, graph.after, graph.order, graph.place
    count = len(order)
    _unlink(graph, moved)
    behind = after[last]
    after[last], before[moved], after[moved] = moved, last, behind
    if behind < count:
        before[behind] = moved
    held, hangs = graph.scratch[0], graph.scratch[1]
    first, final = place[moved], place[last]
    hangs[moved] = 1
    held[0] = moved
    waiting, free = 1, first
    for position in range(first + 1, final + 1):
        operation = order[position]
        if hangs[shop.job_before[operation]] or hangs[before[operation]]:
            hangs[operation] = 1
            held[waiting] = operation
            waiting += 1
        else:
            order[free] = operation
            place[operation] = free
            free += 1
    for index in range(waiting):
        operation = held[index]
        hangs[operation] = 0
        order[free + index] = operation
        place[operation] = free + index


@kernel
def go_before(shop: Shop, graph: Graph, moved: int, first: int) -> None:
    """Put `moved` right before `first` on their machine, as `go_after` does."""
    before, after, order, place = graph.before, graph.after, graph.order, graph.place
    count = len(order)
    _unlink(graph, moved)
    ahead = before[first]
    before[first], after[moved], before[moved] = moved, first, ahead
    if ahead < count:
        after[ahead] = moved
    held, needed = graph.scratch[0], graph.scratch[1]
    start, final = place[first], place[moved]
    needed[moved] = 1
    held[0] = moved
    waiting, free = 1, final
    for position in range(final - 1, start - 1, -1):
        operation = order[position]
        if needed[shop.job_after[operation]] or needed[after[operation]]:
            needed[operation] = 1
            held[waiting] = operation
            waiting += 1
        else:
            order[free] = operation
            place[operation] = free
            free -= 1
    for index in range(waiting):
        operation = held[index]
        needed[operation] = 0
        order[free - index] = operation
        place[operation] = free - index


@kernel
def _unlink(graph: Graph, moved: int) -> None:
    count = len(graph.order)
    ahead, behind = graph.before[moved], graph.after[moved]
    if ahead < count:
        graph.after[ahead] = behind
    if behind < count:
        graph.before[behind] = ahead


@kernel
def critical_path(shop: Shop, graph: Graph, makespan: int, draw: int, path: Ints) -> int:
    """Write a critical path into `path`, from its end; return how many operations it has.

    Args:
        draw: random bits; they decide where two paths are equally long.
        path: int64 (operations,).
    """
    count = len(graph.order)
    operation = count
    for place in range(count - 1, -1, -1):
        if graph.end[graph.order[place]] == makespan:
            operation = graph.order[place]
            break
    length = 0
    while operation < count:
        path[length] = operation
        length += 1
        start = graph.end[operation] - shop.duration[operation]
        if start == 0:
            break
        by_job, by_machine = shop.job_before[operation], graph.before[operation]
        take_job = graph.end[by_job] == start
        if take_job and graph.end[by_machine] == start:
            take_job = (draw >> (length & 31)) & 1 == 1
        operation = by_job if take_job else by_machine
    return length
