"""Chooses the golden vectors: inputs that the policy meets, could meet, and must survive.

Two fifths are observations from the policy's own episodes. The others are random inputs within the
bounds, corners of the bounds, values far outside (which are clamped), and inputs on the boundary
between two actions, with exact ties among them. Masks come from the environment, are random, allow
only the tied actions, or allow nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rlsys_rust_q10.arithmetic.fixed_point import I32, Ints
from rlsys_rust_q10.arithmetic.quantised import QuantisedPolicy
from rlsys_rust_q10.checks.draws import uniform_observations
from rlsys_rust_q10.checks.fidelity import Met
from rlsys_rust_q10.checks.golden import Batch, solve
from rlsys_rust_q10.checks.ties import find_boundary

Masks = NDArray[np.bool_]


class Chosen(NamedTuple):
    """The vectors and how many of them are ties."""

    batches: list[Batch]
    exact_ties: int
    nothing_allowed: int

    def __len__(self) -> int:
        return sum(len(batch) for batch in self.batches)


def choose(policy: QuantisedPolicy, met: Sequence[Met], count: int, seed: int = 0) -> Chosen:
    """Return at least `count` vectors, the same for the same arguments.

    Args:
        met: observations from the policy's own episodes; if empty, there are more random ones.
    """
    rng = np.random.default_rng(seed)
    batches = list(_met(policy, met, 2 * count // 5))
    ties = 0
    sizes = _sizes(policy, rng, met)
    for items in sizes:
        share = -(-count // (5 * len(sizes)))
        for observations in (
            uniform_observations(policy, rng, share, items),
            _corners(policy, rng, -(-share // 2), items),
            _far_outside(policy, rng, -(-share // 2), items),
        ):
            masks = _random_masks(policy, rng, len(observations), items)
            batches.append(solve(policy, observations, masks))
        boundary = find_boundary(policy, rng, share, items)
        ties += int((boundary.gaps == 0).sum())
        if len(boundary.gaps):
            masks = _duel_masks(policy, rng, boundary.contenders)
            batches.append(solve(policy, boundary.observations, masks))
    missing = count - sum(len(batch) for batch in batches)
    if missing > 0:
        observations = uniform_observations(policy, rng, missing, sizes[-1])
        masks = _random_masks(policy, rng, missing, sizes[-1])
        batches.append(solve(policy, observations, masks))
    nothing = sum(int((~b.masks.any(axis=1)).sum()) for b in batches if b.masks is not None)
    return Chosen(batches, ties, nothing)


def _met(policy: QuantisedPolicy, met: Sequence[Met], count: int) -> Iterator[Batch]:
    """Yield about `count` of the observations that were met, evenly spaced."""
    if not met:
        return
    fixed = np.concatenate([m.fixed for m in met])
    if not policy.scorer:
        fixed = fixed.reshape(len(fixed), -1)
    rows = np.linspace(0, len(fixed) - 1, min(count, len(fixed))).astype(np.int64)
    masks = None
    if policy.masked:
        masks = np.concatenate([m.masks for m in met if m.masks is not None])[rows]
    yield solve(policy, fixed[rows], masks)


def _sizes(policy: QuantisedPolicy, rng: np.random.Generator, met: Sequence[Met]) -> list[int]:
    """Return the numbers of items to try; a stack has one size."""
    if not policy.scorer:
        return [0]
    usual = [met[0].fixed.shape[1]] if met else []
    few = [0] if policy.outputs else []
    others = rng.integers(1, policy.max_items, size=3, endpoint=True).tolist()
    return sorted({1, policy.max_items, *few, *usual, *others})


def _corners(policy: QuantisedPolicy, rng: np.random.Generator, count: int, items: int) -> Ints:
    """Return inputs of lowest, highest and zero values: all of one kind, or mixed."""
    low, high = policy.span
    shape = (count, items, policy.features) if policy.scorer else (count, policy.features)
    kind = rng.integers(3, size=shape)
    uniform = np.arange(count) % 4
    for which in range(3):
        kind[uniform == which] = which
    return np.choose(kind, [low, high, np.zeros_like(low)])


def _far_outside(policy: QuantisedPolicy, rng: np.random.Generator, count: int, items: int) -> Ints:
    """Return inputs with some values outside the bounds, up to the limits of 32 bits."""
    x = uniform_observations(policy, rng, count, items)
    outside = rng.integers(I32.min, I32.max, size=x.shape, endpoint=True)
    ends = rng.random(x.shape)
    outside = np.where(ends < 0.2, I32.min, np.where(ends > 0.8, I32.max, outside))
    return np.where(rng.random(x.shape) < 0.3, outside, x)


def _random_masks(
    policy: QuantisedPolicy, rng: np.random.Generator, count: int, items: int
) -> Masks | None:
    """Return random masks, a few of which allow everything or nothing."""
    if not policy.masked:
        return None
    masks = rng.random((count, policy.outputs + items)) < rng.random((count, 1))
    masks[rng.random(count) < 0.1] = True
    masks[rng.random(count) < 0.1] = False
    return masks


def _duel_masks(
    policy: QuantisedPolicy, rng: np.random.Generator, contenders: Masks
) -> Masks | None:
    """Return masks that allow only the contenders, or sometimes everything."""
    if not policy.masked:
        return None
    return contenders | (rng.random((len(contenders), 1)) < 0.2)
