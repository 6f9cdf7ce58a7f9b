"""Choose the layers of a backward recursion to keep, so that walking forward needs little memory.

Walking an optimal schedule forward needs the layers in the reverse order of their computation.
Only some layers are kept, the checkpoints. The layers between two checkpoints are computed again,
in memory that all such segments share. With T layers of equal size that takes memory for about
2 sqrt(T) layers and twice the computation. (Griewank, "Achieving Logarithmic Growth of Temporal and
Spatial Complexity in Reverse Automatic Differentiation", Optimization Methods and Software 1(1),
1992, saves more memory for more computation.) Layers here differ in size by orders of magnitude, so
checkpoints are placed where layers are small.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rlsys.batched.compiled import compiled
from rlsys_rtos.arrays import Ints

Floats = NDArray[np.float64]

_HALVINGS = 40


@compiled
def _cheapest(size: Floats, most: float, previous: Ints) -> float:
    """Find the checkpoints of the least total size with at most `most` between neighbours.

    The first and the last layer are checkpoints. Writes to `previous` (T,), for each tick, the
    checkpoint before it if the tick were a checkpoint itself; returns the total. The candidates are
    in a sliding window, a monotone queue ordered by cost, so its head is the cheapest.
    """
    ticks = len(size)
    before = np.zeros(ticks + 1)
    for tick in range(ticks):
        before[tick + 1] = before[tick] + size[tick]
    cost = np.zeros(ticks)
    cost[0] = size[0]
    queue = np.zeros(ticks, np.int64)
    head, tail = 0, 0
    for tick in range(1, ticks):
        while tail > head and cost[queue[tail - 1]] >= cost[tick - 1]:
            tail -= 1
        queue[tail] = tick - 1
        tail += 1
        # Nothing is between neighbours, so the window is never empty.
        while queue[head] < tick - 1 and before[tick] - before[queue[head] + 1] > most:
            head += 1
        previous[tick] = queue[head]
        cost[tick] = size[tick] + cost[queue[head]]
    return float(cost[ticks - 1])


def _between(size: Floats, ticks: Ints) -> float:
    """Return the largest total size of the layers between two neighbouring checkpoints."""
    before = np.concatenate(([0.0], np.cumsum(size)))
    return float((before[ticks[1:]] - before[ticks[:-1] + 1]).max(initial=0.0))


def choose(size: Floats) -> tuple[Ints, float]:
    """Choose checkpoints.

    Args:
        size: size of each layer, (T,), in any unit.

    Returns:
        Their ticks in ascending order, including the first and the last layer; and the memory that
        is needed, in the same unit: all checkpoints, and the largest segment between two.
    """
    best, least = np.arange(len(size)), float(size.sum())
    previous = np.zeros(len(size), np.int64)
    for half in range(_HALVINGS):
        most = float(size.sum()) * 0.5 ** (half / 2)
        kept = _cheapest(size, most, previous)
        ticks = [len(size) - 1]
        while ticks[-1] > 0:
            ticks.append(int(previous[ticks[-1]]))
        chosen = np.array(ticks[::-1])
        needed = kept + _between(size, chosen)
        if needed < least:
            best, least = chosen, needed
    return best, least
