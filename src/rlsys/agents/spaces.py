"""Checks that an agent supports an environment's spaces, and says how to decode its actions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium import spaces
from gymnasium.vector import VectorEnv

from rlsys.errors import UserError
from rlsys.network import Decoding

Space = spaces.Space[Any]


def kind_of(action_space: Space) -> str:
    """Return ``discrete``, ``multi-discrete`` or ``continuous``.

    Raises:
        UserError: the action space is of another kind.
    """
    if isinstance(action_space, spaces.Discrete):
        return "discrete"
    if isinstance(action_space, spaces.MultiDiscrete):
        if action_space.nvec.ndim == 1 and not np.any(action_space.start):
            return "multi-discrete"
    elif isinstance(action_space, spaces.Box) and len(action_space.shape) == 1:
        return "continuous"
    raise UserError(
        f"no built-in agent supports the action space {action_space}; allowed are Discrete, a "
        "MultiDiscrete vector that starts at 0, and a Box vector"
    )


def outputs_for(action_space: Space) -> int:
    """Return the number of outputs of a network for `action_space`."""
    kind = kind_of(action_space)
    if isinstance(action_space, spaces.Discrete):
        return int(action_space.n)
    if isinstance(action_space, spaces.MultiDiscrete):
        return int(action_space.nvec.sum())
    assert kind == "continuous"
    assert action_space.shape is not None
    return int(action_space.shape[0])


def decoding_for(action_space: Space, *, squashed: bool = False) -> Decoding:
    """Return how outputs become actions of `action_space`.

    Args:
        action_space: of one copy.
        squashed: whether continuous outputs pass through tanh (SAC) or are clipped (PPO).
    """
    kind_of(action_space)
    if isinstance(action_space, spaces.Discrete):
        return Decoding("argmax", start=int(action_space.start))
    if isinstance(action_space, spaces.MultiDiscrete):
        return Decoding("multi-argmax", sizes=tuple(int(n) for n in action_space.nvec))
    assert isinstance(action_space, spaces.Box)
    return Decoding(
        "tanh" if squashed else "clip",
        low=action_space.low.astype(np.float32),
        high=action_space.high.astype(np.float32),
    )


def require_items(observation_space: Space, action_space: Space) -> int:
    """Return how many actions belong to no item of a two-dimensional observation.

    Raises:
        UserError: the actions are not discrete or continuous, or there are fewer than items.
    """
    items = (observation_space.shape or (0,))[0]
    fits = isinstance(action_space, spaces.Discrete | spaces.Box)
    if not fits or outputs_for(action_space) < items:
        raise UserError(
            f"observations of {items} items need Discrete actions or a Box vector with at least "
            f"one action per item, not {action_space}"
        )
    return outputs_for(action_space) - items


def check_problem(
    agent: str,
    env: VectorEnv[Any, Any, Any],
    kinds: Sequence[str],
    *,
    items: bool,
    masks: bool = False,
) -> None:
    """Refuse an environment that an agent cannot train in.

    Args:
        agent: its name, for the message.
        env: batched environment.
        kinds: action kinds that the agent supports (see `kind_of`).
        items: whether it can learn from observations of items.
        masks: whether it needs action masks.

    Raises:
        UserError: names what is not supported and what is.
    """
    observation, action = env.single_observation_space, env.single_action_space
    if not isinstance(observation, spaces.Box) or len(observation.shape) not in (1, 2):
        raise UserError(
            f"agent {agent!r} needs a Box observation, a vector or (items, features), "
            f"not {observation}"
        )
    kind = kind_of(action)
    if kind not in kinds:
        raise UserError(
            f"agent {agent!r} needs {' or '.join(kinds)} actions, not {kind} actions ({action}); "
            "choose another agent"
        )
    if len(observation.shape) == 2:
        if not items:
            raise UserError(
                f"agent {agent!r} cannot learn from observations of items "
                f"(shape {observation.shape}); use ppo, maskable-ppo, self-labelling or imitation"
            )
        require_items(observation, action)
    if masks and not hasattr(env, "action_masks"):
        raise UserError(
            f"agent {agent!r} needs an environment with action_masks(), but "
            f"{type(env).__name__} has none; use ppo"
        )
