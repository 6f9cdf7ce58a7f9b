"""A batch with one agent per copy: an environment writes its dynamics, this class does the rest."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import Space
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from rlsys.batched.batch import Array, Batch
from rlsys.batched.copies import final_infos
from rlsys.batched.outcome import Outcome


class BatchedEnv(Batch):
    """N copies of a system, stepped together, with same-step autoreset.

    An environment writes

    * ``begin(copies)``: start an episode in these copies, drawing from ``generators[copy]``;
    * ``advance(actions)``: one step of all copies, returns an `Outcome`;
    * ``observations()``: what is seen now, (num_envs, ...);
    * ``metrics()``, optional: what is reported about an episode that has ended;
    * ``saved``, optional: names of the attributes to save, so that a training can be resumed.

    It gets ``reset`` and ``step`` as Gymnasium's `VectorEnv` defines them: seeds for each copy, the
    next episode in the step that ends one, ``final_obs`` and ``final_info``, arrays of the right
    dtype that nobody changes later. The array of actions is the environment's own.

    Args:
        num_envs: number of copies.
        observation_space, action_space: of one copy.

    Raises:
        ValueError: there is not even one copy.

    Example::

        class Coins(BatchedEnv):
            def __init__(self, config, num_envs=1):
                super().__init__(num_envs, Box(0.0, 1.0, (1,)), Discrete(2))
                self.shown = np.zeros(num_envs)

            def begin(self, copies):
                self.shown[copies] = [self.generators[copy].random() for copy in copies]

            def advance(self, actions):
                return Outcome(actions == (self.shown > 0.5), terminated=True)

            def observations(self):
                return self.shown[:, None]
    """

    def __init__(self, num_envs: int, observation_space: Space[Any], action_space: Space[Any]):
        super().__init__(num_envs)
        self.single_observation_space = observation_space
        self.single_action_space = action_space
        self.observation_space = batch_space(observation_space, num_envs)
        self.action_space = batch_space(action_space, num_envs)
        self._action_shape = (num_envs, *(action_space.shape or ()))

    def advance(self, actions: Array) -> Outcome:
        """Do one step in every copy and leave the next state; `actions` are (num_envs, ...)."""
        raise NotImplementedError(f"{type(self).__name__} needs advance(actions)")

    def step(
        self, actions: Array
    ) -> tuple[Array, NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_], dict[str, Any]]:
        """Do one step in every copy; where it ends an episode, the next one begins.

        Raises:
            ValueError: the actions, or what `advance` returned, have another shape.
        """
        given = np.array(actions)
        if given.shape != self._action_shape:
            raise ValueError(f"actions must have shape {self._action_shape}, not {given.shape}")
        rewards, terminated, truncated = self._spread(self.advance(given))
        ended = terminated | truncated
        infos: dict[str, Any] = {}
        if ended.any():
            infos = final_infos(ended, self.metrics(), self._observed())
            self.begin(np.flatnonzero(ended))
        return self._observed(), rewards, terminated, truncated, infos

    def _observed(self) -> Array:
        return np.array(self.observations(), self.single_observation_space.dtype)
