"""Compute an observation from whole ticks, in floating point or in integers as on a device.

`one` selects which: 0 for floating point, otherwise the number of units that make 1.0 (a power of
two). In units, a ratio is rounded to nearest, halves up:
``floor(numerator / denominator * one + 1/2)``, with one integer division. So every machine gets the
same number.
"""

from __future__ import annotations

from rlsys.batched.compiled import compiled


@compiled
def ratio(numerator: int, denominator: int, low: float, one: int) -> float:
    """Return numerator / denominator > 0, clipped to low..1."""
    if one > 0:
        units = (2 * numerator * one + denominator) // (2 * denominator)
        return min(max(float(units), low * one), float(one))
    return min(max(numerator / denominator, low), 1.0)


@compiled
def flag(value: bool, one: int) -> float:
    """Return 1 if `value` is true, otherwise 0."""
    return (float(one) if one > 0 else 1.0) if value else 0.0
