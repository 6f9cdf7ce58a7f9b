"""Numbers on the unit interval: searchers see [0, 1], the kernel sees exact decimal texts.

Values are exact fractions, so a value stays the same when it is written, read and mapped back.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from decimal import Context, Decimal
from fractions import Fraction
from typing import Protocol

from rlsys.errors import ConfigError

MOST_LEVELS = 2**40
"""Most levels of a grid; on a logarithmic one, the largest ratio of value to step.  Beyond that,
doubles cannot tell neighbours apart."""

SPECIAL_SHARE = 0.1
"""Share of the unit interval for each special value; together they take at most half."""

_DECIMAL = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?(e[+-]?[0-9]{1,3})?", re.IGNORECASE | re.ASCII)
_DIGITS = 6
_INSIDE = 1.0 - 1e-12
_DECIMALS = Context(prec=60)


def exact(number: float | str) -> Fraction:
    """Return `number` as it is written in decimal.

    Raises:
        ValueError: it is not a finite number.
    """
    if not _DECIMAL.fullmatch(str(number)):
        raise ValueError(f"{number} is not a decimal number")
    return Fraction(str(number))


def text(value: Fraction) -> str:
    """Return `value` in plain decimal digits."""
    if value.denominator == 1:
        return str(value.numerator)
    quotient = _DECIMALS.divide(Decimal(value.numerator), Decimal(value.denominator))
    return format(quotient, "f")


class Scale(Protocol):
    """A range of values, spread over [0, 1)."""

    low: Fraction
    high: Fraction

    def value(self, position: float) -> Fraction:
        """Return the value at `position` in [0, 1]."""

    def nearest(self, value: Fraction) -> float:
        """Return the position, below 1, of the value that is nearest to `value`."""


class Grid:
    """Equally spaced values: `low` and every `step` up to `high`."""

    def __init__(self, low: Fraction, high: Fraction, step: Fraction) -> None:
        self.low, self.step = low, step
        self._count = math.floor((high - low) / step) + 1
        self.high = low + step * (self._count - 1)

    def at_least(self, value: Fraction) -> Fraction:
        """Return the least value of the grid that is not below `value`, which is at most `high`."""
        return self.low + self.step * max(math.ceil((value - self.low) / self.step), 0)

    def _level(self, value: Fraction) -> int:
        return round((min(max(value, self.low), self.high) - self.low) / self.step)


class LinearGrid(Grid):
    """A grid whose values have equal shares of the unit interval."""

    def __init__(self, low: Fraction, high: Fraction, step: Fraction) -> None:
        super().__init__(low, high, step)
        if self._count > MOST_LEVELS:
            raise ConfigError(f"more than 2^40 values from {low} to {high}; give a larger step")

    def value(self, position: float) -> Fraction:
        return self.low + self.step * min(int(position * self._count), self._count - 1)

    def nearest(self, value: Fraction) -> float:
        return (self._level(value) + 0.5) / self._count


class LogGrid(Grid):
    """A grid that is searched evenly in the logarithm."""

    def __init__(self, low: Fraction, high: Fraction, step: Fraction) -> None:
        super().__init__(low, high, step)
        if self.high / step > MOST_LEVELS:
            raise ConfigError(f"{high} is more than 2^40 steps of {text(step)}; give a larger step")
        self._from = math.log(max(low - step / 2, low / 2))
        self._width = math.log(self.high + step / 2) - self._from

    def value(self, position: float) -> Fraction:
        wanted = math.exp(self._from + position * self._width)
        level = round((wanted - float(self.low)) / float(self.step))
        return self.low + self.step * min(max(level, 0), self._count - 1)

    def nearest(self, value: Fraction) -> float:
        return (math.log(self.low + self.step * self._level(value)) - self._from) / self._width


class LogDigits:
    """Values of six significant digits, searched evenly in the logarithm."""

    def __init__(self, low: Fraction, high: Fraction) -> None:
        self.low, self.high = low, high
        self._from = math.log(low)
        self._width = math.log(high) - self._from

    def value(self, position: float) -> Fraction:
        rounded = exact(f"{math.exp(self._from + position * self._width):.{_DIGITS}g}")
        return min(max(rounded, self.low), self.high)

    def nearest(self, value: Fraction) -> float:
        if not self._width:
            return 0.0
        near = min(max(value, self.low), self.high)
        return min((math.log(near) - self._from) / self._width, _INSIDE)


def make_scale(
    low: Fraction, high: Fraction, step: Fraction | None, *, log: bool, integer: bool
) -> Scale:
    """Return the scale from `low` to `high`.

    Without `step`, whole numbers have step 1; others have about a millionth of the range or, on a
    logarithmic scale, six significant digits.

    Raises:
        ConfigError: more values than floating-point positions can tell apart.
    """
    if step is None and integer:
        step = Fraction(1)
    if log:
        return LogDigits(low, high) if step is None else LogGrid(low, high, step)
    if step is None:
        width = high - low
        step = Fraction(10) ** (math.floor(math.log10(width)) - 6) if width else Fraction(1)
    return LinearGrid(low, high, step)


class Scalar:
    """A scale, and special values that share the upper end of the unit interval equally.

    Args:
        special: values outside the scale's range, such as -1 for "no limit".
    """

    def __init__(self, scale: Scale, special: Sequence[Fraction], *, integer: bool) -> None:
        self.scale = scale
        self.special = tuple(special)
        self.integer = integer
        self._ordinary = 1.0 - min(0.5, SPECIAL_SHARE * len(self.special))

    def value(self, position: float) -> Fraction:
        """Return the value at `position` in [0, 1]."""
        if not self.special or position < self._ordinary:
            return self.scale.value(position / self._ordinary)
        share = (position - self._ordinary) / (1.0 - self._ordinary)
        return self.special[min(int(share * len(self.special)), len(self.special) - 1)]

    def nearest(self, value: Fraction) -> float:
        """Return the position of the value nearest to `value`; special values match exactly."""
        if value in self.special:
            index = self.special.index(value)
            share = (index + 0.5) / len(self.special)
            return self._ordinary + share * (1.0 - self._ordinary)
        return self.scale.nearest(value) * self._ordinary

    def parse(self, written: str) -> Fraction:
        """Return the value that is `written`.

        Raises:
            ConfigError: not a number, outside the range, or between two steps.
        """
        try:
            value = exact(written)
        except ValueError as error:
            kind = "whole number" if self.integer else "number"
            raise ConfigError(f"{written!r} is not a {kind}") from error
        if self.integer and value.denominator != 1:
            raise ConfigError(f"{written!r} is not a whole number")
        low, high = self.scale.low, self.scale.high
        if value not in self.special:
            if not low <= value <= high:
                extra = ", ".join(map(text, self.special))
                extra = f" or one of the special values {extra}" if extra else ""
                raise ConfigError(f"{text(value)} is not within {text(low)} to {text(high)}{extra}")
            near = self.value(self.nearest(value))
            if near != value:
                raise ConfigError(
                    f"{text(value)} is between two steps; the nearest is {text(near)}"
                )
        return value
