"""Rollouts of environments with roles: whole slots of all copies, stored by role."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
from gymnasium import spaces
from gymnasium.vector import VectorEnv
from numpy.typing import NDArray

from rlsys.agents.action_scale import ActionScale
from rlsys.agents.spaces import kind_of, require_items
from rlsys.errors import UserError, name_of
from rlsys.roles import Role, acting_role, difference_rewards, roles_of
from rlsys.rollout import EpisodeMeter

Array = NDArray[Any]

Choose = Callable[[Role, Array], Array]
"""Takes a role and observations (N, features); returns N actions of the policy: counted from 0, in
its own units, not clipped."""


@dataclass(frozen=True)
class Slots:
    """What was seen and done in T slots of C copies.

    Attributes:
        observations: by role, float32 (T, C, agents, features), as the environment returned them.
        actions: by role, (T, C, agents, ...), of the policy: counted from 0, in its own units and
            before clipping.
        rewards: (T, C), shared by all agents.
        credits: by role, (T, C, agents), the agents' difference rewards; empty unless asked for.
        ends: whether the slot was its episode's last, (T, C).
        following: the first role's next observations, float32 (C, agents, features).
    """

    observations: Mapping[str, NDArray[np.float32]]
    actions: Mapping[str, Array]
    rewards: NDArray[np.float64]
    ends: NDArray[np.bool_]
    following: NDArray[np.float32]
    credits: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)


def features_of(role: Role) -> int:
    """Return how many numbers one agent of `role` observes."""
    return int(np.prod(role.observation_space.shape or ()))


def check_roles(
    agent: str, env: VectorEnv[Any, Any, Any], kinds: Sequence[str]
) -> tuple[Role, ...]:
    """Return the roles of `env`, or refuse it if the agent cannot train in it.

    Args:
        agent: its name, for the message.
        env: batched environment.
        kinds: action kinds that the agent supports (see `rlsys.agents.spaces.kind_of`).

    Raises:
        UserError: there are no roles, or the agent does not support the spaces of one.
    """
    roles = roles_of(env)
    if not roles:
        raise UserError(
            f"agent {agent!r} trains environments with roles, but {name_of(env)} has "
            "none; choose another agent"
        )
    for role in roles:
        _check_role(agent, role, kinds)
    return roles


def _check_role(agent: str, role: Role, kinds: Sequence[str]) -> None:
    observation, action = role.observation_space, role.action_space
    who = f"agent {agent!r}, role {role.name!r}"
    if not isinstance(observation, spaces.Box) or not observation.shape:
        raise UserError(f"{who}: needs a Box observation of at least one value, not {observation}")
    kind = kind_of(action)
    if role.items:
        if len(observation.shape) != 2:
            raise UserError(
                f"{who}: observes items, so it needs a Box of shape (items, features), not "
                f"{observation}"
            )
        require_items(observation, action)
    if kind not in kinds:
        raise UserError(f"{who}: needs {' or '.join(kinds)} actions, not {kind} actions ({action})")


class RoleCollector:
    """Steps the environment slot by slot and records what happened.

    An episode that is cut off at its horizon (truncated) ends like any other. The horizon counts as
    part of the task, because the observations of the later roles beyond it are not available.

    Args:
        env: has `roles`; only this object steps it.
        meter: collects the rewards and episode metrics of every slot.
        credit: whether to collect the agents' difference rewards; see `rlsys.roles`.
        scales: by role, from the policy's continuous actions to the environment's; None, or no
            entry: they are the same.
    """

    def __init__(
        self,
        env: VectorEnv[Any, Any, Any],
        meter: EpisodeMeter,
        credit: bool = False,
        scales: Mapping[str, ActionScale | None] | None = None,
    ) -> None:
        self.env = env
        self._credit = credit
        self._scales = dict(scales or {})
        self.meter = meter
        self._roles = roles_of(env)
        self._seen: Array = np.empty(0)

    def begin(self, seeds: Sequence[int]) -> None:
        """Start an episode in every copy."""
        observations, _ = self.env.reset(seed=cast("Any", list(seeds)))
        self._seen = np.array(observations)

    def collect(self, slots: int, choose: Choose) -> Slots:
        """Play `slots` slots in every copy with the actions of `choose`.

        Raises:
            UserError: a role acts out of turn, or observations or rewards are not finite.
        """
        copies = self.env.num_envs
        observations: dict[str, NDArray[np.float32]] = {
            role.name: np.empty((slots, copies, role.agents, features_of(role)), np.float32)
            for role in self._roles
        }
        actions: dict[str, list[Array]] = {role.name: [] for role in self._roles}
        rewards = np.empty((slots, copies))
        ends = np.empty((slots, copies), dtype=bool)
        credits: dict[str, list[NDArray[np.float64]]] = {role.name: [] for role in self._roles}
        for slot in range(slots):
            for role in self._roles:
                self._check_turn(role)
                kept = observations[role.name][slot]
                kept[...] = self._seen.reshape(kept.shape)
                _require_finite_view(role, kept)
                chosen = choose(role, kept.reshape(-1, kept.shape[-1]))
                chosen = chosen.reshape(copies, role.agents, *chosen.shape[1:])
                actions[role.name].append(chosen)
                self._seen, reward, terminated, truncated, infos = self.env.step(
                    _allowed(role, chosen, self._scales.get(role.name))
                )
            if not np.isfinite(reward).all():
                raise UserError(
                    "the environment returned a reward of NaN or infinity; check its dynamics"
                )
            rewards[slot] = reward
            ends[slot] = terminated | truncated
            if self._credit:
                for name, worth in difference_rewards(self.env, rewards[slot]).items():
                    credits[name].append(worth)
            self.meter.update(rewards[slot], ends[slot], infos)
        first = self._roles[0]
        following = np.array(self._seen, np.float32).reshape(copies, first.agents, -1)
        stacked = {name: np.stack(chosen) for name, chosen in actions.items()}
        earned = {name: np.stack(own) for name, own in credits.items() if own}
        return Slots(observations, stacked, rewards, ends, following, earned)

    def get_state(self) -> dict[str, Any]:
        """Return what a checkpoint must store, with the environment's state if it has one."""
        env: Any = self.env
        return {
            "env": env.get_state() if hasattr(env, "get_state") else None,
            "seen": np.array(self._seen),
            "meter": self.meter.get_state(),
        }

    def set_state(self, state: Mapping[str, Any], seeds: Sequence[int]) -> None:
        """Restore the result of `get_state`.

        Args:
            state: from the checkpoint.
            seeds: seeds of new episodes, used if the environment's state was not stored.
        """
        self.begin(seeds)
        if state["env"] is not None:
            env: Any = self.env
            env.set_state(state["env"])
            self._seen = state["seen"]
            self.meter.set_state(state["meter"])

    def _check_turn(self, role: Role) -> None:
        acting = acting_role(self.env)
        if acting != role.name:
            raise UserError(
                f"{name_of(self.env)}.acting is {acting!r} in the half-step of role "
                f"{role.name!r}; roles must decide in the order of `roles`, each once per slot"
            )


def _allowed(role: Role, chosen: Array, scale: ActionScale | None) -> Array:
    """Convert actions to those of the environment's action space."""
    space = role.action_space
    if scale is not None:
        return scale.apply(chosen)
    if isinstance(space, spaces.Box):
        return np.clip(chosen, space.low, space.high)
    if isinstance(space, spaces.Discrete):
        return chosen + int(space.start)
    return chosen


def _require_finite_view(role: Role, seen: Array) -> None:
    if not np.isfinite(seen).all():
        value = int(np.argwhere(~np.isfinite(seen))[0][-1])
        raise UserError(
            f"value {value} of the observation of role {role.name!r} is NaN or infinity; check the "
            "environment's dynamics"
        )
