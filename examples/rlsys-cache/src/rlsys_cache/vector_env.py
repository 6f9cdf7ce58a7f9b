"""N caches, each in front of its own requests, that step together.

A step is one eviction. Requests that need no decision are not steps: hits, and misses while the
cache still has room. So an observation always shows a full cache and a block that misses.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium.spaces import Box, Discrete
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from rlsys_cache.config import CacheConfig
from rlsys_cache.features import FEATURES, History, observe
from rlsys_cache.windows import Episodes

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


class CacheVectorEnv(VectorEnv[NDArray[np.float32], NDArray[np.int64], Any]):
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

    metadata = {"autoreset_mode": AutoresetMode.SAME_STEP}  # noqa: RUF012 - as in Gymnasium
    items = True  # the observation is a list of places, each with its features

    def __init__(self, config: CacheConfig, num_envs: int = 1) -> None:
        self.config = config
        self.num_envs = num_envs
        places, length = config.size, config.requests
        self.single_observation_space = Box(0.0, 1.0, (places, len(FEATURES)), np.float32)
        self.single_action_space = Discrete(places)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self._episodes = Episodes(config)
        self._seeds = np.random.default_rng().integers(2**31, size=num_envs)
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

    def reset(
        self, *, seed: int | list[int] | None = None, options: Any = None
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        """Start an episode in every copy; an int s gives copy i the seed s + i."""
        del options
        if seed is not None:
            seeds = [seed + i for i in range(self.num_envs)] if isinstance(seed, int) else seed
            self._seeds[:] = seeds
            self.episode[:] = 0
        self._begin(np.arange(self.num_envs))
        return observe(self), {}

    def step(
        self, actions: NDArray[np.int64]
    ) -> tuple[NDArray[np.float32], Floats, Bools, Bools, dict[str, Any]]:
        """Evict, admit the block that missed, and continue to the next miss or the end."""
        everyone = np.arange(self.num_envs)
        places = np.asarray(actions, np.int64)
        before = self._all_hits.copy()
        self._place[everyone, self.cached[everyone, places]] = -1
        self._admit(everyone, places)
        self._pass(everyone)
        rewards = (self._all_hits - before).astype(np.float64)
        done = self.now == self.config.requests
        infos: dict[str, Any] = {}
        if done.any():
            misses = self.config.requests - self._all_hits
            infos = {
                "final_obs": observe(self),
                "_final_obs": done.copy(),
                "final_info": {
                    "hit_ratio": self._all_hits / self.config.requests,
                    "_hit_ratio": done.copy(),
                    "misses": misses.astype(np.float64),
                    "_misses": done.copy(),
                },
                "_final_info": done.copy(),
            }
            self._begin(np.flatnonzero(done))
        return observe(self), rewards, done, np.zeros(self.num_envs, bool), infos

    def get_state(self) -> dict[str, NDArray[Any]]:
        """Return everything that determines the future, as arrays by name."""
        own = {name: getattr(self, name).copy() for name in _STATE}
        return own | {f"history.{k}": v for k, v in self.history.get_state().items()}

    def set_state(self, state: dict[str, NDArray[Any]]) -> None:
        """Restore the result of `get_state`."""
        for name in _STATE:
            setattr(self, name, np.array(state[name]))
        prefix = "history."
        self.history.set_state(
            {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}
        )

    def _begin(self, copies: Ints) -> None:
        """Start the next episode of `copies`; it depends only on seed and number."""
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
