"""Folds the observation transform into the first layer, so that the target needs none.

``clip((x - shift) * scale, low, high)`` followed by ``W y + b`` is ``(W scale) x + (b - W scale
shift)`` as long as nothing is clipped. So the clip becomes bounds to which the raw observation is
clamped first. Without a clip the clamp remains: it makes the overflow proof hold for any input.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsys.errors import UserError
from rlsys.exporters.checking import observed_features
from rlsys.network import Dense, Network, Scorer, Stack

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Folded:
    """A network without a transform, and the bounds that replace its clip.

    Attributes:
        network: without `transform` and `input_clip`; a scorer has at least one encoder layer.
        low, high: bounds to which observed values are clamped first, (features,), finite.
    """

    network: Network
    low: Floats
    high: Floats


def fold(network: Network, low: Any, high: Any) -> Folded:
    """Fold the transform of `network` into its first layer.

    Args:
        network: a supported network, see `rlsys_rust_q10.arithmetic.supported`.
        low, high: bounds of one observation: (features,) or, for a scorer, (items, features);
            None if unknown.

    Raises:
        UserError: an observed value has no finite bounds and no clip, or the bounds do not fit
            the network.
    """
    features = observed_features(network)
    lowest = _bound(network, low, features, -np.inf, np.min)
    highest = _bound(network, high, features, np.inf, np.max)
    if network.input_clip is not None:
        lowest = np.maximum(lowest, network.input_clip.low)
        highest = np.minimum(highest, network.input_clip.high)
    first = _first_layer(network, features)
    weight = first.weight.astype(np.float64)
    bias = first.bias.astype(np.float64)
    transform = network.transform
    if transform is not None:
        shift, scale = (
            np.broadcast_to(v.ravel(), features).astype(np.float64)
            for v in (transform.shift, transform.scale)
        )
        constant = scale == 0
        divisor = np.where(constant, 1.0, scale)
        ends = np.stack([transform.low / divisor + shift, transform.high / divisor + shift])
        lowest, highest = (
            np.clip(v, ends.min(axis=0), ends.max(axis=0)) for v in (lowest, highest)
        )
        # With scale 0 the transform always gives the same number.
        always = np.clip(0.0, transform.low, transform.high)
        lowest, highest = (np.where(constant, 0.0, v) for v in (lowest, highest))
        bias = bias - weight @ np.where(constant, -always, scale * shift)
        weight = weight * scale
    _check_bounded(lowest, highest)
    dense = Dense(weight.astype(np.float32), bias.astype(np.float32), first.activation)
    body = _with_first(network, dense)
    return Folded(replace(network, body=body, transform=None, input_clip=None), lowest, highest)


def _bound(network: Network, bound: Any, features: int, missing: float, over_items: Any) -> Floats:
    if bound is None:
        return np.full(features, missing)
    values = np.asarray(bound, dtype=np.float64)
    if isinstance(network.body, Scorer):
        if values.ndim == 2:
            values = over_items(values, axis=0)
    else:
        values = values.ravel()
    if values.shape != (features,):
        raise UserError(
            f"the network takes {features} observed values, but the bounds have shape "
            f"{np.shape(bound)}; use the environment that it was trained in"
        )
    return values


def _first_layer(network: Network, features: int) -> Dense:
    body = network.body
    if isinstance(body, Stack):
        return body.layers[0]
    if body.encoder:
        return body.encoder[0]
    return Dense(np.eye(features, dtype=np.float32), np.zeros(features, dtype=np.float32))


def _with_first(network: Network, dense: Dense) -> Stack | Scorer:
    body = network.body
    if isinstance(body, Stack):
        return Stack((dense, *body.layers[1:]))
    return replace(body, encoder=(dense, *body.encoder[1:]))


def _check_bounded(low: Floats, high: Floats) -> None:
    for feature, (lowest, highest) in enumerate(zip(low, high, strict=True)):
        if not (np.isfinite(lowest) and np.isfinite(highest)):
            raise UserError(
                f"observed value {feature} is unbounded ({lowest:g} to {highest:g}), so no "
                "accumulator can be bounded; give the environment's observation space finite "
                "bounds, or train with normalised and clipped observations"
            )
        if not lowest <= highest:
            raise UserError(
                f"observed value {feature} has crossed bounds ({lowest:g} to {highest:g}); "
                "check the environment's observation space"
            )
