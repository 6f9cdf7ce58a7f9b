"""Belady's MIN: the most hits that a cache can get if it knows all requests in advance.

Evicting the block whose next request is furthest away is optimal if all blocks are equally large
and every missing block is admitted (Belady, "A study of replacement algorithms for a
virtual-storage computer", IBM Systems Journal, 1966; proof: Mattson et al., 1970).

A cache is represented here by the times at which its blocks are requested next. Only these matter
for the future. They identify the blocks, except those that are never requested again, which are all
worth the same.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsys_cache.config import CacheConfig
from rlsys_cache.vector_env import CacheVectorEnv

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


class Belady:
    """Evict the block requested last; also say how many hits every other eviction would cost.

    Args:
        config: configuration of the environment.
    """

    name = "belady"

    def __init__(self, config: CacheConfig) -> None:
        del config

    def reset(self, env: CacheVectorEnv) -> None:
        """Nothing to reset: the state of the environment is enough."""

    def act(self, env: CacheVectorEnv, observations: NDArray[Any]) -> Ints:
        """Return the place whose block is requested last, the first of equals, (N,)."""
        del observations
        furthest: Ints = env.upcoming.argmax(axis=1)
        return furthest

    def action_values(self, env: CacheVectorEnv) -> NDArray[np.float64]:
        """Return the remaining hits of the episode after each eviction and optimal play, (N, K)."""
        lockstep = _Lockstep(env)
        lockstep.run()
        values: NDArray[np.float64] = (lockstep.hits[:, None] - lockstep.behind).astype(np.float64)
        return values


class _Lockstep:
    """All evictions of a state at once, each compared with MIN's own.

    Two caches that differ in one block and are both run by MIN never differ in more than one block.
    So the cache after evicting place j is MIN's cache with one block, `other`, instead of MIN's
    block `own`, until the difference is gone. Only these two blocks are stored, and the number of
    hits that the cache is `behind`.
    """

    def __init__(self, env: CacheVectorEnv) -> None:
        self.next_use = env.next_use
        self.end = env.config.requests
        self.now = env.now + 1
        self.hits = np.zeros(env.num_envs, np.int64)
        self.behind = np.zeros(env.upcoming.shape, np.int64)
        copies = np.arange(env.num_envs)
        furthest = env.upcoming.argmax(axis=1)
        self.best = env.upcoming.copy()
        self.best[copies, furthest] = env.next_use[copies, env.now]
        # One entry per cache that still differs. At the last request no cache differs any more,
        # because none of its blocks is requested again.
        self.copy, self.place = np.nonzero(env.upcoming != env.upcoming[copies, furthest, None])
        self.own = env.upcoming[self.copy, self.place]
        self.other = env.upcoming[copies, furthest][self.copy]

    def run(self) -> None:
        """Play to the end of the episode."""
        while (running := np.flatnonzero(self.now < self.end)).size:
            now = self.now[running]
            best = self.best[running]
            # A hit replaces the requested block's time; a miss replaces the furthest block.
            replaced = np.where(best == now[:, None], self.end + 1, best).argmax(axis=1)
            at = (running, replaced)
            hits = self.best[at] == now
            if self.copy.size:
                self._compare(running, best, ~hits)
            self.best[at] = self.next_use[running, now]
            self.hits[running] += hits
            self.now[running] += 1

    def _compare(self, running: Ints, best: Ints, missed: Bools) -> None:
        """Process the current request in all caches that still differ from the best one."""
        row = np.searchsorted(running, self.copy)
        request, own, other = self.now[self.copy], self.own, self.other
        two = np.partition(best, -2, axis=1)[:, -2:]
        second, highest = two[:, 0][row], two[:, 1][row]
        # The furthest of the blocks that both caches have.
        common = np.where(own == highest, second, highest)
        lost, gained = own == request, other == request
        # If both miss, both evict. If only one hits, the other one admits and evicts. Then both
        # have the requested block, and they no longer differ in it.
        both = missed[row] & ~gained
        own_goes = lost | ((both | gained) & (own >= common))
        other_goes = gained | ((both | lost) & (other >= common))
        self.behind[self.copy, self.place] += lost.astype(np.int64) - gained
        self.own = np.where(own_goes, common, own)
        self.other = np.where(other_goes, common, other)
        differs = (self.own != self.other) & ~(own_goes & other_goes)
        if not differs.all():
            self.copy, self.place = self.copy[differs], self.place[differs]
            self.own, self.other = self.own[differs], self.other[differs]
