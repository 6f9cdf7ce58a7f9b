"""SIEVE: a queue and a hand (Zhang et al., "SIEVE is Simpler than LRU", NSDI 2024)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsys_cache.config import CacheConfig
from rlsys_cache.vector_env import CacheVectorEnv


class Sieve:
    """Blocks queue in the order of their admission; a hit marks a block as visited.

    To evict, a hand moves from the oldest block to newer ones, and from the newest back to the
    oldest. It removes the mark of visited blocks and evicts the first block without a mark.
    """

    def __init__(self, config: CacheConfig) -> None:
        self._places = config.size
        self._hand = np.zeros(0, np.int64)
        self._seen = np.zeros((0, 0), np.int64)
        self._episode = np.zeros(0, np.int64)

    def reset(self, env: CacheVectorEnv) -> None:
        """Move every hand to the oldest block."""
        self._hand = np.zeros(env.num_envs, np.int64)
        self._seen = np.full((env.num_envs, self._places), -1, np.int64)
        self._episode = env.episode.copy()

    def act(self, env: CacheVectorEnv, observations: NDArray[Any]) -> NDArray[np.int64]:
        """Return the place to evict in every copy, (N,)."""
        del observations
        begun = env.episode != self._episode
        self._hand[begun] = 0
        self._seen[begun] = -1
        self._episode = env.episode.copy()
        return np.array([self._evict(env, copy) for copy in range(env.num_envs)])

    def _evict(self, env: CacheVectorEnv, copy: int) -> int:
        admitted, requested, seen = env.admitted[copy], env.requested[copy], self._seen[copy]
        order = np.argsort(admitted)
        # The hand is stored as the admission time of the block that it looks at next.
        start = int(np.searchsorted(admitted[order], self._hand[copy]))
        queue = np.roll(order, -start)
        # Visited: hit after its admission and after the hand last passed it.
        visited = requested[queue] > np.maximum(admitted[queue], seen[queue])
        passed = len(queue) if visited.all() else int(visited.argmin())
        seen[queue[:passed]] = env.now[copy]
        victim = int(queue[passed % len(queue)])
        # After the newest block it starts again with the oldest.
        newer = admitted[admitted > admitted[victim]]
        self._hand[copy] = newer.min() if newer.size else 0
        return victim
