"""Continuous actions in the policy's own units: [-1, 1] stands for the whole range.

A fresh policy acts around 0 with a deviation of about 1. In an environment whose actions go from 0
to 100 that explores nothing but the lower edge. So on-policy agents see every bounded action as
[-1, 1], as SAC does. The portable network knows nothing of this: the map is folded into its last
layer, and its actions are clipped to the environment's bounds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from rlsys.agents.spaces import decoding_for
from rlsys.errors import UserError
from rlsys.network import Dense, Scorer, Stack

Array = NDArray[Any]
Floats = NDArray[np.float64]

_LARGEST = np.finfo(np.float32).max


@dataclass(frozen=True)
class ActionScale:
    """The map ``action = centre + half * x`` from the policy's actions x, component by component.

    A component with an infinite bound keeps its units: centre 0, half 1.

    Attributes:
        centre, half: (components,), half is not negative.
        low, high: the environment's bounds, float32 (components,), maybe infinite.
        space: the policy's actions: [-1, 1] where scaled, else the environment's bounds, with the
            largest float32 in place of infinity.
    """

    centre: Floats
    half: Floats
    low: NDArray[np.float32]
    high: NDArray[np.float32]
    space: spaces.Box

    @property
    def changes(self) -> bool:
        """Return whether any component has other units than in the environment."""
        return bool(self.centre.any() or np.any(self.half != 1.0))

    def apply(self, actions: Array) -> NDArray[np.float32]:
        """Return the environment's actions (..., components) for those of the policy."""
        clipped = np.clip(actions, self.space.low, self.space.high)
        scaled = (self.centre + self.half * clipped).astype(np.float32)
        bounded: NDArray[np.float32] = np.clip(scaled, self.low, self.high)
        return bounded

    def fold(self, body: Stack | Scorer) -> Stack | Scorer:
        """Return `body` with outputs in the environment's units instead of the policy's.

        Exact but for float32 rounding.
        """
        return _changed(body, self.half, self.centre)

    def unfold(self, body: Stack | Scorer) -> Stack | Scorer:
        """Undo `fold`. A component with a single allowed value keeps its weights."""
        half = np.where(self.half == 0.0, 1.0, self.half)
        return _changed(body, 1.0 / half, -self.centre / half)


def action_scale(
    space: spaces.Space[Any], *, items: int = 0, scaled: bool = True
) -> ActionScale | None:
    """Return how a policy's actions become actions of `space`; None: they are the same.

    Args:
        space: of one copy, or of one agent of a role.
        items: number of items, whose actions come first; 0: the observation has none.
        scaled: whether bounded components become [-1, 1]; otherwise all keep their units.

    Raises:
        UserError: items have different bounds, so one layer cannot serve them all.
    """
    if not isinstance(space, spaces.Box):
        return None
    decoding = decoding_for(space)
    assert decoding.low is not None
    assert decoding.high is not None
    low, high = decoding.low.astype(np.float64), decoding.high.astype(np.float64)
    bounded = (low > -_LARGEST) & (high < _LARGEST)
    unit = bounded & scaled
    of_items = np.stack([low, high])[:, :items]
    if unit.any() and np.any(of_items != of_items[:, :1]):
        raise UserError(
            f"the actions of {items} items need the same bounds for every item, not {space}; "
            "give them the same bounds, or set scale_actions to false"
        )
    own = spaces.Box(
        np.where(unit, -1.0, np.maximum(low, -_LARGEST)).astype(np.float32),
        np.where(unit, 1.0, np.minimum(high, _LARGEST)).astype(np.float32),
        dtype=np.float32,
    )
    lower, upper = np.where(unit, low, -1.0), np.where(unit, high, 1.0)
    scale = ActionScale(
        centre=(lower + upper) / 2.0,
        half=(upper - lower) / 2.0,
        low=decoding.low,
        high=decoding.high,
        space=own,
    )
    return None if bounded.all() and not scale.changes else scale


def _changed(body: Stack | Scorer, factor: Floats, offset: Floats) -> Stack | Scorer:
    """Return `body` with the outputs ``offset + factor * y`` instead of y."""
    if isinstance(body, Stack):
        last = _affine(body.layers[-1], factor, offset)
        return Stack((*body.layers[:-1], last))
    others = body.rest[-1].bias.size if body.rest else 0
    items = len(factor) - others
    # All items share this layer; `action_scale` has seen to it that they share the bounds too.
    scorer = (*body.scorer[:-1], _affine(body.scorer[-1], factor[:1], offset[:1]))
    rest = body.rest
    if others:
        rest = (*rest[:-1], _affine(rest[-1], factor[items:], offset[items:]))
    return replace(body, scorer=scorer, rest=rest)


def _affine(layer: Dense, factor: Floats, offset: Floats) -> Dense:
    if layer.activation != "linear":
        raise UserError(
            f"the last layer has the activation {layer.activation!r}; continuous actions need a "
            "linear one"
        )
    weight = layer.weight.astype(np.float64) * factor[:, None]
    bias = layer.bias.astype(np.float64) * factor + offset
    return Dense(weight.astype(np.float32), bias.astype(np.float32))
