"""Actions of a portable network as the environment wants them: its own type, shape and start.

Agents know `Discrete`, a `MultiDiscrete` vector that counts from 0, and a `Box` vector of float32.
Everything else is translated: `MultiBinary` is a `MultiDiscrete` of twos, a `Box` of integers is
one with a value per integer, and a `Tuple` or `Dict` of such parts is one long vector.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from rlsys.adapters.existing.observations import shown
from rlsys.errors import UserError

Space = spaces.Space[Any]
Path = tuple[str | int, ...]
_MOST_INTEGERS = 1000
_ALLOWED = "Discrete, MultiDiscrete, MultiBinary, Box, and Tuple or Dict of these"


@dataclass(frozen=True)
class _Leaf:
    """A part that is itself no container.

    Attributes:
        sizes: number of values of each entry; empty if the part is continuous.
        low, high: bounds of each entry of a continuous part, float32.
        decode: takes the entries (counted from 0, or real numbers) and returns the environment's.
    """

    path: Path
    text: str
    decode: Callable[[NDArray[Any]], Any]
    sizes: tuple[int, ...] = ()
    low: NDArray[np.float32] | None = None
    high: NDArray[np.float32] | None = None

    @property
    def size(self) -> int:
        return len(self.sizes) if self.low is None else len(self.low)


class ActionCode:
    """Turns actions of `space` into actions of the environment's own space.

    Attributes:
        space: what agents see.
        layout: what the entries mean, in order.
        choices: number of values of each entry, for masks; empty if actions are continuous.

    Raises:
        UserError: a network cannot choose such actions.
    """

    def __init__(self, original: Space) -> None:
        self._original = original
        self._leaves = _leaves(original, ())
        kinds = {leaf.low is None for leaf in self._leaves}
        if len(kinds) != 1 or not sum(leaf.size for leaf in self._leaves):
            raise UserError(
                f"its action space {original} mixes discrete and continuous parts, or has none; "
                "make it one or the other with gymnasium.wrappers.TransformAction"
            )
        self.choices = tuple(n for leaf in self._leaves for n in leaf.sizes)
        self.space = self._portable()
        self.size = sum(leaf.size for leaf in self._leaves)
        self.layout = tuple(self._described())

    def __call__(self, action: Any) -> Any:
        """Return the environment's action.

        Args:
            action: a number of `space` if it is Discrete, else a vector.
        """
        if isinstance(self._original, spaces.Discrete):
            return np.dtype(self._original.dtype).type(action)
        values, begin = {}, 0
        for leaf in self._leaves:
            values[leaf.path] = leaf.decode(action[begin : begin + leaf.size])
            begin += leaf.size
        return _gathered(self._original, (), values)

    def mask(self, given: Any) -> NDArray[np.bool_]:
        """Return the environment's mask as one vector over all choices, (sum of `choices`,).

        Raises:
            UserError: it has another number of values, or an entry has no allowed value.
        """
        parts = _mask_parts(self._original, given)
        row = np.concatenate([np.ravel(part) for part in parts]).astype(bool)
        wanted = sum(self.choices)
        if len(row) != wanted:
            raise UserError(
                f"its action mask has {len(row)} values, but its action space {self._original} "
                f"needs {wanted}: one for each value of each entry"
            )
        for entry in np.split(row, np.cumsum(self.choices)[:-1]):
            if not entry.any():
                raise UserError(
                    "its action mask allows no action at all, though the episode goes on; allow "
                    "one, or end the episode"
                )
        return row

    def _portable(self) -> Space:
        if isinstance(self._original, spaces.Discrete):
            n, start = int(self._original.n), int(self._original.start)
            return spaces.Discrete(n, start=start)
        if self.choices:
            return spaces.MultiDiscrete(np.array(self.choices, dtype=np.int64))
        low = np.concatenate([leaf.low for leaf in self._leaves if leaf.low is not None])
        high = np.concatenate([leaf.high for leaf in self._leaves if leaf.high is not None])
        return spaces.Box(low, high, dtype=np.float32)

    def _described(self) -> list[str]:
        lines, begin = [], 0
        for leaf in self._leaves:
            last = begin + leaf.size - 1
            where = f"entry {begin}" if last == begin else f"entries {begin} to {last}"
            lines.append(f"{where}: {shown(leaf.path) + ', ' if leaf.path else ''}{leaf.text}")
            begin += leaf.size
        return lines


def _leaves(space: Space, path: Path) -> list[_Leaf]:
    if isinstance(space, spaces.Dict):
        return [leaf for key in space for leaf in _leaves(space[key], (*path, key))]
    if isinstance(space, spaces.Tuple):
        return [leaf for i, part in enumerate(space) for leaf in _leaves(part, (*path, i))]
    if isinstance(space, spaces.Discrete):
        kind, start = np.dtype(space.dtype).type, space.start
        decode = lambda entries: kind(entries[0] + start)  # noqa: E731 - one line each, in a row
        return [_Leaf(path, f"{space}", decode, (int(space.n),))]
    if isinstance(space, spaces.MultiDiscrete):
        return [_counted(path, f"{space}", space, space.nvec, space.start)]
    if isinstance(space, spaces.MultiBinary):
        twos = np.full(space.shape, 2)
        return [_counted(path, f"{space}, 0 or 1 each", space, twos, np.zeros_like(twos))]
    if isinstance(space, spaces.Box):
        return [_box(path, space)]
    where = f" at {shown(path)}" if path else ""
    raise UserError(
        f"its action space {space}{where} is not one that a network can choose from; allowed are "
        f"{_ALLOWED}: change it with gymnasium.wrappers.TransformAction"
    )


def _counted(
    path: Path, text: str, space: Space, counts: NDArray[Any], starts: NDArray[Any]
) -> _Leaf:
    """Return a part whose entries have a number of values each."""

    def decode(entries: NDArray[Any]) -> Any:
        return (np.asarray(entries, np.int64).reshape(space.shape) + starts).astype(space.dtype)

    if np.any(starts):
        text += f", to which {np.ravel(starts).tolist()} is added"
    return _Leaf(path, text, decode, tuple(int(n) for n in np.ravel(counts)))


def _box(path: Path, space: spaces.Box) -> _Leaf:
    text = f"Box{space.shape} of {space.dtype}".replace(",)", ")")
    if np.issubdtype(space.dtype, np.integer):
        least = space.low.astype(np.int64)
        counts = space.high.astype(np.int64) - least + 1
        if not space.is_bounded() or (counts > _MOST_INTEGERS).any() or (counts < 1).any():
            raise UserError(
                f"its action space {space} has more than {_MOST_INTEGERS} whole numbers per entry; "
                "give it a narrower range, or make it a Box of floats"
            )
        return _counted(path, text, space, counts, least)

    def decode(entries: NDArray[Any]) -> Any:
        # float32 bounds may be rounded beyond those of a wider type.
        inside = np.asarray(entries).reshape(space.shape).astype(space.dtype)
        return np.asarray(np.clip(inside, space.low, space.high), space.dtype)

    low, high = (bound.astype(np.float32).reshape(-1) for bound in (space.low, space.high))
    return _Leaf(path, text, decode, low=low, high=high)


def _gathered(space: Space, path: Path, values: Mapping[Path, Any]) -> Any:
    if isinstance(space, spaces.Dict):
        return {key: _gathered(space[key], (*path, key), values) for key in space}
    if isinstance(space, spaces.Tuple):
        return tuple(_gathered(part, (*path, i), values) for i, part in enumerate(space))
    return values[path]


def _mask_parts(space: Space, given: Any) -> list[Any]:
    """Return the arrays of a mask that may be nested like its action space."""
    if isinstance(space, spaces.Dict) and isinstance(given, Mapping):
        return [part for key in space for part in _mask_parts(space[key], given.get(key, ()))]
    if isinstance(space, spaces.Tuple) and isinstance(given, tuple | list):
        return [
            part for one, own in zip(space, given, strict=False) for part in _mask_parts(one, own)
        ]
    if isinstance(given, tuple | list):
        return [np.asarray(one) for one in given]
    return [np.asarray(given)]
