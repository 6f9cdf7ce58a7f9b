"""The baseline of environments that nobody has written a better one for: random actions."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
from gymnasium import spaces
from gymnasium.vector import VectorEnv
from numpy.typing import NDArray

from rlsys.controllers import action_masks
from rlsys.roles import acting_role, roles_of

Array = NDArray[Any]
Space = spaces.Space[Any]
_OURS = 0x52414E44
"""Keeps these draws apart from those of an environment with the same seed."""


class RandomActions:
    """Draws uniformly among the allowed actions, as Gymnasium's spaces sample.

    What a copy does follows from the seed of its episode alone, so it is the same however the
    episodes are batched.
    """

    def __init__(self, config: Any) -> None:
        del config
        self._spaces: dict[str, list[Space]] = {}

    def reset(self, env: VectorEnv[Any, Any, Any]) -> None:
        """Seed one generator per copy with the seed of its episode."""
        given = getattr(env, "episode_seeds", None) or [None] * env.num_envs
        seeds = [index if seed is None else seed for index, seed in enumerate(given)]
        drawn = {role.name: role.action_space for role in roles_of(env)}
        whole = drawn or {"": env.single_action_space}
        self._spaces = {
            name: [_seeded(space, seed, number) for seed in seeds]
            for number, (name, space) in enumerate(whole.items())
        }

    def act(self, env: VectorEnv[Any, Any, Any], observations: Array) -> Array:
        """Return one action per copy, or one per agent of the acting role."""
        roles = {role.name: role for role in roles_of(env)}
        if roles:
            role = roles[acting_role(env)]
            own = self._spaces[role.name]
            return np.stack([[space.sample() for _ in range(role.agents)] for space in own])
        del observations
        masks = action_masks(env)
        own = self._spaces[""]
        if masks is None:
            return np.stack([space.sample() for space in own])
        return np.stack([_masked(space, mask) for space, mask in zip(own, masks, strict=True)])


def _seeded(space: Space, seed: int, number: int) -> Space:
    own = copy.deepcopy(space)
    words = np.random.SeedSequence([_OURS, seed, number]).generate_state(1)
    own.seed(int(words[0]))
    return own


def _masked(space: Space, mask: NDArray[np.bool_]) -> Any:
    row = mask.astype(np.int8)
    if isinstance(space, spaces.MultiDiscrete):
        return space.sample(mask=tuple(np.split(row, np.cumsum(space.nvec)[:-1])))
    return space.sample(mask=row)
