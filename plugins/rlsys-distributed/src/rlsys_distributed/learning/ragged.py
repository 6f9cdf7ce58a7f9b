"""A rollout buffer of pieces of any length, in place of Stable-Baselines3's fixed one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sb3_contrib.common.maskable.buffers import MaskableRolloutBufferSamples
from stable_baselines3.common.type_aliases import RolloutBufferSamples

Array = NDArray[Any]


@dataclass
class RaggedRollout:
    """The steps of an update, all pieces one after another; what PPO's ``train`` asks of its
    buffer.

    Attributes:
        observations, actions: as the policy sees them, (N, ...).
        values, log_probabilities: of the policy at the start of the update, (N,).
        advantages, returns: (N,).
        masks: bool (N, n), or None.
        drawn: shuffles the steps.
    """

    observations: Array
    actions: Array
    values: Array
    log_probabilities: Array
    advantages: Array
    returns: Array
    masks: Array | None
    drawn: np.random.Generator

    def get(self, batch_size: int | None = None) -> Iterator[Any]:
        """Yield minibatches in random order."""
        count = len(self.returns)
        order = self.drawn.permutation(count)
        size = count if batch_size is None else batch_size
        for begin in range(0, count, size):
            # PPO divides advantages by their deviation, and a single step has none: one that is
            # left over comes with the minibatch before it.
            left = count - begin - size
            if begin and count - begin == 1:
                return
            yield self._samples(order[begin : begin + size + (left == 1)])

    def _samples(self, chosen: NDArray[np.int64]) -> Any:
        found: list[Any] = [
            torch.as_tensor(array[chosen])
            for array in (
                self.observations,
                self.actions,
                self.values,
                self.log_probabilities,
                self.advantages,
                self.returns,
            )
        ]
        if self.masks is None:
            return RolloutBufferSamples(*found)
        masks = torch.as_tensor(self.masks[chosen], dtype=torch.float32)
        samples: Any = MaskableRolloutBufferSamples
        return samples(*found, masks)
