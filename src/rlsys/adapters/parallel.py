"""An environment with roles as a PettingZoo `ParallelEnv`.

In PettingZoo, either all agents act in every step, or a single one does. Here all agents of one
role act at once. So a step of the adapter is a half-step. Every agent stays in `agents` until the
episode ends, and ``infos[agent]["acting"]`` says whose actions the next step uses. The actions of
the other agents are ignored and may be left out. Those agents keep their observation from their own
last half-step: zeros before the first.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pettingzoo import ParallelEnv  # type: ignore[import-untyped]

from rlsys.adapters.single import flatten_info
from rlsys.errors import UserError, name_of
from rlsys.roles import roles_of

Array = NDArray[Any]


class RoleParallelEnv(ParallelEnv):  # type: ignore[misc]  # the library is not typed
    """`pettingzoo.ParallelEnv` over a batched environment with roles and one copy.

    Agents are called ``ROLE_INDEX``. All of them get the reward of a step of the system in the
    half-step that ends it. When an episode ends, ``infos`` has its metrics. With the same seed and
    actions, the trajectory is that of copy 0 of the batch. ``reset()`` without a seed returns the
    episode that the batch has already started.

    Args:
        vector_env: batched environment with roles (see `rlsys.roles`) and ``num_envs == 1``.

    Raises:
        UserError: the environment has no roles.
        ValueError: it has another number of copies.

    Example:
        >>> env = RoleParallelEnv(make_roles_env(num_envs=1))  # doctest: +SKIP
    """

    def __init__(self, vector_env: Any) -> None:
        self.vector_env = vector_env
        self.roles = roles_of(vector_env)
        if not self.roles:
            raise UserError(
                f"{name_of(vector_env)} has no roles; rlsys.adapters.single.SingleEnv is "
                "the adapter for one agent"
            )
        if vector_env.num_envs != 1:
            raise ValueError(
                f"a parallel environment wraps a batch of num_envs=1, not {vector_env.num_envs}"
            )
        self.metadata = {"name": name_of(vector_env), "render_modes": []}
        self.render_mode = None
        self._members = {
            role.name: [f"{role.name}_{index}" for index in range(role.agents)]
            for role in self.roles
        }
        self._role_of = {name: role for role in self.roles for name in self._members[role.name]}
        self.possible_agents = list(self._role_of)
        self.agents: list[str] = []
        self._begun: Array | None = None
        self._seen: dict[str, Array] = {}

    def observation_space(self, agent: str) -> Any:
        """Return the observation space of `agent`; the same object for all agents of a role."""
        return self._role_of[agent].observation_space

    def action_space(self, agent: str) -> Any:
        """Return the action space of `agent`; the same object for all agents of a role."""
        return self._role_of[agent].action_space

    def reset(
        self, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Array], dict[str, dict[str, Any]]]:
        """Start an episode; the class describes ``reset()`` without a seed."""
        begun, self._begun = self._begun, None
        if begun is None or seed is not None or options:
            begun, _ = self.vector_env.reset(seed=seed, options=options)
        self.agents = list(self.possible_agents)
        self._seen = {
            agent: np.zeros(role.observation_space.shape or (), role.observation_space.dtype)
            for agent, role in self._role_of.items()
        }
        self._show(begun)
        return dict(self._seen), self._infos()

    def step(
        self, actions: Mapping[str, Any]
    ) -> tuple[
        dict[str, Array],
        dict[str, float],
        dict[str, bool],
        dict[str, bool],
        dict[str, dict[str, Any]],
    ]:
        """Do one half-step with the actions of the acting role's agents.

        Raises:
            UserError: no episode is running, or an acting agent's action is missing.
        """
        if not self.agents:
            raise UserError("no episode is running; call reset() before step()")
        acting = self._members[self.vector_env.acting]
        missing = [agent for agent in acting if agent not in actions]
        if missing:
            raise UserError(
                f"role {self.vector_env.acting!r} acts now, but no action was given for its agents "
                f"{', '.join(missing)}"
            )
        stacked = np.stack([np.asarray(actions[agent]) for agent in acting])[None]
        observations, rewards, terminated, truncated, infos = self.vector_env.step(stacked)
        over, cut = bool(terminated[0]), bool(truncated[0])
        told = self._infos()
        if over or cut:
            self._begun = observations
            final = flatten_info(infos).get("final_info", {})
            told = {agent: {"acting": False, **final} for agent in self.agents}
        else:
            self._show(observations)
        everyone, reward = self.agents, float(rewards[0])
        result = (
            {agent: self._seen[agent] for agent in everyone},
            dict.fromkeys(everyone, reward),
            dict.fromkeys(everyone, over),
            dict.fromkeys(everyone, cut),
            told,
        )
        if over or cut:
            self.agents = []
        return result

    def close(self) -> None:
        """Close the batch."""
        self.vector_env.close()

    def _show(self, observations: Array) -> None:
        acting = self._members[self.vector_env.acting]
        self._seen.update(zip(acting, np.array(observations[0]), strict=True))

    def _infos(self) -> dict[str, dict[str, Any]]:
        acting = self.vector_env.acting
        return {agent: {"acting": self._role_of[agent].name == acting} for agent in self.agents}
