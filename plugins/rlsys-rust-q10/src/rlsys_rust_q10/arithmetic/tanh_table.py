"""Tanh from a table with linear interpolation, in integers.

The table holds ``floor(tanh(k * 2**-s) * 2**F + 1/2)`` with s = ceil(F / 2), up to the first entry
that rounds to 1.0; beyond it the function is 1.0. Interpolation between points h apart has an error
of at most max|tanh''| h**2 / 8 < 0.097 * 2**-F; the entries and the final rounding add half a unit
each: together less than 1.1 * 2**-F. The function is odd, because it rounds the magnitude,
and monotone, because the table is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np

from rlsys_rust_q10.arithmetic.fixed_point import Ints, to_fixed

ERROR_UNITS = 1.1
"""No value is further from tanh than this many multiples of ``2**-bits``."""


@dataclass(frozen=True, eq=False)
class TanhTable:
    """The table for one number of fractional bits.

    Attributes:
        bits: F.
        step_bits: s; the arguments of neighbouring entries are ``2**-s`` apart.
        entries: (K + 2,) int64; the last one is stored twice, so that entry i + 1 always exists.
    """

    bits: int
    step_bits: int
    entries: Ints

    @property
    def narrow(self) -> bool:
        """Return whether the entries fit 16 bits."""
        return int(self.entries[-1]) <= np.iinfo(np.int16).max

    def __call__(self, x: Ints) -> Ints:
        """Return tanh of fixed-point `x`, in fixed point."""
        shift = self.bits - self.step_bits
        top = (len(self.entries) - 2) << shift
        magnitude = np.minimum(np.abs(x), top)
        index = magnitude >> shift
        fraction = magnitude & ((1 << shift) - 1)
        below = self.entries[index]
        rise = (self.entries[index + 1] - below) * fraction
        magnitude = below + ((rise + (1 << (shift - 1))) >> shift)
        y: Ints = np.where(x < 0, -magnitude, magnitude)
        return y


@cache
def tanh_table(bits: int) -> TanhTable:
    """Return the table for `bits` fractional bits, at least 3."""
    step_bits = -(-bits // 2)
    one = 1 << bits
    entries = [0]
    while entries[-1] < one:
        value = math.tanh(math.ldexp(len(entries), -step_bits))
        entries.append(int(to_fixed(value, bits)))
    return TanhTable(bits, step_bits, np.array([*entries, entries[-1]], dtype=np.int64))
