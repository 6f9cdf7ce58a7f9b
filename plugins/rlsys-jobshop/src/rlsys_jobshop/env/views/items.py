"""The view of a network that scores candidates: one row of features for each."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsys_jobshop.simulator import Simulator

Ints = NDArray[np.int64]


class ItemsView:
    """Shows the candidates as the simulator lists them; so actions are its positions."""

    items = True

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._seen = simulator.features()

    def look(self) -> None:
        """Do nothing: the simulator keeps the features' order."""

    def observe(self) -> NDArray[Any]:
        """Return the features, float32 (N, width, features); the next call writes into it."""
        return self._simulator.features(self._seen)

    def positions(self, actions: Ints) -> Ints:
        """Return the simulator's positions of the candidates that actions choose, (N,)."""
        return actions

    def actions(self, positions: Ints) -> Ints:
        """Return the actions that choose candidates by the simulator's positions, (N,)."""
        return positions
