"""One copy of an environment with roles, as an RLlib multi-agent environment."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium.vector import VectorEnv
from numpy.typing import NDArray
from ray.rllib.env.multi_agent_env import MultiAgentEnv

from rlsys.roles import Role, acting_role, roles_of
from rlsys_ray.one_copy import EPISODE, OneCopy
from rlsys_ray.spaces import (
    flat_observation,
    flat_observation_space,
    policy_action_space,
    to_environment,
)

Array = NDArray[Any]
ByAgent = dict[Any, Any]


def role_of(agent: str) -> str:
    """Return the role of the agent called ``ROLE_NUMBER``."""
    return agent.rpartition("_")[0]


def agents_of(role: Role) -> list[str]:
    """Return the names of a role's agents."""
    return [f"{role.name}_{number}" for number in range(role.agents)]


class RllibRolesEnv(OneCopy, MultiAgentEnv):
    """Turn-based: each half-step shows observations only to the agents of the acting role.

    The reward of a step of the system goes to every agent: RLlib adds it to the decision that each
    agent has made in that step. When an episode is truncated, each agent gets a last observation
    for estimating the rest. The first role gets what it would have seen next, if the environment
    provides it (``final_obs``); the others get what they saw last.
    """

    def declare(self, vector_env: VectorEnv[Any, Any, Any], scaled: bool) -> None:
        """Set the environment, its agents and their spaces."""
        self._env = vector_env
        self._roles = {role.name: role for role in roles_of(vector_env)}
        self._names = {role.name: agents_of(role) for role in self._roles.values()}
        self.possible_agents = [name for names in self._names.values() for name in names]
        self.agents = list(self.possible_agents)
        self.observation_spaces = {
            name: flat_observation_space(role.observation_space)
            for role in self._roles.values()
            for name in self._names[role.name]
        }
        self.action_spaces = {
            name: policy_action_space(role.action_space, scaled)
            for role in self._roles.values()
            for name in self._names[role.name]
        }
        self._to_environment = {
            name: to_environment(role.action_space, scaled) for name, role in self._roles.items()
        }
        self._waiting: ByAgent | None = None
        self._seen: ByAgent = {}

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[ByAgent, ByAgent]:
        """Start an episode; a training seed is drawn from the given seed."""
        super().reset(seed=seed, options=options)
        waiting, self._waiting = self._waiting, None
        if waiting is None or seed is not None:
            waiting = self._shown(self.begin(seed, options))
        self._seen = dict(waiting)
        return waiting, {}

    def step(  # type: ignore[override]  # RLlib's own class differs from Gymnasium's
        self, action_dict: ByAgent
    ) -> tuple[ByAgent, ByAgent, ByAgent, ByAgent, ByAgent]:
        """Play the half-step of the acting role."""
        role = self._roles[acting_role(self._env)]
        actions = np.stack([np.asarray(action_dict[name]) for name in self._names[role.name]])
        observations, rewards, terminated, truncated, infos = self._env.step(
            self._to_environment[role.name](actions[None])
        )
        ends, cut = bool(terminated[0]), bool(truncated[0] and not terminated[0])
        self._meter.update(rewards, terminated | truncated, infos)
        shown = self._shown(observations)
        told: ByAgent = {}
        if ends or cut:
            self._waiting = shown
            last = infos.get("final_obs")
            shown = {**self._seen, **(self._shown(last) if last is not None else {})}
            told = {self.possible_agents[0]: {EPISODE: self._meter.flush()}}
        self._seen |= shown
        slot_over = ends or cut or acting_role(self._env) == next(iter(self._roles))
        earned = dict.fromkeys(self.possible_agents, float(rewards[0])) if slot_over else {}
        return shown, earned, {"__all__": ends}, {"__all__": cut}, told

    def _shown(self, observations: Array) -> ByAgent:
        """Return what the agents of the acting role see, from (1, agents, ...)."""
        names = self._names[acting_role(self._env)]
        return {name: flat_observation(o) for name, o in zip(names, observations[0], strict=True)}
