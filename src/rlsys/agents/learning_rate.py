"""The learning rate over a training: constant, or linear from a first to a last value."""

from __future__ import annotations


def linear_rate(first: float, last: float | None, remaining: float) -> float:
    """Return the rate where `remaining` of the training is left (1 at the start, 0 at the end).

    Args:
        first: the rate at the start.
        last: the rate at the end; None: `first` all along.
    """
    last = first if last is None else last
    return last + (first - last) * remaining
