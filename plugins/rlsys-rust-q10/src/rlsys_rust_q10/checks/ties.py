"""Finds inputs for which two actions are equally good, or nearly so, and rounding decides.

Random inputs hardly ever tie. Take one input that prefers an action to its rivals and one that does
not: between them the difference of the logits changes sign. Bisection ends at neighbours one unit
apart, on the boundary, where exact ties are common.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rlsys_rust_q10.arithmetic.fixed_point import Ints
from rlsys_rust_q10.arithmetic.quantised import QuantisedPolicy
from rlsys_rust_q10.checks.draws import uniform_observations

_HALVINGS = 34
_NEIGHBOURS = 24
_NEVER = 2**40
"""More than the difference of any two logits."""

Flags = NDArray[np.bool_]


class Boundary(NamedTuple):
    """Inputs for which an action and the best of its rivals are nearly equal.

    Attributes:
        observations: (N, ...) fixed point.
        contenders: bool (N, outputs), the action and its rivals.
        gaps: (N,) difference of their logits; 0 is an exact tie.
    """

    observations: Ints
    contenders: Flags
    gaps: Ints


def find_boundary(
    policy: QuantisedPolicy, rng: np.random.Generator, count: int, items: int
) -> Boundary:
    """Return up to `count` inputs on the boundary between actions, exact ties first.

    For a masked policy any two actions can be rivals, since a mask may leave just those two;
    otherwise the best action has all others of its group as rivals. There are fewer inputs, or
    none, if the policy hardly distinguishes its actions or has continuous ones.
    """
    first = uniform_observations(policy, rng, 2 * count, items)
    second = uniform_observations(policy, rng, 2 * count, items)
    if policy.scorer:
        # Presence must remain a flag in between, too.
        second[..., 0] = first[..., 0]
        second *= first[..., :1] > 0
    if policy.decoding.kind not in ("argmax", "multi-argmax"):
        return Boundary(first[:0], np.zeros((0, policy.outputs), bool), np.zeros(0, np.int64))
    duel = _Duel(policy, rng, first)
    signs = np.sign(duel.gaps(first))
    opposite = signs * np.sign(duel.gaps(second)) < 0
    first, second, signs = first[opposite], second[opposite], signs[opposite]
    duel.keep(opposite)
    for _ in range(_HALVINGS):
        middle = (first + second) >> 1
        same = _spread(np.sign(duel.gaps(middle)) == signs, first.ndim)
        first, second = np.where(same, middle, first), np.where(same, second, middle)
    observations, gaps = _closest(policy, rng, second, duel)
    order = np.argsort(gaps, kind="stable")[:count]
    return Boundary(observations[order], duel.contenders()[order], gaps[order])


class _Duel:
    """An action and its rivals for each input."""

    def __init__(self, policy: QuantisedPolicy, rng: np.random.Generator, first: Ints) -> None:
        logits = policy.logits(first)
        count, outputs = logits.shape
        sizes = np.array(policy.decoding.sizes or (outputs,))
        group_of = np.repeat(np.arange(len(sizes)), sizes)
        fought = group_of == rng.integers(len(sizes), size=(count, 1))
        self._policy = policy
        if policy.masked:
            order = np.where(fought, rng.random((count, outputs)), -1.0)
            self._action = order.argmax(axis=1)
            np.put_along_axis(order, self._action[:, None], -1.0, axis=1)
            rival = np.arange(outputs) == order.argmax(axis=1)[:, None]
            self._rivals = rival & (order.max(axis=1) >= 0)[:, None]
        else:
            self._action = np.where(fought, logits, -_NEVER).argmax(axis=1)
            self._rivals = fought & (np.arange(outputs) != self._action[:, None])

    def keep(self, which: Flags) -> None:
        """Keep only the inputs in `which`."""
        self._action, self._rivals = self._action[which], self._rivals[which]

    def gaps(self, x: Ints) -> Ints:
        """Return the action's logit minus the best rival's; far above zero without rivals."""
        if not len(x):
            return np.zeros(0, np.int64)
        logits = self._policy.logits(x)
        best = np.where(self._rivals, logits, -_NEVER).max(axis=1)
        gaps: Ints = np.take_along_axis(logits, self._action[:, None], axis=1)[:, 0] - best
        return gaps

    def contenders(self) -> Flags:
        """Return the actions and their rivals."""
        flags: Flags = self._rivals.copy()
        np.put_along_axis(flags, self._action[:, None], True, axis=1)
        return flags


def _closest(
    policy: QuantisedPolicy, rng: np.random.Generator, x: Ints, duel: _Duel
) -> tuple[Ints, Ints]:
    """Return, for each input, the closest to a tie among itself and some neighbours."""
    best, gaps = x, np.abs(duel.gaps(x))
    for _ in range(_NEIGHBOURS):
        step = rng.integers(-2, 2, size=x.shape, endpoint=True)
        if policy.scorer:
            step[..., 0] = 0
            step *= x[..., :1] > 0
        near = np.clip(x + step, *policy.span)
        there = np.abs(duel.gaps(near))
        best = np.where(_spread(there < gaps, x.ndim), near, best)
        gaps = np.minimum(gaps, there)
    return best, gaps


def _spread(flags: Flags, dimensions: int) -> Flags:
    """Return `flags` (N,) such that they broadcast against (N, ...)."""
    return flags.reshape(-1, *(1,) * (dimensions - 1))
