"""What the RLlib environments with and without roles have in common: one copy of a batch."""

from __future__ import annotations

from typing import Any

from gymnasium.vector import VectorEnv

from rlsys.rollout import EpisodeMeter
from rlsys.seeds import training_seeds

EPISODE = "rlsys_episode"
"""Key in the last info of an episode, for its reward and metrics."""


class OneCopy:
    """The first base of an RLlib environment over a batch of one.

    Args:
        vector_env: batched environment with one copy.
        metrics: names of the episode metrics to report.
        scaled: whether policies see bounded continuous actions as [-1, 1].
    """

    _env: Any
    """What is played; `declare` sets it."""

    def __init__(
        self,
        vector_env: VectorEnv[Any, Any, Any],
        metrics: tuple[str, ...],
        *,
        scaled: bool = True,
    ) -> None:
        self._meter = EpisodeMeter(1, metrics)
        self.declare(vector_env, scaled)
        super().__init__()

    def declare(self, vector_env: VectorEnv[Any, Any, Any], scaled: bool) -> None:
        """Set the environment and the spaces that RLlib's own constructor asks for."""
        raise NotImplementedError

    def begin(self, seed: int | None, options: dict[str, Any] | None) -> Any:
        """Start an episode and return what is seen; a training seed is drawn from the seed."""
        drawn = None if seed is None else training_seeds(seed, 1)[0]
        observations, _ = self._env.reset(seed=drawn, options=options)
        return observations

    def close(self) -> None:
        """Close the batch."""
        self._env.close()
