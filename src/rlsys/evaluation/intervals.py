"""95 % intervals of a mean over trainings and episodes that cover also with few of either.

Every training is evaluated on the same episodes, so results are a matrix Y of R trainings and C
episodes, and a mean has two kinds of luck in it: Y_ij = m + a_i + b_j + e_ij, with a the luck of a
training, b that of an episode and e the rest (the crossed two-way random-effects design).  The
squares of analysis of variance (Searle, Casella and McCulloch, Variance Components, 1992) are

    MSA = C sum (Y_i. - Y..)^2 / (R - 1)                         expected: C var(a) + var(e)
    MSB = R sum (Y_.j - Y..)^2 / (C - 1)                         expected: R var(b) + var(e)
    MSE = sum (Y_ij - Y_i. - Y_.j + Y..)^2 / (R - 1) / (C - 1)   expected: var(e)

and the variance of the mean is expected (MSA + MSB - MSE) / (R C).  Each kind of luck gets its own
limit, and the two limits are added in squares (Howe, Journal of the American Statistical
Association 69, 1974; Zou and Donner, Statistics in Medicine 27, 2008, who call it MOVER):

    mean - low = sqrt(t(R - 1)^2 MSA / (R C) + q^2 max(0, MSB - MSE) / (R C))

t(d) is the two-sided 95 % point of Student's t with d degrees of freedom.  q is t(C - 1), or more
on the side of a long tail: episodes may be skewed, and Hall's cubic transformation (Journal of the
Royal Statistical Society B 54, 1992) says how much further the mean may be there.  That the sum of
squares is enough follows from Banerjee (Sankhya 22, 1960): the distribution function of a squared
normal variable is concave.  Where one luck dominates, the interval is Student's; in between it is
somewhat too wide.

`benchmarks/interval_coverage.py` simulates the coverage, also of two that were not taken, because
they are too narrow for few trainings: Satterthwaite's degrees of freedom and the bootstrap.
"""

from __future__ import annotations

import functools
import math

import numpy as np
from numpy.typing import NDArray

CONFIDENCE = 0.95

Floats = NDArray[np.float64]


def mean_intervals(results: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the mean and its 95 % interval of one matrix of results, or of many at once.

    With one training the interval is over episodes alone, with one episode over trainings alone.
    Equal values have an interval of no width.

    Args:
        results: finite, shape (..., trainings, episodes), neither of them 0.

    Returns:
        mean, low and high, each of shape (...).
    """
    trainings, episodes = results.shape[-2:]
    # Differences to one of the values: so rounding does not give equal values a width.  In units of
    # the largest: so no square overflows or vanishes.
    first = results[..., :1, :1]
    values = results - first
    unit = np.abs(values).max(axis=(-2, -1), keepdims=True)
    equal = unit[..., 0, 0] == 0.0
    values = values / np.where(unit == 0.0, 1.0, unit)
    of_trainings, of_episodes = _centred(values.mean(axis=-1)), _centred(values.mean(axis=-2))
    rest = values - values.mean(axis=(-2, -1), keepdims=True)
    rest = rest - of_trainings[..., :, None] - of_episodes[..., None, :]

    # Squares are divided by R C at once: they are variances of the mean.
    by_trainings = _sum_of_squares(of_trainings) / max(trainings - 1, 1) / trainings
    by_episodes = _sum_of_squares(of_episodes) / max(episodes - 1, 1) / episodes
    freedom = (trainings - 1) * (episodes - 1)
    by_rest = (rest**2).sum(axis=(-2, -1)) / max(freedom, 1) / (trainings * episodes)

    luck_of_trainings = student_t(trainings - 1) ** 2 * by_trainings if trainings > 1 else 0.0
    luck_of_episodes = np.maximum(by_episodes - by_rest, 0.0)
    below, above = (
        np.sqrt(luck_of_trainings + points**2 * luck_of_episodes) * unit[..., 0, 0]
        for points in _points_of_episodes(of_episodes)
    )
    mean = np.where(equal, first[..., 0, 0], results.mean(axis=(-2, -1)))
    return mean, mean - below, mean + above


def share_intervals(gained: Floats, gap: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the ratio of two means and its 95 % interval, of one pair of results or of many.

    To first order, the ratio of means errs by the mean of (gained - ratio gap) over the mean of the
    gap (the delta method; Cochran, Sampling Techniques, 1977, section 6.3).

    Args:
        gained: finite, shape (..., trainings, episodes).
        gap: of the same episodes, shape (..., 1, episodes), with means that are not 0.

    Returns:
        ratio, low and high, each of shape (...).
    """
    mean = gap.mean(axis=(-2, -1))
    share = gained.mean(axis=(-2, -1)) / mean
    error, low, high = mean_intervals(gained - share[..., None, None] * gap)
    ends = (low - error) / mean, (high - error) / mean
    return share, share + np.minimum(*ends), share + np.maximum(*ends)


@functools.lru_cache(maxsize=128)
def student_t(freedom: int) -> float:
    """Return the two-sided 95 % point of Student's t distribution.

    The distribution function for whole degrees of freedom is a finite sum over t = sqrt(freedom)
    tan(angle) (Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.3 and 26.7.4).

    Args:
        freedom: degrees of freedom, at least 1.
    """
    odd = freedom % 2
    steps = np.arange(1 + odd, freedom - 2, 2, dtype=np.float64)
    factors = np.concatenate([[1.0], np.cumprod(steps / (steps + 1))])
    powers = np.arange(len(factors)) * 2 + odd

    def inside(angle: float) -> float:
        """Return the probability of less than t on both sides."""
        series = float((factors * np.cos(angle) ** powers).sum()) * math.sin(angle)
        if not odd:
            return series
        return (angle + (series if freedom > 1 else 0.0)) * 2 / math.pi

    low, high = 0.0, math.pi / 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if inside(middle) < CONFIDENCE else (low, middle)
    return math.sqrt(freedom) * math.tan(low)


def _points_of_episodes(centred: Floats) -> tuple[Floats, Floats]:
    """Return how many standard errors the mean over episodes may be below and above, positive.

    Args:
        centred: means of episodes less their mean, shape (..., episodes).
    """
    episodes = centred.shape[-1]
    if episodes < 2:
        return np.zeros(centred.shape[:-1]), np.zeros(centred.shape[:-1])
    point = student_t(episodes - 1)
    variance = (centred**2).mean(axis=-1)
    third = (centred**3).mean(axis=-1)
    flat = variance <= 0.0
    skewness = np.where(flat, 0.0, third) / np.where(flat, 1.0, variance) ** 1.5
    tilt = skewness / math.sqrt(episodes)
    below, above = _undone(tilt, point), -_undone(tilt, -point)
    return np.maximum(below, point), np.maximum(above, point)


def _undone(tilt: Floats, point: float) -> Floats:
    """Solve Hall's t + tilt t^2 / 3 + tilt^2 t^3 / 27 + tilt / 6 = point for t."""
    straight = np.abs(tilt) < 1e-6
    divisor = np.where(straight, 1.0, tilt)
    solved = 3.0 * (np.cbrt(1.0 + tilt * (point - tilt / 6.0)) - 1.0) / divisor
    return np.where(straight, point, solved)


def _centred(values: Floats) -> Floats:
    shifted = values - values[..., :1]
    centred: Floats = shifted - shifted.mean(axis=-1, keepdims=True)
    return centred


def _sum_of_squares(values: Floats) -> Floats:
    total: Floats = (values**2).sum(axis=-1)
    return total
