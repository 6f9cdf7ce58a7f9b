"""One walk at a time, as anyone would write it with Gymnasium alone; and the same as a batch.

A walk starts somewhere, goes where the actions say and where the wind blows, and terminates at a
wall. It is truncated after a drawn number of steps. Lengths, wind and start come from the seed.
"""

from __future__ import annotations

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Discrete

from rlsys.batched import BatchedEnv, Outcome

WALL = 3.0
OBSERVED = Box(-10.0, 10.0, (2,), np.float32)
ACTIONS = Discrete(3)


class PlainWalk(gymnasium.Env):
    """A single environment that knows nothing of rlsys."""

    observation_space, action_space = OBSERVED, ACTIONS

    def reset(self, *, seed=None, options=None):
        del options
        super().reset(seed=seed)
        self.length = int(self.np_random.integers(1, 7))
        self.place = self.np_random.uniform(-2.0, 2.0)
        self.time, self.way = 0, 0.0
        return self._see(), {}

    def step(self, action):
        wind = self.np_random.normal()
        self.place += int(action) - 1 + wind
        self.way += abs(wind)
        self.time += 1
        over, late = abs(self.place) > WALL, self.time >= self.length
        info = {}
        if over or late:
            info = {"steps": self.time, "parts": np.array([self.way, self.place])}
        return self._see(), float(self.place), bool(over), bool(late and not over), info

    def _see(self):
        return np.array([np.clip(self.place, -10, 10), self.time], np.float32)


class Walks(BatchedEnv):
    """The same, batched."""

    saved = ("place", "way", "time", "length")

    def __init__(self, num_envs: int) -> None:
        super().__init__(num_envs, OBSERVED, ACTIONS)
        self.place, self.way = np.zeros(num_envs), np.zeros(num_envs)
        self.time, self.length = np.zeros(num_envs, int), np.zeros(num_envs, int)

    def begin(self, copies):
        for copy in copies:
            self.length[copy] = self.generators[copy].integers(1, 7)
            self.place[copy] = self.generators[copy].uniform(-2.0, 2.0)
        self.time[copies] = self.way[copies] = 0

    def advance(self, actions):
        wind = np.array([generator.normal() for generator in self.generators])
        self.place += actions - 1 + wind
        self.way += np.abs(wind)
        self.time += 1
        over = np.abs(self.place) > WALL
        return Outcome(self.place, over, (self.time >= self.length) & ~over)

    def observations(self):
        return np.stack([np.clip(self.place, -10, 10), self.time], axis=1)

    def metrics(self):
        return {"steps": self.time, "parts": np.stack([self.way, self.place], axis=1)}
