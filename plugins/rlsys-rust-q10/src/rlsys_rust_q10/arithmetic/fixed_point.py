"""Fixed-point numbers: the one rounding rule that Python and Rust share.

A number v is stored as the integer ``floor(v * 2**F + 1/2)``: rounded to nearest, with halves up,
also for negative numbers (-0.5 units become 0). Dropping F bits of an accumulator follows the same
rule, ``(acc + 2**(F-1)) >> F``, where the arithmetic shift is the floor.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

I16 = np.iinfo(np.int16)
I32 = np.iinfo(np.int32)
I32_MAX = int(I32.max)
I64_MAX = int(np.iinfo(np.int64).max)


def to_fixed(values: Any, bits: int) -> Ints:
    """Return `values` as multiples of ``2**-bits``, int64 of the same shape.

    This is not ``floor(v + 0.5)``: in float64 the largest number below one half plus one half is
    one.

    Raises:
        ValueError: a value is not finite or does not fit 63 bits.
    """
    scaled = np.ldexp(np.asarray(values, dtype=np.float64), bits)
    if not np.all(np.abs(scaled) < 2.0**62):  # False for NaN as well
        raise ValueError("a value is not finite or too large for fixed point")
    floor = np.floor(scaled)
    rounded: Ints = floor.astype(np.int64) + (scaled - floor >= 0.5)
    return rounded


def to_float(values: Any, bits: int) -> NDArray[np.float64]:
    """Return what fixed-point `values` stand for; exact below 2**53."""
    return np.ldexp(np.asarray(values, dtype=np.float64), -bits)


def rounding_shift(accumulator: Ints, bits: int) -> Ints:
    """Return ``floor(accumulator / 2**bits + 1/2)``, for bits >= 1."""
    return (accumulator + (1 << (bits - 1))) >> bits


def half_up_mean(sums: Ints, count: Ints) -> Ints:
    """Return ``floor(sums / count + 1/2)``, for count >= 1."""
    return (2 * sums + count) // (2 * count)
