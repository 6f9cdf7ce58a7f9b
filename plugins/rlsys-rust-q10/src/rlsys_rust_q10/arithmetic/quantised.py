"""The policy in fixed point, which is the reference: integers in and out, as on the target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsys.errors import UserError
from rlsys.network import Decoding, Network
from rlsys_rust_q10.arithmetic.bounds import FixedLayer, Kernel, Span, activation
from rlsys_rust_q10.arithmetic.fixed_point import (
    Ints,
    half_up_mean,
    rounding_shift,
    to_fixed,
    to_float,
)
from rlsys_rust_q10.arithmetic.tanh_table import tanh_table

_CHUNK = 4096
"""Observations per step, which limits the memory for the codes of many items."""


@dataclass(frozen=True, eq=False)
class QuantisedPolicy:
    """A policy in which every number is an integer multiple of ``2**-bits``.

    Attributes:
        bits: F.
        groups: the layers by role: ``layers``, or ``encoder``, ``scorer`` and ``rest``.
        span: bounds to which observed values are clamped first, (features,).
        decoding: that of the network; bounds of continuous actions are in `action_span`.
        action_span: bounds of continuous actions in fixed point, (outputs,); None if discrete.
        masked: whether actions are chosen under a mask.
        max_items: the most items that a scorer accepts.
        shipped: the network whose rounded weights these are: folded and scaled.
    """

    bits: int
    groups: Mapping[str, tuple[FixedLayer, ...]]
    span: Span
    decoding: Decoding
    action_span: Span | None
    masked: bool
    max_items: int
    shipped: Network

    @property
    def scorer(self) -> bool:
        """Return whether it gives one logit per item."""
        return "encoder" in self.groups

    @property
    def features(self) -> int:
        """Return the number of observed values, or those of one item."""
        return len(self.span.low)

    @property
    def outputs(self) -> int:
        """Return the number of outputs; for a scorer, those without an item."""
        last = self.groups["rest" if self.scorer else "layers"][-1:]
        return len(last[0].bias) if last else 0

    @property
    def decisions(self) -> int:
        """Return how many integers one action has."""
        if self.decoding.kind == "argmax":
            return 1
        return len(self.decoding.sizes) if self.decoding.kind == "multi-argmax" else self.outputs

    @property
    def layers(self) -> tuple[FixedLayer, ...]:
        """Return all layers, in order of use."""
        return tuple(layer for group in self.groups.values() for layer in group)

    @property
    def kernels(self) -> tuple[Kernel, ...]:
        """Return the kernel of every layer, in order of use."""
        return tuple(layer.kernel for layer in self.layers)

    @property
    def shape_text(self) -> str:
        """Return the widths, such as ``24-32-32-7``; for a scorer, those of each role."""
        parts = []
        for role, group in self.groups.items():
            if group:
                widths = [group[0].weight.shape[1], *(len(layer.bias) for layer in group)]
                text = "-".join(str(width) for width in widths)
                parts.append(f"{role} {text}" if self.scorer else text)
        return ", ".join(parts)

    def fixed_observations(self, observations: NDArray[Any]) -> Ints:
        """Return floating-point observations in fixed point, clamped to the bounds.

        Raises:
            UserError: an observation is not a number.
        """
        values = np.asarray(observations, dtype=np.float64)
        if np.isnan(values).any():
            raise UserError("an observation holds NaN; check the environment")
        values = values if self.scorer else values.reshape(len(values), -1)
        low, high = (to_float(bound, self.bits) for bound in self.span)
        return to_fixed(np.clip(values, low, high), self.bits)

    def logits(self, observations: NDArray[Any]) -> Ints:
        """Return the outputs before mask and decoding, multiples of ``2**-bits``.

        Args:
            observations: fixed point, (N, features), or (N, items, features) for a scorer.

        Raises:
            UserError: the observations have another shape or too many items.
        """
        x = self._checked(observations)
        step = _CHUNK
        parts = [self._logits(x[i : i + step]) for i in range(0, len(x), step)]
        return np.concatenate(parts) if parts else self._logits(x)

    def act(self, observations: NDArray[Any], masks: NDArray[Any] | None = None) -> Ints:
        """Return the actions, (N,), or (N, groups or outputs); continuous ones in fixed point.

        Args:
            observations: see `logits`.
            masks: bool (N, actions), True = allowed; required if the policy is masked.
        """
        return self.decode(self.logits(observations), masks)

    def decode(self, logits: Ints, masks: NDArray[Any] | None = None) -> Ints:
        """Turn logits into actions; see `act`."""
        if self.masked:
            if masks is None:
                raise UserError("this policy was trained with action masks and needs them")
            logits = np.where(masks, logits, np.iinfo(np.int64).min)
        kind = self.decoding.kind
        if kind == "argmax":
            best: Ints = np.argmax(logits, axis=-1).astype(np.int64) + self.decoding.start
            return best
        if kind == "multi-argmax":
            groups = np.split(logits, np.cumsum(self.decoding.sizes)[:-1], axis=-1)
            return np.stack([np.argmax(g, axis=-1) for g in groups], axis=-1).astype(np.int64)
        assert self.action_span is not None
        low, high = self.action_span
        if kind == "clip":
            return np.clip(logits, low, high)
        unit = tanh_table(self.bits)(logits) + (1 << self.bits)
        return low + rounding_shift(unit * (high - low), self.bits + 1)

    def actions(self, decided: Ints) -> NDArray[Any]:
        """Return decisions of `act` in the form that the environment takes."""
        if self.decoding.low is None or self.decoding.kind in ("argmax", "multi-argmax"):
            return decided
        continuous = to_float(decided, self.bits)
        # A bound between two multiples of the unit was rounded, maybe outwards.
        return np.clip(continuous, self.decoding.low, self.decoding.high).astype(np.float32)

    def _checked(self, observations: NDArray[Any]) -> Ints:
        x = np.asarray(observations, dtype=np.int64)
        if not self.scorer:
            x = x.reshape(len(x), -1)
        if x.ndim != (3 if self.scorer else 2) or x.shape[-1] != self.features:
            form = "(N, items, features)" if self.scorer else "(N, features)"
            raise UserError(
                f"the policy takes observations {form} with {self.features} features, not {x.shape}"
            )
        if self.scorer and x.shape[1] > self.max_items:
            raise UserError(
                f"{x.shape[1]} items, but the policy accepts only {self.max_items}; set max_items"
            )
        return x

    def _logits(self, observations: Ints) -> Ints:
        x = np.clip(observations, *self.span)
        if not self.scorer:
            return self._run("layers", x)
        code = self._run("encoder", x)
        present = (observations[..., :1] > 0).astype(np.int64)
        count = np.maximum(present.sum(axis=1), 1)
        context = half_up_mean((code * present).sum(axis=1), count)
        spread = np.broadcast_to(context[:, None, :], code.shape)
        scores = self._run("scorer", np.concatenate([code, spread], axis=-1))[..., 0]
        if not self.groups["rest"]:
            return scores
        return np.concatenate([scores, self._run("rest", context)], axis=-1)

    def _run(self, role: str, x: Ints) -> Ints:
        for layer in self.groups[role]:
            x = _dense(layer, x, self.bits)
        return x


def _dense(layer: FixedLayer, x: Ints, bits: int) -> Ints:
    if layer.bound < 2**53:  # float64 then holds every partial sum exactly, and is faster
        product = (x.astype(np.float64) @ layer.weight.T.astype(np.float64)).astype(np.int64)
    else:
        product = x @ layer.weight.T
    return activation(layer.activation, bits)(rounding_shift(product + (layer.bias << bits), bits))
