"""Checks that an agent supports an environment's spaces, and says how to decode its actions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium import spaces
from gymnasium.vector import VectorEnv
from numpy.typing import NDArray

from rlsys.errors import UserError, name_of
from rlsys.network import Decoding, Transform

Space = spaces.Space[Any]


def has_items(env: Any) -> bool:
    """Return whether the observation of a batched environment is a list of items.

    The environment declares it with the attribute ``items = True``. Only True itself counts: an
    environment may well have something else of that name, such as a list.
    """
    return getattr(env, "items", False) is True


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
        if not np.issubdtype(action_space.dtype, np.floating):
            raise UserError(
                f"no built-in agent gives the whole numbers of the action space {action_space}: "
                "a network's continuous actions are real numbers; use MultiDiscrete or Discrete, "
                "or a Box of float32 and round in the environment"
            )
        return "continuous"
    raise UserError(
        f"no built-in agent supports the action space {action_space}; allowed are Discrete, a "
        "MultiDiscrete vector that starts at 0, and a Box vector of float32"
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
        low=_inward(action_space.low, np.inf),
        high=_inward(action_space.high, -np.inf),
    )


def _inward(bound: NDArray[Any], towards: float) -> NDArray[np.float32]:
    """Return `bound` in float32, never outside of what it allows in float64."""
    with np.errstate(over="ignore"):
        rounded = bound.astype(np.float32)
    outside = rounded < bound if towards > 0 else rounded > bound
    return np.where(outside, np.nextafter(rounded, np.float32(towards)), rounded)


def image_transform(observation_space: Space) -> Transform | None:
    """Return the scaling of bytes 0..255 to 0..1, as for pixels; None for other observations."""
    if (
        isinstance(observation_space, spaces.Box)
        and observation_space.dtype == np.uint8
        and np.all(observation_space.low == 0)
        and np.all(observation_space.high == 255)
    ):
        size = int(np.prod(observation_space.shape))
        return Transform(np.zeros(size, np.float32), np.full(size, 1 / 255, np.float32))
    return None


def require_items(observation_space: Space, action_space: Space) -> int:
    """Return how many actions belong to no item of an observation of items.

    Raises:
        UserError: the observation is not two-dimensional, the actions are not discrete or
            continuous, or there are fewer than items.
    """
    shape = observation_space.shape or ()
    if len(shape) != 2:
        raise UserError(
            f"observations of items have the shape (items, features), not {shape}; leave "
            "`items` undeclared if there are none"
        )
    fits = isinstance(action_space, spaces.Discrete | spaces.Box)
    if not fits or outputs_for(action_space) < shape[0]:
        raise UserError(
            f"observations of {shape[0]} items need Discrete actions or a Box vector with at "
            f"least one action per item, not {action_space}"
        )
    return outputs_for(action_space) - shape[0]


def check_problem(
    agent: str,
    env: VectorEnv[Any, Any, Any],
    kinds: Sequence[str],
    *,
    items: bool,
    masks: bool = False,
    bounded: bool = False,
) -> None:
    """Refuse an environment that an agent cannot train in.

    Args:
        agent: its name, for the message.
        env: batched environment.
        kinds: action kinds that the agent supports (see `kind_of`).
        items: whether it can learn from observations of items.
        masks: whether it needs action masks.
        bounded: whether continuous actions need finite bounds.

    Raises:
        UserError: names what is not supported and what is.
    """
    observation, action = env.single_observation_space, env.single_action_space
    if not isinstance(observation, spaces.Box):
        raise UserError(
            f"agent {agent!r} needs a Box observation (of any shape: it is flattened), "
            f"not {observation}"
        )
    kind = kind_of(action)
    if kind not in kinds:
        raise UserError(
            f"agent {agent!r} needs {' or '.join(kinds)} actions, not {kind} actions ({action}); "
            "choose another agent"
        )
    if has_items(env):
        require_items(observation, action)
        if not items:
            raise UserError(
                f"agent {agent!r} cannot learn from observations of items "
                f"(shape {observation.shape}); use ppo, maskable-ppo, self-labelling or imitation"
            )
    if bounded and isinstance(action, spaces.Box) and not action.is_bounded():
        raise UserError(
            f"agent {agent!r} needs finite bounds of all actions, because it scales them, not "
            f"{action}; give the action space finite bounds, or use ppo"
        )
    if masks and not hasattr(env, "action_masks"):
        raise UserError(_masks_are_missing(agent, env))


def _masks_are_missing(agent: str, env: VectorEnv[Any, Any, Any]) -> str:
    inside = _inside_with_masks(env)
    return (
        f"agent {agent!r} needs an environment with action_masks(), but {name_of(env)} "
        "has no such method; "
        + (
            "use an agent that needs no masks, such as ppo"
            if inside is None
            else f"pass on the masks of the {inside} inside it, as bool (num_envs, n_actions)"
        )
    )


def _inside_with_masks(env: Any) -> str | None:
    """Return the class inside `env` (a wrapper, or a batch of single ones) that has masks."""
    while True:
        inside = next(iter(getattr(env, "envs", ())), None) or getattr(env, "env", None)
        if inside is None or inside is env:
            return None
        if hasattr(inside, "action_masks"):
            return type(inside).__name__
        env = inside
