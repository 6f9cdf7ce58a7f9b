"""A parallel PettingZoo environment, grouped into roles.

Agents form a role if their spaces are equal and their names differ only in the number at the end:
``adversary_0`` and ``adversary_1`` are the role ``adversary``. All agents of PettingZoo's step act
at once. So the roles, which decide in turn, all see the observations from before the step. The
reward, which all agents share, is the sum of the agents' rewards.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from rlsys.adapters.existing.actions import ActionCode
from rlsys.adapters.existing.observations import ObservationCode, Vector
from rlsys.adapters.existing.portable import MASK, Mask, plain_number
from rlsys.errors import UserError
from rlsys.roles import Role

Array = NDArray[Any]


def is_parallel(env: Any) -> bool:
    """Return whether `env` is a `pettingzoo.ParallelEnv`; the library is not imported for that."""
    return _is_a(env, "ParallelEnv")


def is_turn_based(env: Any) -> bool:
    """Return whether `env` is a `pettingzoo.AECEnv`."""
    return _is_a(env, "AECEnv")


class JointEnv:
    """All agents of a `pettingzoo.ParallelEnv` as one: their vectors side by side, role by role.

    Args:
        env: the environment.
        name: what messages call it.
        limit: steps after which an episode is cut off; None: the environment decides.

    Attributes:
        roles: in the order in which their first agents are listed.
        observations, actions: how each role's agents see and act, by role name.
        observation_space: of all agents together.

    Raises:
        UserError: a network cannot take the observations or choose the actions of a role.
    """

    masked = False
    mask: Mask = None

    def __init__(self, env: Any, name: str, limit: int | None = None) -> None:
        self.env = env
        self.name = name
        self.render_mode = getattr(env, "render_mode", None)
        self.metadata: Mapping[str, Any] = getattr(env, "metadata", {})
        self._limit = limit
        self._steps = 0
        self._members = _grouped(env)
        if not self._members:
            raise UserError(f"{name}: its possible_agents are empty; list every agent there")
        self.observations: dict[str, ObservationCode] = {}
        self.actions: dict[str, ActionCode] = {}
        for role, agents in self._members.items():
            self._translate(role, agents[0])
        self.roles = tuple(
            Role(role, len(agents), self.observations[role].space, self.actions[role].space)
            for role, agents in self._members.items()
        )
        parts = [role.observation_space for role in self.roles for _ in range(role.agents)]
        self.observation_space = spaces.Box(
            np.concatenate([part.low for part in parts]),  # type: ignore[attr-defined]
            np.concatenate([part.high for part in parts]),  # type: ignore[attr-defined]
            dtype=np.float32,
        )

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Vector, dict[str, Any]]:
        """Start an episode; returns all agents' vectors one after another."""
        result = self.env.reset(seed=seed, options=options)
        if not isinstance(result, tuple) or len(result) != 2:
            raise UserError(
                f"{self.name}: reset() must return (observations, infos), as PettingZoo's parallel "
                "environments do"
            )
        self._steps = 0
        observations, infos = result
        if any(MASK in own for own in infos.values()):
            raise UserError(f"{self.name}: {_MASKS_UNKNOWN}")
        return self._vector(observations), {}

    def step(self, action: Array) -> tuple[Vector, float, bool, bool, dict[str, Any]]:
        """Do one step with all agents' entries one after another, as in `observation_space`."""
        chosen, begin = {}, 0
        for role, agents in self._members.items():
            code = self.actions[role]
            for agent in agents:
                own = action[begin : begin + code.size]
                whole = own if code.choices == () else own.astype(np.int64)
                discrete = isinstance(code.space, spaces.Discrete)
                chosen[agent] = code(whole[0] if discrete else whole)
                begin += code.size
        observations, rewards, terminations, truncations, _ = self.env.step(chosen)
        self._steps += 1
        ends = [bool(terminations.get(a) or truncations.get(a)) for a in chosen]
        if any(ends) != all(ends):
            early = next(agent for agent, end in zip(chosen, ends, strict=True) if end)
            raise UserError(
                f"{self.name}: the agent {early!r} left the episode in step {self._steps} while "
                "others go on; in rlsys all stay until the end: keep it in (as "
                "supersuit.black_death_v3 does), or end the episode for all"
            )
        terminated = all(bool(terminations.get(agent)) for agent in chosen)
        cut = self._limit is not None and self._steps >= self._limit
        truncated = (ends[0] or cut) and not terminated
        try:
            reward = sum(plain_number(rewards[agent]) for agent in chosen)
        except KeyError as error:
            raise UserError(f"{self.name}: step() gave the agent {error} no reward") from error
        return self._vector(observations), reward, terminated, truncated, {}

    def render(self) -> Any:
        """Return the picture, as PettingZoo does."""
        return self.env.render()

    def close(self) -> None:
        """Close the environment."""
        self.env.close()

    def _translate(self, role: str, agent: str) -> None:
        seen = self.env.observation_space(agent)
        if isinstance(seen, spaces.Dict) and MASK in seen.spaces:
            raise UserError(f"{self.name}: {_MASKS_UNKNOWN}")
        try:
            self.observations[role] = ObservationCode(seen)
            self.actions[role] = ActionCode(self.env.action_space(agent))
        except UserError as error:
            raise UserError(f"{self.name}, role {role!r}: {error}") from error

    def _vector(self, observations: Mapping[str, Any]) -> Vector:
        parts = []
        for role, agents in self._members.items():
            for agent in agents:
                if agent not in observations:
                    raise UserError(
                        f"{self.name}: the agent {agent!r} has no observation in step "
                        f"{self._steps}; in rlsys all agents take part from start to end"
                    )
                try:
                    parts.append(self.observations[role](observations[agent]))
                except UserError as error:
                    raise UserError(f"{self.name}, agent {agent!r}: {error}") from error
        return np.concatenate(parts)


_MASKS_UNKNOWN = (
    "has action masks, but the agents for several roles know none; make every action legal, such "
    "as by letting a forbidden one do nothing"
)


def _grouped(env: Any) -> dict[str, list[str]]:
    """Return the agents by role name."""
    groups: list[tuple[str, list[str]]] = []
    for agent in env.possible_agents:
        stem = re.sub(r"[_-]?\d+$", "", str(agent)) or str(agent)
        for other, agents in groups:
            alike = env.observation_space(agents[0]) == env.observation_space(agent)
            if other == stem and alike and env.action_space(agents[0]) == env.action_space(agent):
                agents.append(agent)
                break
        else:
            groups.append((stem, [agent]))
    stems: Sequence[str] = [stem for stem, _ in groups]
    named = {}
    for stem, agents in groups:
        name = stem if stems.count(stem) == 1 else str(agents[0])
        named[re.sub(r"[^\w-]+", "-", name)] = agents
    return named


def _is_a(env: Any, name: str) -> bool:
    library = sys.modules.get("pettingzoo")
    return library is not None and isinstance(env, getattr(library, name))
