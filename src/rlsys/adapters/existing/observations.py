"""Observations as the input of a portable network: one vector of float32, with its layout.

A `Box` is flattened. `Discrete` and `MultiDiscrete` become one-hot: one input per possible value, 1
at the value and 0 elsewhere. `MultiBinary` stays 0 or 1. `Tuple` and `Dict` are the vectors of
their parts in order; the keys of a `Dict` are sorted, as Gymnasium does. The bounds of the vector
are those of the parts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from rlsys.errors import UserError

Vector = NDArray[np.float32]
Space = spaces.Space[Any]
_MOST_INPUTS = 1_000_000
_LARGEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class _Leaf:
    """A part that is itself no container: where it stands, and how it is written."""

    path: tuple[str | int, ...]
    size: int
    low: Vector
    high: Vector
    text: str
    write: Callable[[Any, Vector], None]

    @property
    def name(self) -> str:
        return shown(self.path)


class ObservationCode:
    """Turns observations of `original` into vectors of `space`.

    Attributes:
        space: Box of shape (inputs,), float32; open bounds stay infinite.
        layout: what the inputs mean, in order, such as ``inputs 0 to 3: Box(4,) of float32``.

    Raises:
        UserError: the space has no fixed number of values, none at all, or too many.
    """

    def __init__(self, original: Space) -> None:
        self._leaves = _leaves(original, ())
        self.size = sum(leaf.size for leaf in self._leaves)
        if not 0 < self.size <= _MOST_INPUTS:
            raise UserError(
                f"its observation space {_short(original)} has {self.size} values for the network; "
                f"allowed are 1 to {_MOST_INPUTS}: shrink it with a wrapper of gymnasium.wrappers, "
                "such as TransformObservation"
            )
        self.space = spaces.Box(
            np.concatenate([leaf.low for leaf in self._leaves]),
            np.concatenate([leaf.high for leaf in self._leaves]),
            dtype=np.float32,
        )
        self.layout = tuple(self._described())

    def __call__(self, observation: Any) -> Vector:
        """Return the vector, float32 (inputs,).

        Raises:
            UserError: the observation does not have the structure, shape or range of its space.
        """
        vector = np.zeros(self.size, np.float32)
        begin = 0
        for leaf in self._leaves:
            value = observation
            for part in leaf.path:
                try:
                    value = value[part]
                except (KeyError, IndexError, TypeError) as error:
                    raise UserError(
                        f"its observation has no part {leaf.name}, which its space has"
                    ) from error
            leaf.write(value, vector[begin : begin + leaf.size])
            begin += leaf.size
        return vector

    def _described(self) -> list[str]:
        lines, begin = [], 0
        for leaf in self._leaves:
            last = begin + leaf.size - 1
            where = f"input {begin}" if last == begin else f"inputs {begin} to {last}"
            lines.append(f"{where}: {leaf.name + ', ' if leaf.path else ''}{leaf.text}")
            begin += leaf.size
        return lines


def shown(path: Sequence[str | int]) -> str:
    """Return the name of a part as its user writes it: ``['board'][0]``."""
    return "".join(f"[{part!r}]" for part in path)


def _short(space: Space) -> str:
    text = str(space)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _leaves(space: Space, path: tuple[str | int, ...]) -> list[_Leaf]:
    if isinstance(space, spaces.Dict):
        return [leaf for key in space for leaf in _leaves(space[key], (*path, key))]
    if isinstance(space, spaces.Tuple):
        return [leaf for i, part in enumerate(space) for leaf in _leaves(part, (*path, i))]
    if isinstance(space, spaces.Box):
        return [_box(space, path)]
    if isinstance(space, spaces.Discrete):
        return [_discrete(path, int(space.n), int(space.start), f"{space}")]
    if isinstance(space, spaces.MultiDiscrete):
        return [_one_hot(path, space.nvec, space.start, space.shape, f"{space}")]
    if isinstance(space, spaces.MultiBinary):
        return [_numbers(path, space.shape, 0.0, 1.0, f"{space}, 0 or 1 each")]
    where = f" at {shown(path)}" if path else ""
    raise UserError(
        f"its observation space {_short(space)}{where} has no fixed number of values, so a network "
        "cannot take it; turn it into numbers with gymnasium.wrappers.TransformObservation, or "
        "leave it out with FilterObservation"
    )


def _box(space: spaces.Box, path: tuple[str | int, ...]) -> _Leaf:
    text = f"Box{space.shape} of {space.dtype}".replace(",)", ")")
    if len(space.shape) > 1:
        text += ", flattened row by row"
    return _numbers(path, space.shape, space.low, space.high, text)


def _numbers(
    path: tuple[str | int, ...], shape: tuple[int, ...], low: Any, high: Any, text: str
) -> _Leaf:
    """Return a part whose values are used as they are."""

    def write(value: Any, out: Vector) -> None:
        given = np.asarray(value)
        if given.shape != shape:
            raise _misfit(path, f"has the shape {given.shape}, but its space has {shape}")
        if given.dtype.kind not in "biuf":
            raise _misfit(path, f"has the type {given.dtype}, which is not a number")
        if given.dtype == np.float32:
            out[:] = given.reshape(-1)
            return
        with np.errstate(over="ignore"):
            out[:] = given.reshape(-1)

    size = int(np.prod(shape))
    return _Leaf(path, size, _bounds(low, shape), _bounds(high, shape), text, write)


def _bounds(values: Any, shape: tuple[int, ...]) -> Vector:
    """Return bounds as float32; the largest float counts as infinite, as it is meant."""
    with np.errstate(over="ignore"):
        bounds = np.broadcast_to(np.asarray(values), shape).astype(np.float32).reshape(-1)
    return np.where(np.abs(bounds) >= _LARGEST, np.copysign(np.float32(np.inf), bounds), bounds)


def _discrete(path: tuple[str | int, ...], count: int, start: int, text: str) -> _Leaf:
    def write(value: Any, out: Vector) -> None:
        whole = isinstance(value, int | np.integer) or (
            isinstance(value, np.ndarray) and value.shape == () and value.dtype.kind in "iu"
        )
        if not whole or not 0 <= int(value) - start < count:
            raise _misfit(path, f"is {_value(value)}, which is not in its space {text}")
        out[int(value) - start] = 1.0

    zeros, ones = np.zeros(count, np.float32), np.ones(count, np.float32)
    return _Leaf(path, count, zeros, ones, f"{text}, one-hot", write)


def _one_hot(
    path: tuple[str | int, ...],
    counts: NDArray[Any],
    starts: NDArray[Any],
    shape: tuple[int, ...],
    text: str,
) -> _Leaf:
    counts, starts = counts.reshape(-1).astype(np.int64), starts.reshape(-1).astype(np.int64)
    firsts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    size = int(counts.sum())

    def write(value: Any, out: Vector) -> None:
        given = np.asarray(value)
        if given.shape != shape or given.dtype.kind not in "biu":
            raise _misfit(path, f"is {_value(value)}, which is not in its space {text}")
        index = given.reshape(-1).astype(np.int64) - starts
        if (index < 0).any() or (index >= counts).any():
            raise _misfit(path, f"is {_value(value)}, which is not in its space {text}")
        out[firsts + index] = 1.0

    ones = np.ones(size, np.float32)
    return _Leaf(path, size, np.zeros(size, np.float32), ones, f"{text}, one-hot", write)


def _misfit(path: tuple[str | int, ...], what: str) -> UserError:
    return UserError(f"its observation{shown(path)} {what}; correct the environment")


def _value(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def without(space: Space, key: str) -> Space:
    """Return a `Dict` space without one of its keys; the only key left stands for itself.

    PettingZoo's ``{"observation", "action_mask"}`` becomes the space of the observation.
    """
    assert isinstance(space, spaces.Dict)
    rest: Mapping[str, Space] = {name: part for name, part in space.items() if name != key}
    return next(iter(rest.values())) if len(rest) == 1 else spaces.Dict(dict(rest))
