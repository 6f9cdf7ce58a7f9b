"""Observations and actions for RLlib: flat float vectors, and actions counted from 0."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

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


def counted_action_space(space: Space) -> Space:
    """Return `space`, with discrete actions counted from 0.

    Raises:
        UserError: no network can decode this action space.
    """
    kind_of(space)
    return spaces.Discrete(int(space.n)) if isinstance(space, spaces.Discrete) else space


def first_action(space: Space) -> int:
    """Return the number of the first action, to add to RLlib's actions, which start at 0."""
    return int(space.start) if isinstance(space, spaces.Discrete) else 0
