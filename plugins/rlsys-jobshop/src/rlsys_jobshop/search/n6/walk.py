"""The compiled loop of tabu search: the best allowed N6 move, again and again.

After a move, the arcs that it turned round may not be turned back for a while. The walk goes on
from an earlier good order, shaken, when it has not improved for long.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rlsys.batched.compiled import kernel
from rlsys_jobshop.search.arrays import Ints, copy_into
from rlsys_jobshop.search.n6.graph import Graph, Shop, load, measure
from rlsys_jobshop.search.n6.moves import (
    critical_path,
    go_after,
    go_before,
    length_after,
    length_before,
    may_go_after,
    may_go_before,
)
from rlsys_jobshop.search.randomness import Stream, below, bits

PATIENCE = 8000
"""Moves without a better order since the last restart, after which the walk restarts."""
ELITE = 8
"""So many earlier orders are kept, each the best between two restarts."""
_FROM_BEST = 30
"""Percentage of restarts from the best order of all; the others are from a random kept one."""
_SHAKES = 5
"""A restart makes so many random N6 moves, and up to twice as many less one."""

NOW, BEST, CURRENT, RECENT, IMPROVED, KEPT, SLOT = range(7)
"""Indices into `Walk.numbers`: the move's number; lengths of the best order, the current one and
the best since the restart, which was found at move `IMPROVED`; how many orders are kept, and where
the one of this stretch is."""


class Walk(NamedTuple):
    """What the search remembers.

    Attributes:
        until: ``until[a, slot of b]``: up to this move, a may not be put ahead of b.
        best: the best order of all, (operations,).
        kept: good orders, (ELITE, operations).
        length: their makespans, (ELITE,).
        path: a critical path to work in, (operations,).
        numbers: see `NOW` and its neighbours.
        stream: random stream, uint64 (1,).
        tenure: least time that an arc stays forbidden, and how many values the time has, (2,).
    """

    until: Ints
    best: Ints
    kept: Ints
    length: Ints
    path: Ints
    numbers: Ints
    stream: Stream
    tenure: Ints


def empty_walk(shop: Shop, stream: Stream, tenure: Ints) -> Walk:
    """Return a memory without anything in it."""
    count = len(shop.duration) - 1
    return Walk(
        until=np.zeros((count, int(shop.slot.max()) + 1), np.int64),
        best=np.zeros(count, np.int64),
        kept=np.zeros((ELITE, count), np.int64),
        length=np.zeros(ELITE, np.int64),
        path=np.zeros(count, np.int64),
        numbers=np.zeros(7, np.int64),
        stream=stream,
        tenure=tenure,
    )


@kernel
def begin(shop: Shop, graph: Graph, walk: Walk, order: Ints) -> None:
    """Forget everything, and start from `order`."""
    walk.until[:] = 0
    walk.numbers[:] = 0
    walk.numbers[CURRENT] = load(shop, graph, order)
    walk.numbers[BEST] = walk.numbers[CURRENT] + 1
    _keep(graph, walk)


@kernel
def advance(shop: Shop, graph: Graph, walk: Walk, moves: int, target: int) -> None:
    """Make `moves` moves, fewer if an order of length `target` is found."""
    numbers = walk.numbers
    for _ in range(moves):
        if numbers[BEST] <= target:
            return
        moved = _move(shop, graph, walk, False)
        if moved and numbers[CURRENT] < numbers[RECENT]:
            _keep(graph, walk)
        if not moved or numbers[NOW] - numbers[IMPROVED] > PATIENCE:
            _restart(shop, graph, walk)


@kernel
def _keep(graph: Graph, walk: Walk) -> None:
    """Remember the current order as the best since the restart."""
    numbers = walk.numbers
    numbers[RECENT], numbers[IMPROVED] = numbers[CURRENT], numbers[NOW]
    copy_into(walk.kept[numbers[SLOT]], graph.order)
    walk.length[numbers[SLOT]] = numbers[CURRENT]
    if numbers[CURRENT] < numbers[BEST]:
        numbers[BEST] = numbers[CURRENT]
        copy_into(walk.best, graph.order)


@kernel
def _restart(shop: Shop, graph: Graph, walk: Walk) -> None:
    """Go on from a kept order after some random moves."""
    numbers, stream = walk.numbers, walk.stream
    numbers[KEPT] = min(ELITE, numbers[KEPT] + 1)
    kept = numbers[KEPT]
    source = walk.kept[below(stream, kept)]
    if below(stream, 100) < _FROM_BEST:
        source = walk.best
    numbers[CURRENT] = load(shop, graph, source)
    numbers[SLOT] = kept if kept < ELITE else 0
    if kept == ELITE:
        for index in range(ELITE):
            if walk.length[index] > walk.length[numbers[SLOT]]:
                numbers[SLOT] = index
    for _ in range(_SHAKES + below(stream, 2 * _SHAKES)):
        if not _move(shop, graph, walk, True):
            break
    _keep(graph, walk)


@kernel
def _move(shop: Shop, graph: Graph, walk: Walk, at_random: bool) -> bool:
    """Make the best move that is not forbidden, or a random one; return whether there is any.

    A forbidden move is made if it promises the best order so far; if all are forbidden, a random
    one is made. Equally good ones are drawn at random.
    """
    numbers, path, stream = walk.numbers, walk.path, walk.stream
    length = critical_path(shop, graph, numbers[CURRENT], bits(stream), path)
    best, ties = 1 << 62, 0
    best_moved, best_anchor, best_forward = -1, -1, True
    any_moved, any_anchor, any_forward, seen = -1, -1, True, 0
    final = -1
    while final + 1 < length:
        # The path is from its end: a block's last operation comes first.
        begins = final + 1
        final = begins
        while final + 1 < length and graph.before[path[final]] == path[final + 1]:
            final += 1
        for side in range(2):
            forward = side == 0
            anchor = path[begins] if forward else path[final]
            # In the path's last block nothing is won at the end, in its first at the beginning.
            if (begins == 0) if forward else (final == length - 1):
                continue
            # Both moves of a block of two are the same.
            if not forward and final == begins + 1 and begins > 0:
                continue
            for index in range(begins, final + 1):
                moved = path[index]
                if moved == anchor or not _is_possible(shop, graph, moved, anchor, forward):
                    continue
                seen += 1
                if below(stream, seen) == 0:
                    any_moved, any_anchor, any_forward = moved, anchor, forward
                if at_random:
                    continue
                value = (
                    length_after(shop, graph, moved, anchor)
                    if forward
                    else length_before(shop, graph, moved, anchor)
                )
                if value > best or (
                    value >= numbers[BEST]
                    and _is_forbidden(shop, graph, walk, moved, anchor, forward)
                ):
                    continue
                ties = 1 if value < best else ties + 1
                if ties == 1 or below(stream, ties) == 0:
                    best, best_moved, best_anchor, best_forward = value, moved, anchor, forward
    numbers[NOW] += 1
    if seen == 0:
        return False
    if best_moved < 0:
        best_moved, best_anchor, best_forward = any_moved, any_anchor, any_forward
    _make(shop, graph, walk, best_moved, best_anchor, best_forward)
    return True


@kernel
def _is_possible(shop: Shop, graph: Graph, moved: int, anchor: int, forward: bool) -> bool:
    if forward:
        return may_go_after(shop, graph, moved, anchor)
    return may_go_before(shop, graph, moved, anchor)


@kernel
def _is_forbidden(
    shop: Shop, graph: Graph, walk: Walk, moved: int, anchor: int, forward: bool
) -> bool:
    """Return whether the move would put an operation ahead of one that it may not pass."""
    now, slot = walk.numbers[NOW], shop.slot
    operation = moved
    while operation != anchor:
        operation = graph.after[operation] if forward else graph.before[operation]
        if forward and walk.until[operation, slot[moved]] > now:
            return True
        if not forward and walk.until[moved, slot[operation]] > now:
            return True
    return False


@kernel
def _make(shop: Shop, graph: Graph, walk: Walk, moved: int, anchor: int, forward: bool) -> None:
    """Make a move and forbid its opposite."""
    numbers, slot = walk.numbers, shop.slot
    until = numbers[NOW] + walk.tenure[0] + below(walk.stream, walk.tenure[1])
    operation = moved
    while operation != anchor:
        operation = graph.after[operation] if forward else graph.before[operation]
        if forward:
            walk.until[moved, slot[operation]] = until
        else:
            walk.until[operation, slot[moved]] = until
    first, final = graph.place[moved], graph.place[anchor]
    if forward:
        go_after(shop, graph, moved, anchor)
    else:
        first, final = final, first
        go_before(shop, graph, moved, anchor)
    numbers[CURRENT] = measure(shop, graph, first, final)
