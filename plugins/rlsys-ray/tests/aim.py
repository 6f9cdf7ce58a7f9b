"""A toy without roles: observe a matrix, answer with one number per row, or choose a row.

The best answer is the first column of the observation; with `discrete` it is the index of the
largest row there, counted from `START`.  Episodes are truncated after `STEPS`.
"""

from __future__ import annotations

import numpy as np
from gymnasium.spaces import Box, Discrete
from gymnasium.vector.utils import batch_space

from rlsys.batched import BatchedEnv, Outcome

STEPS, ROWS, START = 5, 3, 10


class Aim(BatchedEnv):
    def __init__(self, num_envs, discrete=False):
        action_space = (
            Discrete(ROWS, start=START) if discrete else Box(-1.0, 1.0, (ROWS,), np.float32)
        )
        super().__init__(num_envs, Box(-1.0, 1.0, (ROWS, 2), np.float32), action_space)
        self.discrete = discrete
        self.shown = np.zeros((num_envs, ROWS, 2), np.float32)
        self.time = np.zeros(num_envs, int)
        self.total = np.zeros(num_envs)

    def begin(self, copies):
        self.time[copies] = self.total[copies] = 0
        self._draw(copies)

    def advance(self, actions):
        goal = self.shown[:, :, 0]
        if self.discrete:
            assert ((actions >= START) & (actions < START + ROWS)).all()
            rewards = (actions - START == goal.argmax(axis=1)).astype(float)
        else:
            assert (np.abs(actions) <= 1).all()
            rewards = -((actions - goal) ** 2).sum(axis=1).astype(float)
        self.total += rewards
        self.time += 1
        self._draw(self.copies)
        return Outcome(rewards, truncated=self.time == STEPS)

    def observations(self):
        return self.shown

    def metrics(self):
        return {"total": self.total, "parts": self.total[:, None] + [0, 1]}

    def _draw(self, copies):
        for copy in copies:
            self.shown[copy] = self.generators[copy].uniform(-1, 1, (ROWS, 2))


class WideAim(Aim):
    """The same with answers from 0 to 10, of which 0 stands for -1 and 10 for 1."""

    def __init__(self, num_envs):
        super().__init__(num_envs)
        self.single_action_space = Box(0.0, 10.0, (ROWS,), np.float32)
        self.action_space = batch_space(self.single_action_space, num_envs)

    def advance(self, actions):
        return super().advance(actions / 5 - 1)
