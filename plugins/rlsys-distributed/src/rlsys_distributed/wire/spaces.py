"""What a program observes and does, without Gymnasium."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from rlsys_distributed.v1 import trainer_pb2 as pb
from rlsys_distributed.wire.errors import WireError

Array = NDArray[Any]
_MOST_ACTIONS = 1_000_000
_MOST_VALUES = 100_000_000


@dataclass(frozen=True)
class Discrete:
    """Actions ``start`` to ``start + n - 1``."""

    n: int
    start: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.n <= _MOST_ACTIONS:
            raise WireError(f"Discrete: n must be 1 to {_MOST_ACTIONS}, not {self.n}")

    @property
    def outputs(self) -> int:
        """Outputs of a network."""
        return self.n


@dataclass(frozen=True)
class MultiDiscrete:
    """Vectors of actions, each from 0 to its ``n - 1``."""

    n: tuple[int, ...]

    def __post_init__(self) -> None:
        if not self.n or min(self.n) < 1 or sum(self.n) > _MOST_ACTIONS:
            raise WireError(f"MultiDiscrete: every n must be at least 1, not {list(self.n)}")

    @property
    def outputs(self) -> int:
        """Outputs of a network."""
        return sum(self.n)


@dataclass(frozen=True)
class Box:
    """Arrays of numbers between bounds.

    Attributes:
        low, high: one bound for all values, or one per value in C order. Those of bytes are 0 and
            255 if none are given.
        dtype: of observations; actions are float32.
    """

    shape: tuple[int, ...]
    low: tuple[float, ...] = (-math.inf,)
    high: tuple[float, ...] = (math.inf,)
    dtype: Literal["float32", "uint8"] = "float32"

    def __post_init__(self) -> None:
        if any(size < 1 for size in self.shape) or math.prod(self.shape) > _MOST_VALUES:
            raise WireError(f"Box: every size must be at least 1, not {list(self.shape)}")
        for name, missing, byte in (("low", -math.inf, 0.0), ("high", math.inf, 255.0)):
            bounds = getattr(self, name)
            if self.dtype == "uint8":
                bounds = tuple(byte if bound == missing else bound for bound in bounds)
                if not all(0 <= bound <= 255 and bound == int(bound) for bound in bounds):
                    raise WireError(
                        f"Box: {name} must be whole numbers from 0 to 255, because dtype is uint8"
                    )
                object.__setattr__(self, name, bounds)
            if len(bounds) not in (1, self.size):
                raise WireError(f"Box: {name} must have 1 or {self.size} values, not {len(bounds)}")
        low, high = self.bounds()
        if not np.all(low <= high):  # also where one is NaN
            raise WireError("Box: every low must be at most its high")

    @property
    def size(self) -> int:
        """Number of values."""
        return math.prod(self.shape)

    @property
    def outputs(self) -> int:
        """Outputs of a network."""
        return self.size

    def bounds(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return low and high of every value, in the box's shape."""
        return (
            np.broadcast_to(np.array(self.low), (self.size,)).reshape(self.shape),
            np.broadcast_to(np.array(self.high), (self.size,)).reshape(self.shape),
        )


Space = Discrete | MultiDiscrete | Box


def to_space(space: Space) -> pb.Space:
    """Return a space as a message."""
    if isinstance(space, Discrete):
        return pb.Space(discrete=pb.Space.Discrete(n=space.n, start=space.start))
    if isinstance(space, MultiDiscrete):
        return pb.Space(multi_discrete=pb.Space.MultiDiscrete(n=space.n))
    return pb.Space(
        box=pb.Space.Box(
            type=pb.UINT8 if space.dtype == "uint8" else pb.FLOAT32,
            shape=space.shape,
            low=space.low,
            high=space.high,
        )
    )


def from_space(space: pb.Space, name: str) -> Space:
    """Return the space of a message.

    Raises:
        WireError: none, or an impossible one; `name` says which.
    """
    kind = space.WhichOneof("kind")
    try:
        if kind == "discrete":
            return Discrete(space.discrete.n, space.discrete.start)
        if kind == "multi_discrete":
            return MultiDiscrete(tuple(space.multi_discrete.n))
        if kind == "box":
            box = space.box
            if box.type not in (pb.FLOAT32, pb.UINT8):
                raise WireError(f"Box: type must be FLOAT32 or UINT8, not {box.type}")
            return Box(
                tuple(box.shape),
                tuple(box.low) or (-math.inf,),
                tuple(box.high) or (math.inf,),
                "uint8" if box.type == pb.UINT8 else "float32",
            )
    except WireError as error:
        raise WireError(f"{name}: {error}") from error
    raise WireError(f"{name}: no space; give discrete, multi_discrete or box")


def as_json(space: Space) -> dict[str, Any]:
    """Return a space as a configuration has it; `of_json` reads it."""
    if isinstance(space, Discrete):
        return {"discrete": {"n": space.n, "start": space.start}}
    if isinstance(space, MultiDiscrete):
        return {"multi_discrete": {"n": list(space.n)}}
    return {
        "box": {
            "shape": list(space.shape),
            "low": _bound(space.low),
            "high": _bound(space.high),
            "dtype": space.dtype,
        }
    }


def of_json(document: Any, name: str) -> Space:
    """Return the space that `as_json`, or a person, has written.

    Raises:
        WireError: something else; `name` says where.
    """
    if not isinstance(document, dict) or len(document) != 1:
        raise WireError(
            f"{name}: must have one of discrete, multi_discrete, box; for example "
            "{discrete: {n: 4}} or {box: {shape: [8]}}"
        )
    ((kind, values),) = document.items()
    known = {
        "discrete": ("n", "start"),
        "multi_discrete": ("n",),
        "box": ("shape", "low", "high", "dtype"),
    }
    if kind not in known or not isinstance(values, dict):
        raise WireError(f"{name}: {kind!r} must be one of {', '.join(known)} with its values")
    for key in values:
        if key not in known[kind]:
            raise WireError(f"{name}.{kind}: unknown key {key!r}; known: {', '.join(known[kind])}")
    try:
        if kind == "discrete":
            return Discrete(_whole(values["n"]), _whole(values.get("start", 0)))
        if kind == "multi_discrete":
            return MultiDiscrete(tuple(_whole(n) for n in values["n"]))
        dtype = values.get("dtype", "float32")
        if dtype not in ("float32", "uint8"):
            raise WireError(f"dtype must be float32 or uint8, not {dtype!r}")
        return Box(
            tuple(_whole(size) for size in values["shape"]),
            _bounds(values.get("low"), -math.inf),
            _bounds(values.get("high"), math.inf),
            dtype,
        )
    except KeyError as error:
        raise WireError(f"{name}.{kind}: {error.args[0]!r} is missing") from error
    except (TypeError, ValueError) as error:
        raise WireError(f"{name}.{kind}: {error}") from error


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise WireError(f"must be a whole number, not {value!r}")
    return int(value)


def _bounds(value: Any, missing: float) -> tuple[float, ...]:
    if value is None:
        return (missing,)
    values = np.asarray(value, dtype=np.float64).ravel()
    return tuple(float(v) for v in values)


def _bound(values: tuple[float, ...]) -> Any:
    """Return bounds for JSON, which has no infinity: null for all values, else the text "inf"."""
    if len(set(values)) == 1:
        return values[0] if math.isfinite(values[0]) else None
    return [v if math.isfinite(v) else str(v) for v in values]
