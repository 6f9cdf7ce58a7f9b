"""The bounds of observations: whether a batch keeps to them, what does not, and clipping."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class Bounds:
    """Shape, type and bounds of the observations of all copies.

    Args:
        space: of one copy, or of one agent of a role; None, or a space without `low` and `high`:
            only that the values are finite is checked.
        copies: number of copies.
        agents: number of agents of the role that sees them; None without roles.
    """

    def __init__(self, space: Any, copies: int, agents: int | None = None) -> None:
        self.agents = agents
        self._copies = copies
        low, high = getattr(space, "low", None), getattr(space, "high", None)
        self._inner: tuple[int, ...] | None = None
        shape = getattr(space, "shape", None)
        if shape is not None:
            self._inner = (*(() if agents is None else (agents,)), *shape)
        self._dtype = getattr(space, "dtype", None)
        bounded = low is not None and high is not None
        # Infinite bounds become the largest finite number, so that they exclude infinity.
        most = np.finfo(np.float64).max
        self.low = np.maximum(np.asarray(low, np.float64), -most) if bounded else np.array(-most)
        self.high = np.minimum(np.asarray(high, np.float64), most) if bounded else np.array(most)
        if bounded and np.dtype(self._dtype).kind == "f":
            # A bound that no float32 has exactly is compared in float32, as it is meant.
            kind = np.dtype(self._dtype)
            most32 = np.finfo(kind).max
            self.low = np.maximum(np.asarray(low), -most32).astype(kind)
            self.high = np.minimum(np.asarray(high), most32).astype(kind)

        self._shape = None if self._inner is None else (copies, *self._inner)
        low, high = np.unique(self.low), np.unique(self.high)
        self._uniform = (low[0], high[0]) if len(low) == len(high) == 1 else None

    def checked(self, observations: Any, copies: int | None = None) -> Array:
        """Return observations as an array.

        Args:
            copies: how many there are; None: one per copy.

        Raises:
            ValueError: they have the wrong shape, or a type that the space's cannot hold.
        """
        found = np.asarray(observations)
        if found.dtype == self._dtype and found.shape == self._shape and copies is None:
            return found
        count = self._copies if copies is None else copies
        right = found.shape[:1] == (count,)
        if self._inner is not None:
            right = found.shape == (count, *self._inner)
        if not right:
            wanted = f"({count}, {', '.join(map(str, self._inner or ('...',)))})"
            raise ValueError(f"the observations have shape {found.shape}, not {wanted}")
        if found.dtype.kind not in "fiub":
            raise ValueError(f"the observations have dtype {found.dtype}, not one of numbers")
        if self._dtype is not None and not np.can_cast(found.dtype, self._dtype, "same_kind"):
            raise ValueError(f"the observations have dtype {found.dtype}, not {self._dtype}")
        return found

    def holds(self, found: Array) -> bool:
        """Return whether all values lie within the bounds; NaN and infinity never do."""
        if self._uniform is not None:
            low, high = self._uniform
            return bool(found.min() >= low and found.max() <= high)
        lowest, highest = found.min(axis=0), found.max(axis=0)
        return bool((lowest >= self.low).all() and (highest <= self.high).all())

    def first_fault(self, found: Array) -> tuple[int, str, float, str | None]:
        """Return copy, place, value and fault of the first wrong value; None: it is not finite."""
        wrong = ~((found >= self.low) & (found <= self.high))
        not_finite = wrong & ~np.isfinite(found)
        index = tuple(int(i) for i in np.argwhere(not_finite if not_finite.any() else wrong)[0])
        value = float(found[index])
        place = f"[{', '.join(map(str, index[1:]))}]" if len(index) > 1 else ""
        if not np.isfinite(value):
            return index[0], place, value, None
        low = float(np.broadcast_to(self.low, found.shape)[index])
        high = float(np.broadcast_to(self.high, found.shape)[index])
        beyond = f"above its bound {high:.6g}" if value > high else f"below its bound {low:.6g}"
        return index[0], place, value, beyond

    def count_faults(self, found: Array) -> int:
        """Return how many observations have a value beyond the bounds."""
        wrong = ~((found >= self.low) & (found <= self.high))
        return int(wrong.reshape(len(found), -1).any(axis=1).sum())

    def clip(self, found: Array) -> Array:
        """Return the observations with every value moved to the nearest one that is allowed."""
        return np.clip(found, self.low, self.high).astype(found.dtype)

    def clip_fixed_point(self, found: Array, fractional_bits: int) -> Array:
        """Return observations in whole multiples of ``2 ** -fractional_bits``, clipped."""
        unit = float(1 << fractional_bits)
        low = np.ceil(np.maximum(self.low, -(2.0**40)) * unit)
        high = np.floor(np.minimum(self.high, 2.0**40) * unit)
        return np.clip(found, low.astype(np.int64), high.astype(np.int64)).astype(found.dtype)
