"""A tiny batched environment with masks: steer a point to the origin in four directions."""

from __future__ import annotations

import numpy as np

LENGTH = 10
MOVES = np.array([[0.25, 0], [-0.25, 0], [0, 0.25], [0, -0.25], [0, 0]])


class ToyEnv:
    """Observations (N, 2) within -1..1; the reward is how near the origin the point is."""

    def __init__(self, num_envs: int) -> None:
        self.num_envs = num_envs
        self.point = np.zeros((num_envs, 2))
        self.tick = np.zeros(num_envs, int)
        self.generators = [np.random.default_rng(0) for _ in range(num_envs)]

    def reset(self, *, seed):
        self.generators = [np.random.default_rng(one) for one in seed]
        self._begin(np.ones(self.num_envs, bool))
        return self._observations(), {}

    def step(self, actions):
        self.point = np.clip(self.point + MOVES[actions], -1, 1)
        self.tick += 1
        rewards = -np.abs(self.point).sum(axis=1)
        ended = self.tick >= LENGTH
        self._begin(ended)
        return self._observations(), rewards, ended, np.zeros_like(ended), {}

    def action_masks(self):
        forward = self.point @ MOVES[:4].T < 0.2
        return np.concatenate([forward, np.ones((self.num_envs, 1), bool)], axis=1)

    def close(self):
        pass

    def _begin(self, which):
        for copy in np.flatnonzero(which):
            self.point[copy] = self.generators[copy].uniform(-1, 1, 2)
            self.tick[copy] = 0

    def _observations(self):
        return self.point.astype(np.float32)


class IntegerToyEnv(ToyEnv):
    """Builds its own fixed-point observations, which are always zero."""

    def fixed_point_observations(self, fractional_bits):
        assert fractional_bits == 10
        return np.zeros((self.num_envs, 2), np.int64)
