"""Disjoint episode seeds for training, validation (choosing a checkpoint) and evaluation."""

from __future__ import annotations

import numpy as np

_VALIDATION = 1 << 30
_EVALUATION = 1 << 31
_SPAN = 1 << 30


def training_seeds(seed: int, count: int) -> list[int]:
    """Return `count` episode seeds below 2**30, drawn from the run's `seed`."""
    return [int(s) for s in np.random.default_rng(seed).integers(0, _VALIDATION, size=count)]


def validation_seeds(count: int) -> list[int]:
    """Return the first `count` seeds of [2**30, 2**31): the same for every run."""
    return [_VALIDATION + i for i in range(count)]


def evaluation_seeds(count: int, first: int = 0) -> list[int]:
    """Return held-out seeds number `first` to `first + count - 1`; all are at least 2**31."""
    if not 0 <= first <= _SPAN - count:
        raise ValueError(f"held-out episodes are numbered 0..{_SPAN - count}, not {first}")
    return [_EVALUATION + first + i for i in range(count)]
