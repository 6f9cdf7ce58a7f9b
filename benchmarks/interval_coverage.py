"""How often a 95 % interval holds the true value: simulated, for ours and two others.

Results are Y_ij = m + a_i + b_j + e_ij, with the luck of a training, of an episode and the rest, as
in `rlsys.evaluation.intervals`. A cell says in percent how often the interval of the mean holds m
and, behind the stroke, how often it lies above m: that is how often "better" is said of paired
differences where there is no effect. The aims are 95 and 2.5.

- rlsys: Student's t for trainings, t corrected for skewness for episodes, added in squares
- Satterthwaite: one t with approximate degrees of freedom for (MSA + MSB - MSE) / (R C)
- bootstrap: percentiles of the pigeonhole bootstrap (Owen, 2007), 1,000 resamples

    python benchmarks/interval_coverage.py          # some minutes
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from rlsys.evaluation.intervals import mean_intervals, share_intervals

Floats = NDArray[np.float64]
Interval = tuple[Floats, Floats]
TRAININGS = (1, 2, 3, 5, 10)
EPISODES = (100, 10)
RESAMPLES = 1_000
REPLICATIONS_PER_CHUNK = 500


class Luck(NamedTuple):
    """Standard deviations, and the distribution of episodes; the others are normal."""

    trainings: float
    episodes: float
    rest: float
    shape: str = "normal"


LUCKS = (
    Luck(0, 0, 1),
    Luck(0, 1, 0),
    Luck(1, 0, 0),
    Luck(0, 1, 1),
    Luck(0.1, 0, 1),
    Luck(0.1, 1, 0.3),
    Luck(0.3, 1, 1),
    Luck(1, 1, 1),
    Luck(3, 1, 1),
    Luck(0.1, 1, 0.3, "exponential"),
    Luck(0.1, 1, 0.3, "minus exponential"),
    Luck(0.1, 1, 0.3, "minus log-normal"),
)


def episodes_of(rng: np.random.Generator, shape: str, size: tuple[int, ...]) -> Floats:
    """Return draws with mean 0; their standard deviation is 1, that of the log-normal 2.2."""
    match shape:
        case "normal":
            return rng.normal(size=size)
        case "exponential":
            return rng.exponential(size=size) - 1.0
        case "minus exponential":
            return 1.0 - rng.exponential(size=size)
        case _:
            return math.exp(0.5) - rng.lognormal(size=size)


def drawn(rng: np.random.Generator, luck: Luck, count: int, trainings: int, cells: int) -> Floats:
    """Return `count` matrices of results whose true mean is 0, (count, trainings, episodes).

    A single training has no luck: an interval says nothing about other trainings.
    """
    results = luck.episodes * episodes_of(rng, luck.shape, (count, 1, cells))
    results = results + luck.rest * rng.normal(size=(count, trainings, cells))
    if trainings > 1:
        results += luck.trainings * rng.normal(size=(count, trainings, 1))
    return results


def ours(results: Floats) -> Interval:
    """Return the intervals of `rlsys.evaluation`."""
    _, low, high = mean_intervals(results)
    return low, high


def satterthwaite(results: Floats) -> Interval:
    """Return Student's intervals with Satterthwaite's degrees of freedom."""
    trainings, episodes = results.shape[-2:]
    mean = results.mean(axis=(-2, -1), keepdims=True)
    rows = results.mean(axis=-1, keepdims=True) - mean
    columns = results.mean(axis=-2, keepdims=True) - mean
    per_column = trainings * (columns**2).sum(axis=(-2, -1)) / (episodes - 1)
    if trainings == 1:
        squares, freedom = per_column, np.full(len(results), episodes - 1.0)
    else:
        both = (trainings - 1) * (episodes - 1)
        per_row = episodes * (rows**2).sum(axis=(-2, -1)) / (trainings - 1)
        rest = ((results - mean - rows - columns) ** 2).sum(axis=(-2, -1)) / both
        squares = np.maximum(per_row + per_column - rest, 1e-300)
        freedom = squares**2 / (
            per_row**2 / (trainings - 1) + per_column**2 / (episodes - 1) + rest**2 / both
        )
    half = stats.t.ppf(0.975, np.maximum(freedom, 1.0)) * np.sqrt(squares / trainings / episodes)
    return mean[:, 0, 0] - half, mean[:, 0, 0] + half


def bootstrap(results: Floats) -> Interval:
    """Return percentile intervals; all results are resampled alike."""
    rng = np.random.default_rng(1)
    count, trainings, episodes = results.shape
    rows = rng.multinomial(trainings, np.full(trainings, 1 / trainings), RESAMPLES) / trainings
    columns = rng.multinomial(episodes, np.full(episodes, 1 / episodes), RESAMPLES) / episodes
    by_row = (results.reshape(-1, episodes) @ columns.T).reshape(count, trainings, RESAMPLES)
    low, high = np.quantile((by_row * rows.T).sum(axis=1), (0.025, 0.975), axis=-1)
    return low, high


METHODS: dict[str, Callable[[Floats], Interval]] = {
    "rlsys": ours,
    "Satterthwaite": satterthwaite,
    "bootstrap": bootstrap,
}


def said(low: Floats, high: Floats, truth: float) -> str:
    """Return how often an interval holds the truth, and how often it lies above, in percent."""
    holds, above = np.mean((low <= truth) & (truth <= high)), np.mean(low > truth)
    return f"{100 * holds:.1f} / {100 * above:.1f}"


def means(method: str, episodes: int, replications: int) -> None:
    """Print the table of means of one method."""
    print(f"\n{method}, {episodes} episodes, by number of trainings\n")
    print(f"| trainings | episodes | rest | {' | '.join(map(str, TRAININGS))} |")
    print(f"|--:|--:|--:|{'--:|' * len(TRAININGS)}")
    for luck in LUCKS:
        cells = []
        for trainings in TRAININGS:
            rng = np.random.default_rng(episodes + trainings)
            found: list[Interval] = []
            for begin in range(0, replications, REPLICATIONS_PER_CHUNK):
                count = min(REPLICATIONS_PER_CHUNK, replications - begin)
                found.append(METHODS[method](drawn(rng, luck, count, trainings, episodes)))
            low, high = (np.concatenate(ends) for ends in zip(*found, strict=True))
            cells.append(said(low, high, 0.0))
        shape = "" if luck.shape == "normal" else f", {luck.shape}"
        spread = f"{luck.trainings:g} | {luck.episodes:g}{shape} | {luck.rest:g}"
        print(f"| {spread} | {' | '.join(cells)} |", flush=True)


def shares(episodes: int, replications: int) -> None:
    """Print the table of the share of a gap that is closed, whose true value is 0.8."""
    print(f"\nshare of the gap closed, {episodes} episodes, by number of trainings\n")
    print(f"| gap of an episode | {' | '.join(map(str, TRAININGS))} |")
    print(f"|---|{'--:|' * len(TRAININGS)}")
    luck, truth = Luck(0.1, 0.1, 0.2), 0.8
    for shape, deviation in (("normal", 0.3), ("normal", 1.0), ("exponential", 1.0)):
        cells = []
        for trainings in TRAININGS:
            rng = np.random.default_rng(episodes + trainings)
            gap = 1 + deviation * episodes_of(rng, shape, (replications, 1, episodes))
            gained = truth * gap + drawn(rng, luck, replications, trainings, episodes)
            _, low, high = share_intervals(gained, gap)
            cells.append(said(low, high, truth))
        print(f"| 1 ± {deviation:g}, {shape} | {' | '.join(cells)} |", flush=True)


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--replications", type=int, default=10_000)
    replications = parser.parse_args().replications
    for method in METHODS:
        for episodes in EPISODES:
            means(method, episodes, replications)
    for episodes in EPISODES:
        shares(episodes, replications)


if __name__ == "__main__":
    main()
