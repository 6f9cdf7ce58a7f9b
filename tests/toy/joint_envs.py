"""Small parallel PettingZoo environments, with what can be right and wrong about them."""

from __future__ import annotations

import numpy as np
from gymnasium import spaces
from pettingzoo import ParallelEnv

STEPS = 4


class Market(ParallelEnv):
    """Two buyers and a seller with other spaces; each is paid for its own number."""

    metadata = {"name": "market", "render_modes": []}  # noqa: RUF012
    possible_agents = ("buyer_0", "seller", "buyer_1")

    def __init__(self, leaves=None, masks=False, steps=STEPS):
        self.leaves, self.masks, self.steps = leaves, masks, steps
        self.render_mode = None
        self.closed = False

    def observation_space(self, agent):
        if agent == "seller":
            return spaces.Discrete(3, start=1)
        return spaces.Box(-1.0, 1.0, (2,))

    def action_space(self, agent):
        if agent == "seller":
            return spaces.MultiBinary(2)
        return spaces.Discrete(3, start=5)

    def reset(self, seed=None, options=None):
        del options
        if seed is not None:
            self.random = np.random.default_rng(seed)
        self.time = 0
        self.agents = list(self.possible_agents)
        infos = {a: {"action_mask": np.ones(3)} if self.masks else {} for a in self.agents}
        return self.seen(), infos

    def step(self, actions):
        assert set(actions) == set(self.agents)
        for agent, action in actions.items():
            assert action in self.action_space(agent), (agent, action)
        self.time += 1
        rewards = {a: float(np.sum(v)) + self.random.normal() for a, v in actions.items()}
        over = self.time >= self.steps
        ends = {a: over or (a == self.leaves and self.time == 2) for a in actions}
        seen = self.seen()
        self.agents = [a for a in self.agents if not ends[a]]
        never = dict.fromkeys(actions, False)
        return seen, rewards, ends, never, {a: {} for a in actions}

    def close(self):
        self.closed = True

    def seen(self):
        return {
            a: 1 + int(self.random.integers(3))
            if a == "seller"
            else self.random.uniform(-1, 1, 2).astype(np.float32)
            for a in self.possible_agents
        }


def parallel_env(**kwargs):
    return Market(**kwargs)
