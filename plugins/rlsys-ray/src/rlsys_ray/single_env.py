"""One copy of an environment without roles, for RLlib."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from gymnasium.vector import VectorEnv
from numpy.typing import NDArray

from rlsys.adapters.single import SingleEnv
from rlsys_ray.one_copy import EPISODE, OneCopy
from rlsys_ray.spaces import (
    flat_observation,
    flat_observation_space,
    policy_action_space,
    to_environment,
)


class RllibSingleEnv(OneCopy, gymnasium.Env[NDArray[np.float32], Any]):
    """`gymnasium.Env` over a batch of one, with vector observations and the policy's actions."""

    def declare(self, vector_env: VectorEnv[Any, Any, Any], scaled: bool) -> None:
        """Set the environment and its spaces."""
        self._env = SingleEnv(vector_env)
        self.observation_space = flat_observation_space(self._env.observation_space)
        self.action_space = policy_action_space(self._env.action_space, scaled)
        self._to_environment = to_environment(self._env.action_space, scaled)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        """Start an episode; a training seed is drawn from the given seed."""
        super().reset(seed=seed)
        return flat_observation(self.begin(seed, options)), {}

    def step(self, action: Any) -> tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        """Play one step; the last info of an episode has the key `EPISODE`."""
        observation, reward, terminated, truncated, info = self._env.step(
            self._to_environment(action)
        )
        done = terminated or truncated
        batched = {name: np.asarray(value)[None] for name, value in info.items()} if done else {}
        self._meter.update(np.array([reward]), np.array([done]), {"final_info": batched})
        told = {EPISODE: self._meter.flush()} if done else {}
        return flat_observation(observation), reward, terminated, truncated, told
