"""Checks of what a caller asks a generator for."""

from __future__ import annotations

from rlsys.errors import UserError


def check_size(**sizes: int) -> None:
    """Check that each is at least 1.

    Raises:
        UserError: one is not; names it.
    """
    for name, size in sizes.items():
        if size < 1:
            raise UserError(f"{name}: {size} is not allowed; give at least 1")


def check_range(name: str, low: int, high: int, least: int, most: int | None = None) -> None:
    """Check that ``least <= low <= high <= most``.

    Raises:
        UserError: it does not hold; names the argument.
    """
    if not least <= low <= high or (most is not None and high > most):
        allowed = f"at least {least}" + ("" if most is None else f" and at most {most}")
        raise UserError(
            f"{name}: {low} to {high} is not allowed; give two ascending numbers, {allowed}"
        )
