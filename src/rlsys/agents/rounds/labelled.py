"""The data set of `imitation`: states with the regret of every action."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Labelled:
    """A batch of states.

    Attributes:
        observations: float32 (N, ...).
        masks: bool (N, n_actions).
        regrets: float32 (N, n_actions), best value minus the action's value; 0 where masked.
    """

    observations: NDArray[np.float32]
    masks: NDArray[np.bool_]
    regrets: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.masks)

    @staticmethod
    def join(parts: Sequence[Labelled]) -> Labelled:
        """Return all states of `parts`, in order."""
        return Labelled(
            np.concatenate([part.observations for part in parts]),
            np.concatenate([part.masks for part in parts]),
            np.concatenate([part.regrets for part in parts]),
        )

    def take(self, index: Any) -> Labelled:
        """Return the states at `index` (slice or array)."""
        return Labelled(self.observations[index], self.masks[index], self.regrets[index])


class LabelledStates:
    """The newest labelled states, up to a maximum number.

    Args:
        capacity: the maximum number.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._kept: Labelled | None = None

    def __len__(self) -> int:
        return 0 if self._kept is None else len(self._kept)

    def add(self, labelled: Labelled) -> None:
        """Add new states and drop the oldest beyond the capacity."""
        joined = labelled if self._kept is None else Labelled.join([self._kept, labelled])
        self._kept = joined.take(slice(max(len(joined) - self._capacity, 0), None))

    def draw(self, count: int, generator: np.random.Generator) -> Labelled:
        """Return `count` states drawn uniformly, with replacement.

        Raises:
            ValueError: nothing has been added yet.
        """
        if self._kept is None:
            raise ValueError("no labelled states yet")
        return self._kept.take(generator.integers(len(self._kept), size=count))

    def get_state(self) -> dict[str, Any]:
        """Return the state for `rlsys.storage.states.save_state`."""
        return {} if self._kept is None else dict(vars(self._kept))

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Restore the result of `get_state`."""
        self._kept = Labelled(**state) if state else None
