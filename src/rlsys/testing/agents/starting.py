"""Networks to start a training from, and whether another network acts as they do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from rlsys.network import Decoding, FloatArray, Network, Stack
from rlsys.testing.playing import Moment

APART = 100.0
"""How far apart the outputs of two actions are: no short training closes such a gap."""
CLOSE = 0.1
"""Continuous actions are the same if they differ by at most this share of their range."""


def one_sided(network: Network, last: bool) -> Network | None:
    """Return a network of the same shape that prefers one end of the actions in every state.

    Only the biases of its last layer decide, and by far, so that it acts the same after a few
    updates.

    Args:
        last: whether it prefers the last discrete actions (and the upper part of continuous ones)
            or the first.

    Returns:
        None for a network that scores items: it has no order of actions.
    """
    if not isinstance(network.body, Stack):
        return None
    *before, layer = network.body.layers
    biases = _biases(network.decoding, len(layer.bias), last)
    decisive = replace(layer, weight=np.zeros_like(layer.weight), bias=biases.astype(np.float32))
    return replace(network, body=Stack((*before, decisive)))


def share_alike(one: Network, two: Network, moments: Sequence[Moment]) -> float:
    """Return in which share of the states two networks act the same, 0..1."""
    same = [_same(one.decoding, _actions(one, m), _actions(two, m)) for m in moments]
    return float(np.concatenate(same).mean())


def _biases(decoding: Decoding, outputs: int, last: bool) -> FloatArray:
    if decoding.kind in ("argmax", "multi-argmax"):
        ranks = np.arange(outputs) if last else np.arange(outputs)[::-1]
        return np.asarray(APART * ranks)
    side = 0.5 if last else -0.5
    if decoding.kind == "tanh":
        return np.full(outputs, np.arctanh(side))
    low, high = _range(decoding)
    return np.asarray((low + high) / 2 + side * (high - low) / 2)


def _range(decoding: Decoding) -> tuple[FloatArray, FloatArray]:
    """Return the bounds of continuous actions, -1..1 where there are none."""
    assert decoding.low is not None
    assert decoding.high is not None
    bounded = np.isfinite(decoding.low) & np.isfinite(decoding.high)
    return np.where(bounded, decoding.low, -1.0), np.where(bounded, decoding.high, 1.0)


def _actions(network: Network, moment: Moment) -> FloatArray:
    return network.act(moment.observations, moment.masks if network.masked else None)


def _same(decoding: Decoding, ours: FloatArray, theirs: FloatArray) -> NDArray[np.bool_]:
    if decoding.kind in ("argmax", "multi-argmax"):
        alike = ours == theirs
    else:
        low, high = _range(decoding)
        alike = np.abs(ours - theirs) <= CLOSE * (high - low)
    return np.asarray(alike.reshape(len(ours), -1).all(axis=1))
