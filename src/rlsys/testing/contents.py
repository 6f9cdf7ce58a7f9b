"""Finds what is wrong with the spaces, observations, masks and numbers of an environment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from gymnasium.spaces import Box, Discrete, MultiDiscrete
from numpy.typing import NDArray

from rlsys.roles import acting_role, roles_of
from rlsys.testing.playing import Moment

Array = NDArray[Any]


def spaces_fault(env: Any, copies: int) -> str | None:
    """Return what is wrong with an environment's declarations, or None."""
    if getattr(env, "num_envs", None) != copies:
        return f"num_envs is {getattr(env, 'num_envs', 'missing')} and must be {copies}"
    roles = roles_of(env)
    if roles:
        names = [role.name for role in roles]
        if len(set(names)) < len(names) or min(role.agents for role in roles) < 1:
            return f"the roles {names} must differ, and each must have at least one agent"
        if acting_role(env) != names[0]:
            return f"acting is {acting_role(env)!r} before the first step and must be {names[0]!r}"
        spaces = [(f"role {r.name!r}", r.observation_space, r.action_space) for r in roles]
        return _space_fault(spaces)
    lacking = [
        name
        for name in ("observation_space", "action_space")
        if not (hasattr(env, name) and hasattr(env, f"single_{name}"))
    ]
    if lacking:
        return f"it lacks {', '.join(lacking)} (and its single_ form)"
    single = env.single_observation_space
    if tuple(env.observation_space.shape or ()) != (copies, *single.shape):
        return (
            f"observation_space has shape {env.observation_space.shape} and must be "
            f"gymnasium.vector.utils.batch_space(single_observation_space, {copies})"
        )
    return _space_fault([("it", single, env.single_action_space)])


def _space_fault(spaces: list[tuple[str, Any, Any]]) -> str | None:
    for owner, seen, done in spaces:
        if not isinstance(seen, Box) or seen.dtype != np.float32:
            return f"{owner}: the observation space is {seen} and must be a Box of float32"
        if not isinstance(done, Box | Discrete | MultiDiscrete):
            return f"{owner}: the action space is {done}; use Discrete, MultiDiscrete or Box"
    return None


def container_fault(space: Box, rows: Array) -> str | None:
    """Return why observations (N, ...) do not belong to `space`, or None."""
    if rows.dtype != space.dtype:
        return f"has dtype {rows.dtype}, but its space has {space.dtype}"
    if rows.shape[1:] != space.shape:
        return f"has shape {rows.shape[1:]}, but its space has {space.shape}"
    if np.isnan(rows).any():
        return "contains NaN"
    outside = (rows < space.low) | (rows > space.high)
    if outside.any():
        copy, *place = (int(i) for i in np.argwhere(outside)[0])
        where = tuple(place)
        low, high = space.low[where], space.high[where]
        return f"has {rows[(copy, *where)]:g} at {list(where)}, outside [{low:g}, {high:g}]"
    return None


def finite_fault(moment: Moment) -> str | None:
    """Return what is wrong with the rewards, ends and infos of a step, or None."""
    copies = len(moment.observations)
    rewards = moment.rewards
    if rewards.dtype != np.float64 or rewards.shape != (copies,):
        return f"rewards have dtype {rewards.dtype} and shape {rewards.shape}"
    if not np.isfinite(rewards).all():
        return f"rewards are {rewards}"
    for name in ("terminated", "truncated"):
        ends = getattr(moment, name)
        if ends.dtype != np.bool_ or ends.shape != (copies,):
            return f"{name} has dtype {ends.dtype} and shape {ends.shape}"
    return _infos_fault(moment.infos, "infos")


def _infos_fault(infos: Mapping[str, Any], place: str) -> str | None:
    for name, value in infos.items():
        if isinstance(value, Mapping):
            fault = _infos_fault(value, f"{place}[{name!r}]")
            if fault:
                return fault
            continue
        array = np.asarray(value)
        valid = infos.get(f"_{name}")
        if array.dtype.kind != "f" or name == "final_obs":  # final_obs is checked elsewhere
            continue
        told = array if valid is None else array[np.asarray(valid, dtype=bool)]
        if not np.isfinite(told).all():
            return f"{place}[{name!r}] is {array}"
    return None


def mask_fault(masks: Array, space: Any, copies: int) -> str | None:
    """Return what is wrong with masks (num_envs, actions), or None."""
    sizes = [int(space.n)] if isinstance(space, Discrete) else [int(n) for n in space.nvec]
    if masks.shape != (copies, sum(sizes)):
        return f"have shape {masks.shape}, not {(copies, sum(sizes))}"
    for part in np.split(masks, np.cumsum(sizes)[:-1], axis=1):
        shut = np.flatnonzero(~part.any(axis=1))
        if len(shut):
            return f"allow no action in copy {shut[0]}"
    return None
