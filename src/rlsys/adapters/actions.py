"""Random and extreme actions for every space that rlsys supports, and a check of actions."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium.spaces import Box, Discrete, MultiDiscrete
from numpy.typing import NDArray

Array = NDArray[Any]
Mask = NDArray[np.bool_] | None


def draw(space: Any, rng: np.random.Generator, mask: Mask = None) -> Any:
    """Return a random action of `space`, one that `mask` allows if it allows any.

    Args:
        mask: (n_actions,) for `Discrete`, (sum of the sizes,) for `MultiDiscrete`.
    """
    if isinstance(space, Discrete):
        return int(space.start) + _choice(rng, int(space.n), mask)
    if isinstance(space, MultiDiscrete):
        sizes = [int(size) for size in space.nvec]
        parts = _split(mask, sizes)
        return np.array([_choice(rng, n, own) for n, own in zip(sizes, parts, strict=True)])
    if isinstance(space, Box):
        low, high = finite_bounds(space)
        return (low + rng.random(space.shape) * (high - low)).astype(space.dtype)
    raise TypeError(
        f"rlsys does not support the action space {space!r}: use Discrete, MultiDiscrete or Box"
    )


def extreme(space: Any, highest: bool, mask: Mask = None) -> Any:
    """Return the lowest or the highest allowed action of `space`."""
    pick = -1 if highest else 0
    if isinstance(space, Discrete):
        return int(space.start) + int(_allowed(int(space.n), mask)[pick])
    if isinstance(space, MultiDiscrete):
        sizes = [int(size) for size in space.nvec]
        parts = _split(mask, sizes)
        return np.array([_allowed(n, own)[pick] for n, own in zip(sizes, parts, strict=True)])
    return finite_bounds(space)[1 if highest else 0].astype(space.dtype)


def other(space: Any, actions: Array) -> Array:
    """Return actions of `space`, shape as `actions`, each of which differs from the given one."""
    if isinstance(space, Box):
        low, high = finite_bounds(space)
        return np.where(actions > (low + high) / 2, low, high).astype(actions.dtype)
    counts = space.n if isinstance(space, Discrete) else space.nvec
    return np.asarray(space.start + (actions - space.start + 1) % counts, dtype=actions.dtype)


def finite_bounds(space: Box) -> tuple[Array, Array]:
    """Return low and high with finite values in place of infinite ones."""
    low = np.where(np.isfinite(space.low), space.low, np.minimum(space.high, 0.0) - 1.0)
    high = np.where(np.isfinite(space.high), space.high, np.maximum(low, 0.0) + 1.0)
    return np.where(np.isfinite(low), low, -1.0), high


def complaint(space: Any, action: Any, mask: Mask = None) -> str | None:
    """Return what is wrong with an action, or None."""
    found = np.asarray(action)
    if found.shape != space.shape:
        return f"has shape {found.shape}, not {space.shape}"
    if isinstance(space, Box):
        inside = np.all((found >= space.low) & (found <= space.high))
        return None if inside else f"is {found}, outside {space}"
    if not np.issubdtype(found.dtype, np.integer):
        return f"has dtype {found.dtype}, not an integer dtype"
    start = space.start
    counts = space.n if isinstance(space, Discrete) else space.nvec
    if np.any(found < start) or np.any(found >= start + counts):
        return f"is {found}, outside {space}"
    if mask is None or not _masked_out(space, found, mask):
        return None
    return f"is {found}, which the mask forbids"


def _masked_out(space: Any, action: Array, mask: NDArray[np.bool_]) -> bool:
    if isinstance(space, Discrete):
        return bool(mask.any() and not mask[int(action) - int(space.start)])
    parts = _split(mask, [int(size) for size in space.nvec])
    return any(
        own is not None and own.any() and not own[int(index)]
        for index, own in zip(action, parts, strict=True)
    )


def _choice(rng: np.random.Generator, count: int, mask: Mask) -> int:
    return int(rng.choice(_allowed(count, mask)))


def _allowed(count: int, mask: Mask) -> Array:
    """Return the allowed actions; all if the mask is unusable, which another check reports."""
    if mask is None or len(mask) != count or not mask.any():
        return np.arange(count)
    return np.flatnonzero(mask)


def _split(mask: Mask, sizes: list[int]) -> list[Mask]:
    if mask is None or len(mask) != sum(sizes):
        return [None] * len(sizes)
    return list(np.split(mask, np.cumsum(sizes)[:-1]))
