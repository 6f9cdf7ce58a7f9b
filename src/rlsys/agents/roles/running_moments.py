"""Running mean and variance, and the observation transform based on them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsys.network import Transform

CLIP = 10.0
"""Normalised observations are clipped to plus and minus this value."""

# Far above the rounding error of float32 observations, far below any variation that could matter.
_CONSTANT = 1e-6


class RunningMoments:
    """Mean and variance of a stream of batches.

    Batches are merged with the parallel formula of Chan, Golub and LeVeque (1979).

    Args:
        shape: of one value.
        memory: factor on the weight of all earlier batches at every new one; 1: nothing is
            forgotten.
    """

    def __init__(self, shape: tuple[int, ...], memory: float = 1.0) -> None:
        self.mean = np.zeros(shape)
        self.var = np.ones(shape)
        self.count = 0.0
        self._memory = memory

    def update(self, batch: NDArray[Any]) -> None:
        """Add `batch`, (N, *shape)."""
        mean = batch.mean(axis=0, dtype=np.float64)
        var = batch.var(axis=0, dtype=np.float64)
        before, new = self.count * self._memory, len(batch)
        if not before:
            self.mean, self.var, self.count = mean, var, float(new)
            return
        total = before + new
        delta = mean - self.mean
        self.mean = self.mean + delta * (new / total)
        self.var = (self.var * before + var * new + delta**2 * (before * new / total)) / total
        self.count = total

    @property
    def std(self) -> NDArray[np.float64]:
        """Return the standard deviation; 1 where the values were constant."""
        std = np.sqrt(self.var)
        return np.where(std > _CONSTANT * np.abs(self.mean), std, 1.0)

    def transform(self) -> Transform:
        """Return the scaling to mean 0 and standard deviation 1, with clipping, for a network."""
        return Transform(
            self.mean.astype(np.float32), (1.0 / self.std).astype(np.float32), -CLIP, CLIP
        )

    def get_state(self) -> dict[str, Any]:
        """Return the state for `rlsys.storage.states.save_state`."""
        return {"mean": self.mean, "var": self.var, "count": self.count}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Restore the result of `get_state`."""
        self.mean, self.var = state["mean"], state["var"]
        self.count = float(state["count"])
