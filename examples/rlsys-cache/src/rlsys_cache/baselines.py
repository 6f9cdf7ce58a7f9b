"""Rules that need no learning: each scores the cached blocks and evicts the lowest score."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsys_cache.config import CacheConfig
from rlsys_cache.vector_env import CacheVectorEnv

Score = Callable[[CacheVectorEnv], NDArray[Any]]


class LowestScore:
    """Evict the block with the lowest score, (N, K); among equals the one requested longest ago."""

    def __init__(self, score: Score) -> None:
        self._score = score

    def reset(self, env: CacheVectorEnv) -> None:
        """Nothing to reset: the scores depend only on the cache."""

    def act(self, env: CacheVectorEnv, observations: NDArray[Any]) -> NDArray[np.int64]:
        """Return the place to evict in every copy, (N,)."""
        del observations
        order = np.lexsort((env.requested, self._score(env)), axis=1)
        first: NDArray[np.int64] = order[:, 0]
        return first


def fifo(config: CacheConfig) -> LowestScore:
    """First in, first out: evict what was admitted first."""
    del config
    return LowestScore(lambda env: env.admitted)


def lru(config: CacheConfig) -> LowestScore:
    """Least recently used."""
    del config
    return LowestScore(lambda env: env.requested)


def lfu(config: CacheConfig) -> LowestScore:
    """Least frequently used, counted since the block was admitted."""
    del config
    return LowestScore(lambda env: env.hits)


def perfect_lfu(config: CacheConfig) -> LowestScore:
    """Least frequently used, counted since the episode began: it remembers what it has evicted."""
    del config
    return LowestScore(
        lambda env: np.take_along_axis(env.history.count, np.maximum(env.cached, 0), axis=1)
    )


class RandomEviction:
    """Evict a random block; the same episodes get the same draws.

    Args:
        config: configuration of the environment.
        seed: seed of the draws.
    """

    def __init__(self, config: CacheConfig, seed: int) -> None:
        del config
        self._seed = seed
        self._rng = np.random.default_rng(seed)

    def reset(self, env: CacheVectorEnv) -> None:
        """Restart the draws."""
        del env
        self._rng = np.random.default_rng(self._seed)

    def act(self, env: CacheVectorEnv, observations: NDArray[Any]) -> NDArray[np.int64]:
        """Return the place to evict in every copy, (N,)."""
        del observations
        return self._rng.integers(env.config.size, size=env.num_envs)
