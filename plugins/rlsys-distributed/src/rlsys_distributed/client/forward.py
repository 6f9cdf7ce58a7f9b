"""One observation through a network, as fast as NumPy allows.

`rlsys.network` is written for batches. Here everything that does not depend on the observation is
done once per version: the bias is one more column of the weights (the observation has a 1 behind
its last value), and all results are written into buffers that are there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsys.network import Network, Stack

Floats = NDArray[np.float32]
Forward = Callable[[Floats], Floats]


def forward_of(network: Network, shape: tuple[int, ...]) -> Forward:
    """Return ``forward(row) -> outputs``, for one thread at a time.

    Args:
        network: of any form.
        shape: of an observation; for items (items, features).

    Returns:
        A function of `row`, float32 (values + 1,): the flat observation and a 1. The outputs,
        float32 (outputs,), are valid until the next call.
    """
    if isinstance(network.body, Stack):
        return _stack(network, network.body)

    def scored(row: Floats) -> Floats:
        logits: Floats = network.logits(row[:-1].reshape((1, *shape)))[0]
        return logits

    return scored


def _stack(network: Network, body: Stack) -> Forward:
    layers = body.layers
    weights = [
        np.ascontiguousarray(np.concatenate([one.weight, one.bias[:, None]], axis=1), np.float32)
        for one in layers
    ]
    buffers = [np.ones(one.bias.size + 1, np.float32) for one in layers]
    views = [buffer[:-1] for buffer in buffers]
    dot, tanh, maximum = np.dot, np.tanh, np.maximum
    zero = np.float32(0)

    def tanh_layer(weight: Floats, x: Floats, view: Floats) -> None:
        dot(weight, x, view)
        tanh(view, view)

    def relu_layer(weight: Floats, x: Floats, view: Floats) -> None:
        dot(weight, x, view)
        maximum(view, zero, out=view)

    kinds: dict[str, Callable[[Floats, Floats, Floats], Any]] = {
        "tanh": tanh_layer,
        "relu": relu_layer,
        "linear": dot,
    }
    steps = [
        (kinds[one.activation], weight, buffer, view)
        for one, weight, buffer, view in zip(layers, weights, buffers, views, strict=True)
    ]
    before = _before(network)

    def forward(row: Floats) -> Floats:
        x = row if before is None else before(row)
        for step, weight, buffer, view in steps:
            step(weight, x, view)
            x = buffer
        return view

    return forward


def _before(network: Network) -> Forward | None:
    """Return what is done to an observation before the layers, or None."""
    clip, transform = network.input_clip, network.transform
    if clip is None and transform is None:
        return None
    values = network.body.groups()["layers"][0].weight.shape[1]
    changed = np.ones(values + 1, np.float32)
    view = changed[:-1]

    def before(row: Floats) -> Floats:
        x = row[:-1]
        if clip is not None:
            x = clip(x)
        view[:] = x if transform is None else transform(x)
        return changed

    return before
