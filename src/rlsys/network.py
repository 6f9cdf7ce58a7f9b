"""The portable network: a trained policy as plain arrays, with everything around the weights.

Observation clip and transform, dense layers, mask and action decoding are stored together. So every
implementation (NumPy here, ONNX, fixed-point Rust, a C++ client) chooses the same actions.

It has two shapes:

* `Stack`: dense layers over the whole, flattened observation.
* `Scorer`: the observation is M items of F features.  Column 0 is 1 for an item that is present
  and 0 for padding.  Shared `encoder` layers turn each item into a code, and the mean code of the
  present items is the context.  Shared `scorer` layers turn (code, context) into one logit per
  item.  `rest` layers turn the context into the logits of actions that belong to no item.  The
  number of items is free, so one network serves every problem size (the permutation-equivariant
  construction of Zaheer et al., Deep Sets, 2017).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from rlsys.errors import UserError, did_you_mean
from rlsys.storage.archive import read_archive, write_archive

FORMAT = "rlsys.network/1"

FloatArray: TypeAlias = NDArray[np.float32]
Array: TypeAlias = NDArray[Any]
Activation: TypeAlias = Literal["linear", "relu", "tanh"]

_ACTIVATIONS: dict[str, Callable[[FloatArray], FloatArray]] = {
    "linear": lambda x: x,
    "relu": lambda x: np.maximum(x, np.float32(0)),
    "tanh": lambda x: np.tanh(x),
}


@dataclass(frozen=True)
class Dense:
    """One layer: ``activation(x @ weight.T + bias)``.

    Attributes:
        weight: shape (outputs, inputs), float32.
        bias: shape (outputs,), float32.
    """

    weight: FloatArray
    bias: FloatArray
    activation: Activation = "linear"

    def __post_init__(self) -> None:
        if self.activation not in _ACTIVATIONS:
            raise UserError(
                f"unknown activation {self.activation!r}"
                f"{did_you_mean(str(self.activation), _ACTIVATIONS)}"
            )
        weight = np.asarray(self.weight, dtype=np.float32)
        bias = np.asarray(self.bias, dtype=np.float32)
        if weight.ndim != 2 or bias.shape != weight.shape[:1]:
            raise UserError(
                f"a layer has weight {weight.shape} and bias {bias.shape}; they must be "
                "(outputs, inputs) and (outputs,)"
            )
        object.__setattr__(self, "weight", weight)
        object.__setattr__(self, "bias", bias)

    def __call__(self, x: FloatArray) -> FloatArray:
        y: FloatArray = _ACTIVATIONS[self.activation](x @ self.weight.T + self.bias)
        return y


@dataclass(frozen=True)
class Transform:
    """Observation transform: ``clip((x - shift) * scale, low, high)``, feature by feature.

    Attributes:
        shift, scale: shape (features,), float32.
        low, high: bounds after scaling; infinite if nothing is clipped.
    """

    shift: FloatArray
    scale: FloatArray
    low: float = -np.inf
    high: float = np.inf

    def __post_init__(self) -> None:
        for name in ("shift", "scale"):
            object.__setattr__(self, name, np.asarray(getattr(self, name), dtype=np.float32))

    def __call__(self, x: FloatArray) -> FloatArray:
        y: FloatArray = np.clip(
            (x - self.shift) * self.scale, np.float32(self.low), np.float32(self.high)
        )
        return y


@dataclass(frozen=True)
class InputClip:
    """Bounds that observations are clipped to before anything else.

    Attributes:
        low, high: shape (features,), float32; infinite where nothing is clipped.
    """

    low: FloatArray
    high: FloatArray

    def __post_init__(self) -> None:
        for name in ("low", "high"):
            object.__setattr__(self, name, np.asarray(getattr(self, name), dtype=np.float32))

    def __call__(self, x: FloatArray) -> FloatArray:
        y: FloatArray = np.clip(x, self.low, self.high)
        return y


@dataclass(frozen=True)
class Decoding:
    """How outputs become an action.

    Attributes:
        kind: ``argmax`` (one discrete action, the lowest index wins a tie), ``multi-argmax`` (one
            argmax per group of `sizes`), ``clip`` (continuous, clipped to low..high) or ``tanh``
            (continuous, squashed by tanh and scaled to low..high).
        start: number of the first discrete action.
        low, high: bounds of continuous actions, shape (outputs,).
    """

    kind: Literal["argmax", "multi-argmax", "clip", "tanh"] = "argmax"
    start: int = 0
    sizes: tuple[int, ...] = ()
    low: FloatArray | None = None
    high: FloatArray | None = None

    def __call__(self, logits: FloatArray) -> Array:
        if self.kind == "argmax":
            best: Array = np.argmax(logits, axis=-1).astype(np.int64) + self.start
            return best
        if self.kind == "multi-argmax":
            groups = np.split(logits, np.cumsum(self.sizes)[:-1], axis=-1)
            return np.stack([np.argmax(g, axis=-1) for g in groups], axis=-1).astype(np.int64)
        if self.low is None or self.high is None:
            raise UserError(
                f"decoding {self.kind!r} needs `low` and `high`, the bounds of the action space"
            )
        if self.kind == "tanh":
            unit = (np.tanh(logits) + np.float32(1)) * np.float32(0.5)
            return (self.low + unit * (self.high - self.low)).astype(np.float32)
        return np.clip(logits, self.low, self.high).astype(np.float32)


@dataclass(frozen=True)
class Stack:
    """Dense layers over the flattened observation."""

    layers: tuple[Dense, ...]

    def __call__(self, x: FloatArray) -> FloatArray:
        x = x.reshape(len(x), -1)
        for layer in self.layers:
            x = layer(x)
        return x

    def groups(self) -> dict[str, tuple[Dense, ...]]:
        """Return the layers by role."""
        return {"layers": self.layers}


@dataclass(frozen=True)
class Scorer:
    """Layers shared by all items, plus a pooled context; see the module's docstring."""

    encoder: tuple[Dense, ...]
    scorer: tuple[Dense, ...]
    rest: tuple[Dense, ...] = ()

    def __call__(self, x: FloatArray, present: FloatArray) -> FloatArray:
        code = x
        for layer in self.encoder:
            code = layer(code)
        count = np.maximum(present.sum(axis=1, keepdims=True), np.float32(1))
        context = (code * present[..., None]).sum(axis=1) / count
        joined = np.concatenate(
            [code, np.broadcast_to(context[:, None, :], code.shape)], axis=-1, dtype=np.float32
        )
        for layer in self.scorer:
            joined = layer(joined)
        logits = joined[..., 0]
        if self.rest:
            others = context
            for layer in self.rest:
                others = layer(others)
            logits = np.concatenate([logits, others], axis=-1)
        return logits

    def groups(self) -> dict[str, tuple[Dense, ...]]:
        """Return the layers by role."""
        return {"encoder": self.encoder, "scorer": self.scorer, "rest": self.rest}


@dataclass(frozen=True)
class Network:
    """A policy that needs only NumPy.

    Attributes:
        body: `Stack` or `Scorer`.
        transform: applied to observations first; None: they are used unchanged.
        masked: whether actions must be chosen under the environment's mask.
        decoding: turns outputs into actions.
        notes: information for people, such as the environment and agent it came from.
        input_clip: applied before the transform, if observations may lie beyond their bounds.
    """

    body: Stack | Scorer
    decoding: Decoding = field(default_factory=Decoding)
    transform: Transform | None = None
    masked: bool = False
    notes: Mapping[str, Any] = field(default_factory=dict)
    input_clip: InputClip | None = None

    def logits(self, observations: Array) -> FloatArray:
        """Return the outputs before mask and decoding.

        Args:
            observations: shape (N, features), or (N, items, features) for a scorer.
        """
        x = np.asarray(observations, dtype=np.float32)
        if isinstance(self.body, Scorer):
            if x.ndim != 3:
                raise UserError(
                    f"a scorer takes observations of shape (N, items, features), not {x.shape}"
                )
            x = x if self.input_clip is None else self.input_clip(x)
            present = x[..., 0]
            return self.body(x if self.transform is None else self.transform(x), present)
        x = x.reshape(len(x), -1)
        wanted = self.body.layers[0].weight.shape[1]
        if x.shape[1] != wanted:
            raise UserError(f"the network takes observations of {wanted} values, not {x.shape[1]}")
        x = x if self.input_clip is None else self.input_clip(x)
        return self.body(x if self.transform is None else self.transform(x))

    def act(self, observations: Array, masks: Array | None = None) -> Array:
        """Return the actions for a batch of observations.

        Args:
            observations: see `logits`.
            masks: bool (N, n_actions), True = allowed; required if the network is masked.
        """
        logits = self.logits(observations)
        if self.masked:
            if masks is None:
                raise UserError("the network was trained with action masks; pass `masks`")
            logits = np.where(masks, logits, np.float32(-np.inf))
        return self.decoding(logits)

    def layers(self) -> dict[str, tuple[Dense, ...]]:
        """Return the dense layers by role (``layers``, or ``encoder``, ``scorer``, ``rest``)."""
        return self.body.groups()

    def parameters(self) -> int:
        """Return the number of weights and biases."""
        return sum(d.weight.size + d.bias.size for group in self.layers().values() for d in group)

    def check_finite(self) -> None:
        """Refuse NaN and infinity.

        Raises:
            UserError: names the layer.
        """
        for role, group in self.layers().items():
            for index, layer in enumerate(group):
                if not (np.isfinite(layer.weight).all() and np.isfinite(layer.bias).all()):
                    raise UserError(
                        f"network layer {role}[{index}] contains NaN or infinity; "
                        "training diverged: lower the learning rate and train again"
                    )

    def parts(self) -> tuple[dict[str, Any], dict[str, Array]]:
        """Return everything as a JSON header and arrays by name."""
        header: dict[str, Any] = {
            "format": FORMAT,
            "shape": "scorer" if isinstance(self.body, Scorer) else "stack",
            "masked": self.masked,
            "decoding": {
                "kind": self.decoding.kind,
                "start": self.decoding.start,
                "sizes": list(self.decoding.sizes),
            },
            "activations": {
                role: [d.activation for d in group] for role, group in self.layers().items()
            },
            "notes": dict(self.notes),
        }
        arrays: dict[str, Array] = {}
        for role, group in self.layers().items():
            for index, layer in enumerate(group):
                arrays[f"{role}.{index}.weight"] = layer.weight
                arrays[f"{role}.{index}.bias"] = layer.bias
        if self.transform is not None:
            arrays["transform.shift"] = self.transform.shift
            arrays["transform.scale"] = self.transform.scale
            arrays["transform.clip"] = np.array([self.transform.low, self.transform.high])
        if self.input_clip is not None:
            arrays["input_clip.low"] = self.input_clip.low
            arrays["input_clip.high"] = self.input_clip.high
        if self.decoding.low is not None and self.decoding.high is not None:
            arrays["decoding.low"] = self.decoding.low
            arrays["decoding.high"] = self.decoding.high
        return header, arrays

    def save(self, path: str | Path) -> None:
        """Write the network to one ``.npz`` file (arrays and a JSON header), atomically."""
        write_archive(Path(path), *self.parts())

    @classmethod
    def load(cls, path: str | Path) -> Network:
        """Read a network; nothing is unpickled.

        Raises:
            UserError: the file does not exist, is not a network, or has another format version.
        """
        return cls.of_parts(*read_archive(Path(path), "network"), str(path))

    @classmethod
    def of_parts(cls, header: Any, arrays: Mapping[str, Array], source: str) -> Network:
        """Build the network from `parts`; `source` names the file in messages.

        Raises:
            UserError: not a network, or another format version.
        """
        if not isinstance(header, dict):
            raise UserError(f"{source}: not a readable network file: its header is not a mapping")
        if header.get("format") != FORMAT:
            raise UserError(f"{source}: the format is {header.get('format')!r}, not {FORMAT!r}")
        try:
            return cls._from_parts(header, arrays)
        except (KeyError, TypeError, ValueError) as error:
            raise UserError(f"{source}: not a readable network file: {error!r}") from error

    @classmethod
    def _from_parts(cls, header: Mapping[str, Any], arrays: Mapping[str, Array]) -> Network:
        groups = {
            role: tuple(
                Dense(arrays[f"{role}.{i}.weight"], arrays[f"{role}.{i}.bias"], activation)
                for i, activation in enumerate(activations)
            )
            for role, activations in header["activations"].items()
        }
        transform = None
        if "transform.shift" in arrays:
            low, high = (float(v) for v in arrays["transform.clip"])
            transform = Transform(arrays["transform.shift"], arrays["transform.scale"], low, high)
        decoding = header["decoding"]
        return cls(
            body=Scorer(**groups) if header["shape"] == "scorer" else Stack(**groups),
            decoding=Decoding(
                decoding["kind"],
                decoding["start"],
                tuple(decoding["sizes"]),
                arrays.get("decoding.low"),
                arrays.get("decoding.high"),
            ),
            transform=transform,
            masked=bool(header["masked"]),
            notes=header["notes"],
            input_clip=InputClip(arrays["input_clip.low"], arrays["input_clip.high"])
            if "input_clip.low" in arrays
            else None,
        )
