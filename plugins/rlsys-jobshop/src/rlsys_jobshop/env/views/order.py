"""The order of candidates in a flat view: those that could start first stand first."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rlsys.batched.compiled import kernel
from rlsys_jobshop.simulator.batch import Batch


@kernel
def sort_candidates(
    batch: Batch, modes: NDArray[np.int64], count: NDArray[np.int64], order: NDArray[np.int64]
) -> None:
    """Write the simulator's position of the candidate in each slot.

    Candidates are sorted by earliest start, then by end, then as the simulator lists them. Slots
    after the last candidate keep their own number, so that each row is a permutation.

    Args:
        batch: the arrays.
        modes: of the candidates, int64 (copies, width).
        count: how many each copy has, int64 (copies,).
        order: written, int64 (copies, width).
    """
    for copy in range(len(count)):
        for position in range(order.shape[1]):
            slot = position
            if position < count[copy]:
                mode = batch.modes[modes[copy, position]]
                while slot > 0:
                    other = batch.modes[modes[copy, order[copy, slot - 1]]]
                    if (other.begin, other.finish) <= (mode.begin, mode.finish):
                        break
                    order[copy, slot] = order[copy, slot - 1]
                    slot -= 1
            order[copy, slot] = position
