"""A batched environment as Stable-Baselines3's `VecEnv`, with almost no work per step.

The environment stays one batch. There is no object, wrapper or dictionary per copy: with small
dynamics, those would cost more than the dynamics themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.vector import VectorEnv
from numpy.typing import NDArray
from stable_baselines3.common.vec_env import VecEnv
from stable_baselines3.common.vec_env.base_vec_env import VecEnvIndices, VecEnvStepReturn

from rlsys.adapters.batched import require_same_step
from rlsys.rollout import EpisodeMeter
from rlsys.seeds import training_seeds

Array = NDArray[Any]


class Sb3VecEnv(VecEnv):
    """Stable-Baselines3's view of a Gymnasium `VectorEnv` with same-step autoreset.

    A copy whose episode ends gets ``terminal_observation`` and ``TimeLimit.truncated`` in its info.
    Discrete actions are numbered from 0 here, as in SB3, even if the environment's do not start
    at 0.

    Args:
        vector_env: the batched environment.
        meter: collects the rewards and episode metrics of every step.

    Raises:
        UserError: the environment has another autoreset mode.
    """

    def __init__(self, vector_env: VectorEnv[Any, Any, Any], meter: EpisodeMeter) -> None:
        require_same_step(vector_env)
        self.vector_env = vector_env
        self.meter = meter
        action_space = vector_env.single_action_space
        self._start = 0
        if isinstance(action_space, spaces.Discrete):
            self._start = int(action_space.start)
            action_space = spaces.Discrete(int(action_space.n))
        super().__init__(vector_env.num_envs, vector_env.single_observation_space, action_space)
        # SB3 writes only into the info of a copy whose episode ended, so these can be shared.
        self._nothing: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        self._actions: Array = np.empty(0)

    def seed(self, seed: int | None = None) -> Sequence[int | None]:
        """Draw one training seed per copy from `seed`, for the next reset."""
        if seed is None:
            self._reset_seeds()
        else:
            self._seeds = list(training_seeds(seed, self.num_envs))
        return self._seeds

    def reset(self) -> Array:
        """Start an episode in every copy; returns observations (num_envs, ...)."""
        seeds: Any = None if self._seeds[0] is None else self._seeds
        observations, _ = self.vector_env.reset(seed=seeds)
        self._reset_seeds()
        return np.array(observations)

    def step_async(self, actions: Array) -> None:
        """Keep `actions` (num_envs, ...) for `step_wait`."""
        self._actions = actions

    def step_wait(self) -> VecEnvStepReturn:
        """Do the step; rewards are float32, as SB3 keeps them."""
        actions = self._actions + self._start if self._start else self._actions
        observations, rewards, terminated, truncated, infos = self.vector_env.step(actions)
        done = terminated | truncated
        self.meter.update(rewards, done, infos)
        told = self._nothing
        if done.any():
            told = list(told)
            for copy in np.flatnonzero(done):
                told[copy] = {
                    "terminal_observation": np.array(infos["final_obs"][copy]),
                    "TimeLimit.truncated": bool(truncated[copy] and not terminated[copy]),
                }
        return np.array(observations), rewards.astype(np.float32), np.array(done), told

    def close(self) -> None:
        """Close the batch."""
        self.vector_env.close()

    def get_attr(self, attr_name: str, indices: VecEnvIndices = None) -> list[Any]:
        """Return the batch's attribute, once for each copy.

        Raises:
            AttributeError: the environment has no attribute of that name.
        """
        value = getattr(self.vector_env, attr_name)
        return [value for _ in self._get_indices(indices)]

    def set_attr(self, attr_name: str, value: Any, indices: VecEnvIndices = None) -> None:
        """Set the batch's attribute, which all copies share.

        Raises:
            ValueError: `indices` names only some copies.
        """
        if len(list(self._get_indices(indices))) != self.num_envs:
            raise ValueError(
                "the copies of a batched environment share their attributes; set them for all"
            )
        setattr(self.vector_env, attr_name, value)

    def env_method(
        self, method_name: str, *method_args: Any, indices: VecEnvIndices = None, **kwargs: Any
    ) -> list[Any]:
        """Call the batch's method once and return each copy's row of the result."""
        rows = getattr(self.vector_env, method_name)(*method_args, **kwargs)
        return [rows[index] for index in self._get_indices(indices)]

    def env_is_wrapped(
        self,
        wrapper_class: type[gymnasium.Wrapper[Any, Any, Any, Any]],
        indices: VecEnvIndices = None,
    ) -> list[bool]:
        """Return False for each copy: copies cannot be wrapped one by one."""
        del wrapper_class
        return [False for _ in self._get_indices(indices)]
