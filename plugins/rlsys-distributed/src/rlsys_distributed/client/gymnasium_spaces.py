"""Gymnasium's spaces as a client sends them, without importing Gymnasium."""

from __future__ import annotations

from typing import Any

import numpy as np

from rlsys.errors import UserError
from rlsys_distributed.wire.spaces import Box, Discrete, MultiDiscrete, Space


def space_of(space: Any, name: str) -> Space:
    """Return a Gymnasium space; one of ours is returned as it is.

    Raises:
        UserError: a space that no model of the server's can have; `name` says which.
    """
    kind = type(space).__name__
    if isinstance(space, Discrete | MultiDiscrete | Box):
        return space
    if kind == "Discrete":
        return Discrete(int(space.n), int(space.start))
    if kind == "MultiDiscrete" and not np.any(space.start) and np.ndim(space.nvec) == 1:
        return MultiDiscrete(tuple(int(n) for n in space.nvec))
    if kind == "Box":
        pixels = space.dtype == np.uint8
        return Box(
            tuple(space.shape),
            tuple(space.low.astype(np.float64).ravel().tolist()),
            tuple(space.high.astype(np.float64).ravel().tolist()),
            "uint8" if pixels else "float32",
        )
    raise UserError(
        f"{name}: {space} cannot be sent; allowed are Discrete, a MultiDiscrete vector that starts "
        "at 0, and Box"
    )
