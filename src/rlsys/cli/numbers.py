"""Whole numbers as people write them: 100000, 100_000, 1e5."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

import click

_MOST_DIGITS = 18


class Count(click.types.IntParamType):
    """A whole number, also in scientific notation."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the number, or fail with one line."""
        number: int = super().convert(_spelled_out(value), param, ctx)
        return number


class CountFrom(click.IntRange):
    """A `Count` with a lower bound."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the number, or fail with one line."""
        number: int = super().convert(_spelled_out(value), param, ctx)
        return number


def _spelled_out(value: Any) -> Any:
    """Return a whole number as its digits, and anything else as it is."""
    try:
        number = Decimal(value)
    except (InvalidOperation, TypeError, ValueError):
        return value
    if not number.is_finite() or number.adjusted() > _MOST_DIGITS or number % 1 != 0:
        return value
    return str(int(number))
