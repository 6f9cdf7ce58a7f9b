"""N caches, each in front of its own requests, that step together.

A step is one eviction. Requests that need no decision are not steps: hits, and misses while the
cache still has room. So an observation always shows a full cache and a block that misses.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium.spaces import Box, Discrete
from numpy.typing import NDArray
from rlsys.batched import BatchedEnv, Outcome

from rlsys_cache.config import CacheConfig
from rlsys_cache.features import FEATURES, History, observe
from rlsys_cache.windows import Episodes

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class CacheVectorEnv(BatchedEnv):
    """Caches of K places. Action i evicts the block in place i; the reward counts hits until the
    next eviction or the end.

    Baselines and the oracle read the public state below. Times are numbers of requests.

    Attributes:
        episode: number of the episode since the last reset with a seed, from 1, (N,).
        now: number of the current request, (N,).
        keys: requests of the episode, (N, L).
        next_use: next request for the same block, L if there is none, (N, L).
        cached: block in each place, -1 if it is empty, (N, K).
        admitted: when the block in each place was admitted, (N, K).
        requested: when it was last requested, (N, K).
        hits: hits since it was admitted, (N, K).
        upcoming: when it is requested next, L if never, (N, K).
        history: what is remembered about every block, cached or not.
    """

    items = True  # the observation is a list of places, each with its features

    def __init__(self, config: CacheConfig, num_envs: int = 1) -> None:
        places, length = config.size, config.requests
        super().__init__(
            num_envs, Box(0.0, 1.0, (places, len(FEATURES)), np.float32), Discrete(places)
        )
        self.config = config
        self._episodes = Episodes(config)
        self._seeds = np.zeros(num_envs, np.int64)
        self.episode = np.zeros(num_envs, np.int64)
        self.now = np.zeros(num_envs, np.int64)
        self.keys = np.zeros((num_envs, length), np.int64)
        self.next_use = np.zeros((num_envs, length), np.int64)
        self.neighbour = np.zeros((num_envs, length), np.int64)
        self.cached = np.full((num_envs, places), -1, np.int64)
        self.admitted = np.zeros((num_envs, places), np.int64)
        self.requested = np.zeros((num_envs, places), np.int64)
        self.hits = np.zeros((num_envs, places), np.int64)
        self.upcoming = np.zeros((num_envs, places), np.int64)
        self.history = History(num_envs, length, places)
        self._place = np.full((num_envs, length), -1, np.int64)
        self._all_hits = np.zeros(num_envs, np.int64)

    def reseed(self, copies: Ints, seeds: Sequence[int | None]) -> None:
        """Keep the seeds: the requests of an episode depend on seed and number alone."""
        unseeded = np.random.default_rng().integers(2**31, size=len(copies))
        self._seeds[copies] = [
            drawn if seed is None else seed for seed, drawn in zip(seeds, unseeded, strict=True)
        ]
        self.episode[copies] = 0

    def advance(self, actions: Ints) -> Outcome:
        """Evict, admit the block that missed, and continue to the next miss or the end."""
        before = self._all_hits.copy()
        self._place[self.copies, self.cached[self.copies, actions]] = -1
        self._admit(self.copies, actions)
        self._pass(self.copies)
        return Outcome(self._all_hits - before, terminated=self.now == self.config.requests)

    def metrics(self) -> dict[str, Floats]:
        """Return the share of hits and the number of misses in the episode."""
        misses = (self.config.requests - self._all_hits).astype(np.float64)
        return {"hit_ratio": self._all_hits / self.config.requests, "misses": misses}

    def observations(self) -> NDArray[np.float32]:
        """Return the features of every cached block, (N, K, features)."""
        return observe(self)

    def get_state(self) -> dict[str, NDArray[Any]]:
        """Return everything that determines the future, as arrays by name."""
        own = {name: getattr(self, name).copy() for name in _STATE}
        return own | {f"history.{k}": v for k, v in self.history.get_state().items()}

    def set_state(self, state: dict[str, NDArray[Any]]) -> None:
        """Restore the result of `get_state`."""
        self.ensure_seeded()
        for name in _STATE:
            setattr(self, name, np.array(state[name]))
        prefix = "history."
        self.history.set_state(
            {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}
        )

    def begin(self, copies: Ints) -> None:
        """Start the next episode of some copies; it depends only on seed and number."""
        for copy in copies:
            window = self._episodes.draw(int(self._seeds[copy]), int(self.episode[copy]))
            self.keys[copy] = window.keys
            self.next_use[copy] = window.next_use
            self.neighbour[copy] = window.neighbour
        self.episode[copies] += 1
        for array, value in (
            (self.now, 0),
            (self.cached, -1),
            (self.admitted, 0),
            (self.requested, 0),
            (self.hits, 0),
            (self.upcoming, 0),
            (self._place, -1),
            (self._all_hits, 0),
        ):
            array[copies] = value
        self.history.forget(copies)
        self._pass(copies)

    def _pass(self, copies: Ints) -> None:
        """Process requests until each of `copies` has to evict or its episode is over."""
        while (copies := copies[self.now[copies] < self.config.requests]).size:
            keys = self.keys[copies, self.now[copies]]
            places = self._place[copies, keys]
            hit = places >= 0
            hitting = copies[hit]
            self.hits[hitting, places[hit]] += 1
            self._all_hits[hitting] += 1
            self._request(hitting, places[hit])
            missing = copies[~hit]
            filling = missing[self.cached[missing, -1] < 0]
            self._admit(filling, (self.cached[filling] < 0).argmax(axis=1))
            copies = np.concatenate([hitting, filling])

    def _admit(self, copies: Ints, places: Ints) -> None:
        """Put the block that is requested now into a place."""
        keys = self.keys[copies, self.now[copies]]
        self.cached[copies, places] = keys
        self._place[copies, keys] = places
        self.admitted[copies, places] = self.now[copies]
        self.hits[copies, places] = 0
        self._request(copies, places)

    def _request(self, copies: Ints, places: Ints) -> None:
        """Note the current request of the block in a place, and move on to the next one."""
        now = self.now[copies]
        self.history.note(copies, self.keys[copies, now], now, self.neighbour[copies, now])
        self.requested[copies, places] = now
        self.upcoming[copies, places] = self.next_use[copies, now]
        self.now[copies] += 1


_STATE = (
    "_seeds",
    "episode",
    "now",
    "keys",
    "next_use",
    "neighbour",
    "cached",
    "admitted",
    "requested",
    "hits",
    "upcoming",
    "_place",
    "_all_hits",
)
