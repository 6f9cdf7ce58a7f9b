"""Means with honest intervals, paired differences, and the share of a gap that is closed.

Every training seed is evaluated on the same held-out episodes.  So a result is a matrix (training
seeds, episodes): values in a row share the randomness of the training, and values in a column share
the randomness of the episode.  `rlsys.evaluation.intervals` has the 95 % intervals that follow,
their source and what they assume.  Taking all cells as independent would give intervals that are
far too narrow.

With one training seed, an interval covers only the randomness of the episodes and says nothing
about other training seeds.  With two, it is 12.7 standard errors of the trainings wide on either
side: two trainings hardly show how much trainings differ.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from rlsys.errors import UserError
from rlsys.evaluation.intervals import Floats, mean_intervals, share_intervals

ROUNDING = 1e-9
"""Returns with a smaller relative difference are equal: the same rewards in another order."""


@dataclass(frozen=True)
class Summary:
    """Summary statistics of one quantity.

    Attributes:
        n: number of values: training seeds times episodes.
        mean: their mean.
        iqm: their interquartile mean.
        low, high: 95 % interval of the mean.
    """

    n: int
    mean: float
    iqm: float
    low: float
    high: float

    def fields(self) -> dict[str, float]:
        """Return the fields for a row of the result document."""
        return asdict(self)


@dataclass(frozen=True)
class ClosedGap:
    """How much of the gap from a reference to the optimum is closed.

    Attributes:
        share: 0 is as good as the reference, 1 is as good as the optimum, and a negative value is
            worse than the reference.
        low, high: its 95 % interval; None if the episodes do not show that there is a gap at all,
            because then the share may be anything.
    """

    share: float
    low: float | None
    high: float | None


def interquartile_mean(values: ArrayLike) -> float:
    """Return the mean of the middle 50 % of all values.

    A quarter of the values, rounded down, is left out at each end (Agarwal et al., Deep
    Reinforcement Learning at the Edge of the Statistical Precipice, NeurIPS 2021).
    """
    ordered = np.sort(_checked(values), axis=None)
    cut = len(ordered) // 4
    return float(ordered[cut : len(ordered) - cut].mean())


def summarise(values: ArrayLike) -> Summary:
    """Return mean, interquartile mean and interval.

    Args:
        values: shape (episodes,), or (training seeds, episodes).  With one training seed the
            interval says nothing about other training seeds.

    Raises:
        UserError: a value is NaN or infinite.
        ValueError: there are no values, or the number of dimensions is wrong.
    """
    matrix = np.atleast_2d(_checked(values))
    mean, low, high = map(float, mean_intervals(matrix))
    return Summary(matrix.size, mean, interquartile_mean(matrix), low, high)


def paired_difference(a: ArrayLike, b: ArrayLike) -> Summary:
    """Return the summary of ``a - b``, episode by episode.

    Pairing removes the randomness of the episode, which both share.  Relative differences below
    `ROUNDING` count as zero.

    Args:
        a: shape (episodes,), or (training seeds, episodes); with one training seed the interval
            says nothing about other training seeds.
        b: shape (episodes,), the same for every training seed of `a`, or the shape of `a`.

    Raises:
        UserError: a value is NaN or infinite.
        ValueError: the shapes do not pair.
    """
    return summarise(_paired(a, b))


def better(difference: Summary, direction: Literal["higher", "lower", "neither"]) -> bool:
    """Return whether a difference ``a - b`` shows that a is better: its interval excludes zero.

    Args:
        difference: from `paired_difference`.
        direction: which values of the metric are better; with ``neither`` the result is False.
    """
    if direction == "higher":
        return difference.low > 0
    return direction == "lower" and difference.high < 0


def gap_closed(learned: ArrayLike, reference: ArrayLike, optimum: ArrayLike) -> ClosedGap | None:
    """Return the share of the gap from `reference` to `optimum` that `learned` closes, from means.

    Args:
        learned: shape (episodes,), or (training seeds, episodes).
        reference, optimum: of the same episodes, shape (episodes,).

    Returns:
        None if the reference already is the optimum (up to `ROUNDING`).

    Raises:
        UserError: a value is NaN or infinite.
        ValueError: the shapes do not pair.
    """
    gained, gap = _paired(learned, reference), np.atleast_2d(_paired(optimum, reference))
    mean, low, high = map(float, mean_intervals(gap))
    scale = max(abs(float(_checked(values).mean())) for values in (reference, optimum))
    if abs(mean) <= ROUNDING * scale:
        return None
    share, lowest, highest = map(float, share_intervals(np.atleast_2d(gained), gap))
    if low <= 0.0 <= high:
        return ClosedGap(share, None, None)
    return ClosedGap(share, lowest, highest)


def _paired(a: ArrayLike, b: ArrayLike) -> Floats:
    """Return ``a - b``, episode by episode, with 0 for what is only rounding."""
    first, second = _checked(a), _checked(b)
    if second.shape not in (first.shape, first.shape[-1:]):
        raise ValueError(f"results of shapes {first.shape} and {second.shape} do not pair")
    difference = first - second
    scale = np.maximum(np.abs(first), np.abs(second))
    return np.where(np.abs(difference) <= ROUNDING * scale, 0.0, difference)


def _checked(values: ArrayLike) -> Floats:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim not in (1, 2) or not array.size:
        raise ValueError(f"results must be (episodes,) or (seeds, episodes), not {array.shape}")
    if not np.isfinite(array).all():
        raise UserError(
            f"{int((~np.isfinite(array)).sum())} of {array.size} results are NaN or infinite; "
            "the environment's rewards and metrics must be finite"
        )
    return array
