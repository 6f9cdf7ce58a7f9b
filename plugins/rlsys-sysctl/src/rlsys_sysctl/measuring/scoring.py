"""What a configuration is worth: its performance relative to the default's, and its stability.

A benchmark's number means little by itself, because machines drift (temperature, neighbours,
caches).  So every number is divided by what the default configuration would give at the same time,
estimated from runs of the default in between.  A drift that these runs show cancels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rlsys.errors import UserError

Direction = Literal["higher", "lower"]

OUTLIER_DEVIATIONS = 3.5
"""A run is an outlier beyond this many deviations from the median (Iglewicz and Hoaglin, How to
Detect and Handle Outliers, 1993)."""
_MAD_TO_DEVIATION = 1.4826
"""Standard deviation of a normal distribution over its median absolute deviation."""
NEIGHBOURS = 6
"""Runs of the default, nearest in time, that show a drift."""
SMALLEST_DEVIATION = 0.01
"""Relative deviation below which runs count as equal.  Otherwise, of three runs, two that are
nearly equal could make an outlier of the third."""


@dataclass(frozen=True)
class Weights:
    """How much performance and stability count in the reward."""

    performance: float = 0.5
    stability: float = 0.5


EVEN = Weights()


@dataclass(frozen=True)
class Score:
    """The worth of one configuration.

    Attributes:
        reward: the weighted sum, see `score`.
        performance: multiple of the default's; 1 is as good as the default, 2 twice as good.
        stability: 1 - coefficient of variation over the repeats, 0 to 1.
    """

    reward: float
    performance: float
    stability: float


REFUSED = Score(reward=0.0, performance=0.0, stability=0.0)
"""The score of a configuration that breaks a constraint, is refused by the kernel or makes the
benchmark fail: lower than that of any configuration that works."""


def performance(value: float, default: float, direction: Direction) -> float:
    """Return how many times as good as the default a benchmark's number is.

    Raises:
        UserError: the numbers cannot be compared as ratios.
    """
    least = min(value, default) if direction == "lower" else default
    if least <= 0.0 or value < 0.0:
        raise UserError(
            f"the benchmark's numbers must be positive, for they are compared as ratios (default "
            f"{default:g}, this configuration {value:g}); print another metric as reward_metric"
        )
    return value / default if direction == "higher" else default / value


def score(performances: Sequence[float], weights: Weights, deviation_of_one: float = 0.0) -> Score:
    """Return the score of a configuration from its repeats.

    Stability earns nothing below the default's performance: otherwise a setting that is steadily
    terrible would look good.

    Args:
        performances: of each repeat, at least one.
        weights: of the two parts.
        deviation_of_one: relative deviation to assume if there is only one repeat.
    """
    values = np.asarray(performances, dtype=np.float64)
    mean = float(values.mean())
    if len(values) > 1:
        deviation = float(values.std(ddof=1)) / mean if mean > 0 else 1.0
    else:
        deviation = deviation_of_one
    stability = min(1.0, max(0.0, 1.0 - deviation))
    return Score(reward_of(mean, stability, weights), mean, stability)


def reward_of(mean: float, stability: float, weights: Weights) -> float:
    """Return the weighted sum of performance and, if not below the default's, stability."""
    earned = stability if mean >= 1.0 else 0.0
    return weights.performance * mean + weights.stability * earned


def outliers(values: Sequence[float]) -> list[int]:
    """Return the indices of values far from the others, by the median absolute deviation.

    Fewer than three values have none: of two, nothing says which is the odd one.
    """
    array = np.asarray(values, dtype=np.float64)
    if len(array) < 3:
        return []
    median = float(np.median(array))
    apart = np.abs(array - median)
    deviation = _MAD_TO_DEVIATION * float(np.median(apart))
    limit = OUTLIER_DEVIATIONS * max(deviation, SMALLEST_DEVIATION * abs(median))
    return [int(index) for index in np.flatnonzero(apart > limit)]


def expected_at(times: Sequence[float], values: Sequence[float], time: float) -> float:
    """Return what the default would give at `time`, from its runs.

    A straight line through the nearest `NEIGHBOURS` runs follows a linear drift exactly, but is as
    noisy as so few runs are; the mean of all runs has hardly any noise, but ignores drift.  The two
    are mixed by how much the runs vary beyond their noise (empirical Bayes: Efron and Morris,
    1973), so that noise alone is not taken for drift.  With fewer than three runs, they are
    interpolated, and held constant beyond the ends.

    Args:
        times: increasing, at least one.
        values: at these times.
    """
    if len(times) < 3:
        return float(np.interp(time, times, values))
    at, array = np.asarray(times, dtype=np.float64) - time, np.asarray(values, dtype=np.float64)
    nearest = np.sort(np.argsort(np.abs(at), kind="stable")[:NEIGHBOURS])
    near, there = at[nearest], array[nearest]
    centre, spread = near.mean(), near - near.mean()
    slope = float(spread @ there) / float(spread @ spread)
    # A line may leave the range of what was measured; the default does not.
    line = min(max(float(there.mean()) - slope * float(centre), there.min()), there.max())
    noise = _noise_variance(at, array)
    drift = max(0.0, float(array.var(ddof=1)) - noise)
    doubt = noise * (1.0 / len(near) + float(centre**2 / (spread @ spread)))
    trust = drift / (drift + doubt) if drift > 0.0 else 0.0
    return float(array.mean()) + trust * float(line - array.mean())


def _noise_variance(times: NDArray[np.float64], values: NDArray[np.float64]) -> float:
    """Return the variance of one run whatever the drift, from each run and the line of its
    neighbours.

    It uses the median, so that single outliers hardly change it.
    """
    before, between, after = times[:-2], times[1:-1], times[2:]
    share = (between - before) / (after - before)
    apart = values[1:-1] - (1.0 - share) * values[:-2] - share * values[2:]
    scaled = apart / np.sqrt(1.0 + share**2 + (1.0 - share) ** 2)
    return float((_MAD_TO_DEVIATION * np.median(np.abs(scaled))) ** 2)


def relative_deviation(values: Sequence[float]) -> float | None:
    """Return the relative standard deviation of runs of one configuration, whatever the drift.

    It is taken from the median of successive differences, so that neither drift nor single outliers
    change it much.  None if there are fewer than three values.
    """
    array = np.asarray(values, dtype=np.float64)
    if len(array) < 3 or not array.mean():
        return None
    steps = np.abs(np.diff(array)) / abs(float(array.mean()))
    return float(_MAD_TO_DEVIATION * np.median(steps) / np.sqrt(2.0))
