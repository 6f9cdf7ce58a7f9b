"""How an observation is computed from whole ticks: in floating point, or as a device does it.

`one` tells which: 0 for floating point, else how many units make 1.0 (a power of two). In units, a
ratio is rounded to the nearest and halves go up, ``floor(numerator / denominator * one + 1/2)``,
by one integer division, so that every machine gets the same number.
"""

from __future__ import annotations

from rlsys_rtos.compiled import compiled


@compiled
def ratio(numerator: int, denominator: int, low: float, one: int) -> float:
    """Return numerator / denominator > 0, clipped to low..1."""
    if one > 0:
        units = (2 * numerator * one + denominator) // (2 * denominator)
        return min(max(float(units), low * one), float(one))
    return min(max(numerator / denominator, low), 1.0)


@compiled
def flag(value: bool, one: int) -> float:
    """Return 1 where `value` holds, else 0."""
    return (float(one) if one > 0 else 1.0) if value else 0.0
