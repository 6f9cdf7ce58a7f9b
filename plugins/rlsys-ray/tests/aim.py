"""A toy without roles: observe a matrix, answer with one number per row, or choose a row.

The best answer is the first column of the observation; with `discrete` it is the index of the
largest row there, counted from `START`.  Episodes are truncated after `STEPS`.
"""

from __future__ import annotations

import numpy as np
from gymnasium.spaces import Box, Discrete
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

STEPS, ROWS, START = 5, 3, 10


class Aim(VectorEnv):
    metadata = {"autoreset_mode": AutoresetMode.SAME_STEP}  # noqa: RUF012

    def __init__(self, num_envs, discrete=False):
        self.num_envs = num_envs
        self.discrete = discrete
        self.single_observation_space = Box(-1.0, 1.0, (ROWS, 2), np.float32)
        self.single_action_space = (
            Discrete(ROWS, start=START) if discrete else Box(-1.0, 1.0, (ROWS,), np.float32)
        )
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)

    def reset(self, *, seed=None, options=None):
        del options
        if seed is not None or not hasattr(self, "generators"):
            seeds = range(self.num_envs) if seed is None else np.ravel(seed)
            seeds = seeds if len(seeds) == self.num_envs else seeds[0] + np.arange(self.num_envs)
            self.generators = [np.random.default_rng(int(s)) for s in seeds]
        self.time = 0
        self.total = np.zeros(self.num_envs)
        return self._draw(), {}

    def step(self, actions):
        goal = self.shown[:, :, 0]
        if self.discrete:
            assert ((actions >= START) & (actions < START + ROWS)).all()
            rewards = (actions - START == goal.argmax(axis=1)).astype(float)
        else:
            assert (np.abs(actions) <= 1).all()
            rewards = -((actions - goal) ** 2).sum(axis=1).astype(float)
        self.total += rewards
        self.time += 1
        done = np.full(self.num_envs, self.time == STEPS)
        infos = {}
        if done.all():
            infos = {
                "final_obs": self._draw(),
                "_final_obs": done,
                "final_info": {"total": self.total.copy(), "parts": self.total[:, None] + [0, 1]},
                "_final_info": done,
            }
            self.time = 0
            self.total[:] = 0
        return self._draw(), rewards, np.zeros_like(done), done, infos

    def _draw(self):
        self.shown = np.stack([g.uniform(-1, 1, (ROWS, 2)) for g in self.generators])
        self.shown = self.shown.astype(np.float32)
        return self.shown


class WideAim(Aim):
    """The same with answers from 0 to 10, of which 0 stands for -1 and 10 for 1."""

    def __init__(self, num_envs):
        super().__init__(num_envs)
        self.single_action_space = Box(0.0, 10.0, (ROWS,), np.float32)
        self.action_space = batch_space(self.single_action_space, num_envs)

    def step(self, actions):
        return super().step(actions / 5 - 1)
