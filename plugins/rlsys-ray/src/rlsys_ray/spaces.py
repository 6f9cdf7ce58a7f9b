"""Observations and actions for RLlib: flat float vectors, and actions in the policy's units."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from rlsys.agents.action_scale import action_scale
from rlsys.agents.spaces import kind_of
from rlsys.errors import UserError

Array = NDArray[Any]
Space = spaces.Space[Any]


def flat_observation_space(space: Space) -> spaces.Box:
    """Return the space of `flat_observation`.

    Raises:
        UserError: `space` is not a Box.
    """
    if not isinstance(space, spaces.Box):
        raise UserError(f"agent 'rllib-ppo' needs Box observations, not {space}")
    low, high = (np.ravel(bound).astype(np.float32) for bound in (space.low, space.high))
    return spaces.Box(low, high, dtype=np.float32)


def flat_observation(observation: Array) -> NDArray[np.float32]:
    """Return one observation as a float32 vector, as the portable network reads it."""
    return np.array(observation, dtype=np.float32).ravel()


def policy_action_space(space: Space, scaled: bool) -> Space:
    """Return the policy's actions: discrete ones from 0, continuous ones in its own units.

    Args:
        space: the environment's actions.
        scaled: whether bounded continuous actions are [-1, 1] (see `rlsys.agents.action_scale`).

    Raises:
        UserError: no network can decode this action space.
    """
    kind_of(space)
    if isinstance(space, spaces.Discrete):
        return spaces.Discrete(int(space.n))
    scale = action_scale(space, scaled=scaled)
    return space if scale is None else scale.space


def to_environment(space: Space, scaled: bool) -> Callable[[Any], Any]:
    """Return the function from actions of `policy_action_space` to those of the environment."""
    if isinstance(space, spaces.Discrete):
        start = int(space.start)
        return lambda action: action + start if start else action
    scale = action_scale(space, scaled=scaled)
    return scale.apply if scale is not None else lambda action: action
