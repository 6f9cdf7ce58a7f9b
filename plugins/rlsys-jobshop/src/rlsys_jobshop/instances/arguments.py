"""Checks of what a caller asks a generator for."""

from __future__ import annotations

from rlsys.errors import UserError


def check_number(name: str, value: int, least: int, most: int | None = None) -> None:
    """Check that ``least <= value <= most``.

    Raises:
        UserError: it does not hold; names the argument.
    """
    if value < least or (most is not None and value > most):
        raise UserError(f"{name}: {value} is not allowed; give {_allowed(least, most)}")


def check_range(name: str, low: int, high: int, least: int, most: int | None = None) -> None:
    """Check that ``least <= low <= high <= most``.

    Raises:
        UserError: it does not hold; names the argument.
    """
    if not least <= low <= high or (most is not None and high > most):
        raise UserError(
            f"{name}: {low} to {high} is not allowed; "
            f"give two ascending numbers, {_allowed(least, most)}"
        )


def _allowed(least: int, most: int | None) -> str:
    return f"at least {least}" if most is None else f"{least} to {most}"
