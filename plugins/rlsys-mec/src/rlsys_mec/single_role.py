"""Play one role as an ordinary Gymnasium environment; a controller plays the other roles."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from gymnasium.error import ResetNeeded
from gymnasium.spaces import Box
from numpy.typing import NDArray

from rlsys.adapters.single import flatten_info
from rlsys.controllers import Controller
from rlsys.errors import UserError, did_you_mean
from rlsys_mec.vector_env import MecVectorEnv

Array = NDArray[Any]


class SingleRoleEnv(gymnasium.Env[Array, Array]):
    """A step is a slot: the played role decides once, a controller decides for the others.

    Observations and actions are those of all agents of the role, stacked: (agents, ...).

    Args:
        vector_env: the environment, with one copy.
        role: name of the role to play.
        others: controller that decides for the other roles.

    Raises:
        UserError: no such role.
        ValueError: not exactly one copy.
    """

    metadata: dict[str, Any] = {"render_modes": []}  # noqa: RUF012

    def __init__(self, vector_env: MecVectorEnv, role: str, others: Controller) -> None:
        if vector_env.num_envs != 1:
            raise ValueError(f"a single environment wraps 1 copy, not {vector_env.num_envs}")
        known = {one.name: one for one in vector_env.roles}
        if role not in known:
            raise UserError(f"unknown role {role!r}{did_you_mean(role, known)}")
        self.vector_env = vector_env
        self.role = role
        self._others = others
        chosen = known[role]
        self.observation_space = _stacked(chosen.observation_space, chosen.agents)
        self.action_space = _stacked(chosen.action_space, chosen.agents)
        self._running = False
        self._begun: Array | None = None
        self._seen = np.zeros(self.observation_space.shape or (), np.float32)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Array, dict[str, Any]]:
        """Start an episode; without a seed, the one that autoreset has started, if there is one.

        `options` are ignored.
        """
        del options
        super().reset(seed=seed)
        begun, self._begun = self._begun, None
        if begun is None or seed is not None:
            begun, _ = self.vector_env.reset(seed=seed)
            self._others.reset(self.vector_env)
        self._running = True
        self._seen = self._until_own_turn(begun)
        return self._seen, {}

    def step(self, action: Array) -> tuple[Array, float, bool, bool, dict[str, Any]]:
        """Play one slot. The last slot of an episode returns the observation of its own turn.

        Raises:
            ResetNeeded: no episode is in progress.
        """
        if not self._running:
            raise ResetNeeded("no episode is in progress; call reset() before step()")
        env = self.vector_env
        result = env.step(np.asarray(action)[None])
        while env.acting != env.roles[0].name:
            result = env.step(self._act(result[0]))
        observations, rewards, terminated, _, infos = result
        info: dict[str, Any] = {}
        if terminated[0]:
            self._running = False
            self._begun = observations
            info = dict(flatten_info(infos)["final_info"])
        else:
            self._seen = self._until_own_turn(observations)
        return self._seen, float(rewards[0]), bool(terminated[0]), False, info

    def _until_own_turn(self, observations: Array) -> Array:
        env = self.vector_env
        while env.acting != self.role:
            observations, *_ = env.step(self._act(observations))
        return np.array(observations[0])

    def _act(self, observations: Array) -> Array:
        return self._others.act(self.vector_env, observations)


def _stacked(space: Any, agents: int) -> Box:
    return Box(
        np.repeat(space.low[None], agents, axis=0),
        np.repeat(space.high[None], agents, axis=0),
        dtype=np.float32,
    )
