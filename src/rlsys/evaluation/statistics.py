"""Means with honest intervals: bootstrap over training seeds and episodes, paired differences.

All intervals are two-sided 95 % percentile bootstrap intervals of the mean (Efron, 1979). They use
`RESAMPLES` resamples with a fixed seed, so the same numbers always give the same interval.

Every training seed is evaluated on the same held-out episodes.  So a result is a matrix (training
seeds, episodes): values in a row share the randomness of the training, and values in a column share
the randomness of the episode.  The resamples draw seeds and episodes independently of each other
and keep the crossing (the pigeonhole bootstrap: Owen, The Annals of Applied Statistics, 2007).
Resampling all cells as if they were independent would give intervals that are far too narrow.

Two limits: with one training seed, the interval covers only the randomness of the episodes and says
nothing about other training seeds.  With a small number S of training seeds, it is still too
narrow, by a factor of about sqrt((S - 1) / S).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rlsys.errors import UserError

RESAMPLES = 10_000
CONFIDENCE = 0.95
SEED = 20_240_501

ROUNDING = 1e-9
"""Returns with a smaller relative difference are equal: the same rewards in another order."""

_CELLS_PER_CHUNK = 1_000_000

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Summary:
    """Summary statistics of one quantity.

    Attributes:
        n: number of values: training seeds times episodes.
        mean: their mean.
        iqm: their interquartile mean.
        low, high: 95 % bootstrap interval of the mean.
    """

    n: int
    mean: float
    iqm: float
    low: float
    high: float

    def fields(self) -> dict[str, float]:
        """Return the fields for a row of the result document."""
        return asdict(self)


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
    means = _resampled_means(matrix)
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(means, (tail, 1 - tail))
    return Summary(
        matrix.size, float(matrix.mean()), interquartile_mean(matrix), float(low), float(high)
    )


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
    first, second = _checked(a), _checked(b)
    if second.shape not in (first.shape, first.shape[-1:]):
        raise ValueError(f"results of shapes {first.shape} and {second.shape} do not pair")
    difference = first - second
    scale = np.maximum(np.abs(first), np.abs(second))
    return summarise(np.where(np.abs(difference) <= ROUNDING * scale, 0.0, difference))


def better(difference: Summary, direction: Literal["higher", "lower", "neither"]) -> bool:
    """Return whether a difference ``a - b`` shows that a is better: its interval excludes zero.

    Args:
        difference: from `paired_difference`.
        direction: which values of the metric are better; with ``neither`` the result is False.
    """
    if direction == "higher":
        return difference.low > 0
    return direction == "lower" and difference.high < 0


def gap_closed(value: float, reference: float, optimum: float) -> float | None:
    """Return the share of the gap from `reference` to `optimum` that `value` closes.

    0 is as good as the reference, 1 is as good as the optimum, and a negative value is worse than
    the reference.  None if the reference already is the optimum (up to `ROUNDING`).
    """
    gap = optimum - reference
    if abs(gap) <= ROUNDING * max(abs(optimum), abs(reference)):
        return None
    return (value - reference) / gap


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


def _resampled_means(matrix: Floats) -> Floats:
    """Return the means of `RESAMPLES` resamples of rows and columns, shape (RESAMPLES,)."""
    rng = np.random.default_rng(SEED)
    chunk = max(1, _CELLS_PER_CHUNK // max(matrix.shape))  # keeps memory small
    means = np.empty(RESAMPLES)
    # Rounding must not give an interval of equal values a width.
    centre = matrix.mean() if np.ptp(matrix) else matrix[0, 0]
    centred = matrix - centre
    for begin in range(0, RESAMPLES, chunk):
        count = min(chunk, RESAMPLES - begin)
        rows = _draw_counts(rng, count, matrix.shape[0])
        columns = _draw_counts(rng, count, matrix.shape[1])
        means[begin : begin + count] = ((rows @ centred) * columns).sum(axis=1)
    return np.asarray(means / matrix.size + centre)


def _draw_counts(rng: np.random.Generator, count: int, size: int) -> Floats:
    """Return how often each of `size` items is drawn in `size` draws with replacement.

    Shape (count, size).
    """
    drawn = rng.integers(size, size=(count, size)) + size * np.arange(count)[:, None]
    counts: Floats = np.bincount(drawn.ravel(), minlength=count * size).astype(np.float64)
    return counts.reshape(count, size)
