"""Random fixed-point observations, for checks without an environment."""

from __future__ import annotations

import numpy as np

from rlsys_rust_q10.arithmetic.fixed_point import Ints
from rlsys_rust_q10.arithmetic.quantised import QuantisedPolicy


def uniform_observations(
    policy: QuantisedPolicy, rng: np.random.Generator, count: int, items: int
) -> Ints:
    """Return `count` observations, evenly distributed within the policy's bounds.

    Their shape is (count, features), or (count, items, features) for a scorer. Three quarters of
    the items are present, the others are zero.
    """
    low, high = policy.span
    if not policy.scorer:
        return rng.integers(low, high, size=(count, policy.features), endpoint=True)
    x = rng.integers(low, high, size=(count, items, policy.features), endpoint=True)
    present = rng.random((count, items)) < 0.75
    x[..., 0] = 1 << policy.bits
    return x * present[..., None]
