"""One small network of every kind that an exporter may get, and observations for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsys.network import Activation, Decoding, Dense, InputClip, Network, Scorer, Stack, Transform

FEATURES = 4
ITEMS = 5
OUTPUTS = 4


def _dense(
    rng: np.random.Generator, inputs: int, outputs: int, activation: Activation = "linear"
) -> Dense:
    weight = rng.normal(scale=1.5 / np.sqrt(inputs), size=(outputs, inputs))
    bias = rng.normal(scale=0.2, size=outputs)
    return Dense(weight.astype(np.float32), bias.astype(np.float32), activation)


def _stack(**parts: Any) -> Network:
    rng = np.random.default_rng(1)
    layers = (_dense(rng, FEATURES, 8, "tanh"), _dense(rng, 8, OUTPUTS))
    return Network(Stack(layers), **parts)


def _scorer(**parts: Any) -> Network:
    rng = np.random.default_rng(2)
    body = Scorer((_dense(rng, FEATURES, 6, "relu"),), (_dense(rng, 12, 1),), (_dense(rng, 6, 1),))
    return Network(body, **parts)


def _normalised() -> Transform:
    shift, scale = np.linspace(-0.2, 0.3, FEATURES), np.linspace(0.5, 1.5, FEATURES)
    return Transform(shift.astype(np.float32), scale.astype(np.float32), -1.0, 1.0)


def _bounds() -> dict[str, Any]:
    low, high = [-1.0, -2.0, 0.0, 0.0], [1.0, 2.0, 1.0, 3.0]
    return {"low": np.array(low, np.float32), "high": np.array(high, np.float32)}


def _input_clip() -> InputClip:
    # Narrower than what `observed` returns, so that an export that loses it acts differently.
    low, high = [-0.1, -np.inf, -0.2, 0.0], [0.1, 0.0, np.inf, 0.3]
    return InputClip(np.array(low, np.float32), np.array(high, np.float32))


KINDS: dict[str, Callable[[], Network]] = {
    "one-action": _stack,
    "first-action-2": lambda: _stack(decoding=Decoding(start=2)),
    "masked": lambda: _stack(masked=True),
    "normalised": lambda: _stack(transform=_normalised()),
    "several-actions": lambda: _stack(decoding=Decoding("multi-argmax", sizes=(1, 3))),
    "clipped-input": lambda: _stack(input_clip=_input_clip()),
    "clipped": lambda: _stack(decoding=Decoding("clip", **_bounds())),
    "squashed": lambda: _stack(decoding=Decoding("tanh", **_bounds())),
    "scorer": lambda: _scorer(masked=True, transform=_normalised()),
}


def observed(network: Network, count: int = 200) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
    """Return observations (count, ...) within [-1, 1], with padding for a scorer, and masks."""
    rng = np.random.default_rng(3)
    shape = (count, *observation_shape(network))
    seen = rng.uniform(-1.0, 1.0, shape).astype(np.float32)
    if isinstance(network.body, Scorer):
        seen[..., 0] = rng.random(shape[:2]) < 0.75
        seen *= seen[..., :1]
    if not network.masked:
        return seen, None
    masks = rng.random(network.logits(seen).shape) < 0.5
    masks[:, -1] = True
    return seen, masks


def observation_shape(network: Network) -> tuple[int, ...]:
    """Return the shape of one observation."""
    return (ITEMS, FEATURES) if isinstance(network.body, Scorer) else (FEATURES,)
