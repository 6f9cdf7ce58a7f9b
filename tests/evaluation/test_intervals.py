"""Intervals against tables, SciPy and a worked analysis of variance, and by simulated coverage."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from rlsys.evaluation.intervals import mean_intervals, share_intervals, student_t

REPLICATIONS = 10_000
"""The standard error of a coverage of 95 % is 0.22 % then, that of 2.5 % is 0.16 %."""
CHUNK = 200
"""So many matrices stay in the processor's cache."""

Mistakes = dict[tuple[float, float, float], tuple[float, float]]


def interval(matrix: np.ndarray) -> tuple[float, float]:
    _, low, high = mean_intervals(np.asarray(matrix, dtype=np.float64))
    return float(low), float(high)


# Student's t.


@pytest.mark.parametrize(
    ("freedom", "point"),
    [(1, 12.706), (2, 4.303), (4, 2.776), (9, 2.262), (30, 2.042), (99, 1.984)],
)
def test_t_is_that_of_the_printed_tables(freedom, point):
    assert student_t(freedom) == pytest.approx(point, abs=5e-4)


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 5, 7, 8, 29, 99, 100, 1999, 100_001])
def test_t_is_scipys(freedom):
    assert student_t(freedom) == pytest.approx(stats.t.ppf(0.975, freedom), rel=1e-9)


# Exact cases.


def test_trainings_alone_have_students_interval():
    """On one fixed episode, all luck is that of the trainings."""
    of_trainings = np.array([74.15, 74.15, 74.10, 74.05, 74.05])
    wanted = stats.t.interval(0.95, 4, of_trainings.mean(), stats.sem(of_trainings))
    for episodes in (1, 2, 100):
        assert interval(np.tile(of_trainings[:, None], episodes)) == pytest.approx(wanted)


def test_symmetric_episodes_alone_have_students_interval():
    episodes = np.array([1.0, 2.0, 3.0, 5.0, 6.0, 7.0])
    wanted = stats.t.interval(0.95, 5, episodes.mean(), stats.sem(episodes))
    assert interval(episodes[None]) == pytest.approx(wanted)
    # Trainings that are all alike add nothing.
    assert interval(np.tile(episodes, (4, 1))) == pytest.approx(wanted)


def test_both_lucks_are_added_in_squares():
    """Worked by hand: 3 trainings (effects -2, 0, 2) and 4 episodes (effects -3, -1, 1, 3).

    MSA = 4 (4 + 0 + 4) / 2 = 16, MSB = 3 (9 + 1 + 1 + 9) / 3 = 20, and the rest, +-1 in a pattern
    whose rows and columns add to 0, gives MSE = 8 / 6.
    """
    rest = np.array([[1, -1, 1, -1], [-1, 1, -1, 1], [0, 0, 0, 0]])
    matrix = 10 + np.array([[-2], [0], [2]]) + np.array([-3, -1, 1, 3]) + rest
    of_trainings = 4.302653**2 * 16 / 12
    of_episodes = 3.182446**2 * (20 - 8 / 6) / 12
    half = math.sqrt(of_trainings + of_episodes)
    assert interval(matrix) == pytest.approx((10 - half, 10 + half), rel=1e-6)


def test_a_rest_that_explains_the_episodes_leaves_only_the_trainings():
    """MSB = 0 is less than MSE: the episodes then have no luck of their own."""
    matrix = np.array([[1.0, -1.0], [-1.0, 1.0], [3.0, 3.0]])
    wanted = stats.t.interval(0.95, 2, 1.0, stats.sem([0.0, 0.0, 3.0]))
    assert interval(matrix) == pytest.approx(wanted)


def test_a_long_tail_moves_its_end_by_halls_transformation():
    episodes = np.random.default_rng(1).exponential(size=40)
    n, error = 40, stats.sem(episodes)
    tilt = stats.skew(episodes) / math.sqrt(n)
    low, high = interval(episodes[None])
    # Hall (1992): t + tilt t^2 / 3 + tilt^2 t^3 / 27 + tilt / 6 has Student's distribution nearly.
    roots = np.roots([tilt**2 / 27, tilt / 3, 1, tilt / 6 + stats.t.ppf(0.975, n - 1)])
    (furthest,) = [root.real for root in roots if abs(root.imag) < 1e-9]
    assert high == pytest.approx(episodes.mean() - furthest * error)
    assert low == pytest.approx(episodes.mean() - stats.t.ppf(0.975, n - 1) * error)
    assert high - episodes.mean() > 1.1 * (episodes.mean() - low)
    mirrored = interval(-episodes[None])
    assert mirrored == pytest.approx((-high, -low))


def test_two_trainings_are_honest():
    """One degree of freedom: 12.7 standard errors."""
    low, high = interval(np.array([[1.0] * 10, [2.0] * 10]))
    assert high - low == pytest.approx(2 * 12.7062 * 0.5, rel=1e-4)


# Properties.

matrices = arrays(
    np.float64,
    st.tuples(st.integers(1, 5), st.integers(1, 9)),
    elements=st.floats(-1e6, 1e6, allow_subnormal=False),
)


@given(st.floats(-1e200, 1e200), st.integers(1, 6), st.integers(1, 9))
def test_equal_values_have_no_width(value, trainings, episodes):
    mean, low, high = mean_intervals(np.full((trainings, episodes), value))
    assert mean == low == high == value


@given(matrices)
def test_the_mean_lies_inside(matrix):
    mean, low, high = mean_intervals(matrix)
    assert low <= mean <= high
    assert mean == pytest.approx(matrix.mean())


@given(matrices, st.randoms(use_true_random=False))
def test_order_and_unit_do_not_matter(matrix, random):
    low, high = interval(matrix)
    slack = 1e-6 * (1 + np.abs(matrix).max())
    rows, columns = ([*range(size)] for size in matrix.shape)
    random.shuffle(rows)
    random.shuffle(columns)
    assert interval(matrix[np.ix_(rows, columns)]) == pytest.approx((low, high), abs=slack)
    assert interval(8.0 * matrix) == pytest.approx((8 * low, 8 * high), abs=slack)
    assert interval(-matrix) == pytest.approx((-high, -low), abs=slack)


def test_many_matrices_are_treated_one_by_one():
    stack = np.random.default_rng(2).exponential(size=(2, 3, 4, 7))
    together = mean_intervals(stack)
    for place in np.ndindex(2, 3):
        alone = [float(end) for end in mean_intervals(stack[place])]
        assert [float(ends[place]) for ends in together] == pytest.approx(alone, rel=1e-12)


# Coverage, simulated.


Luck = tuple[float, float, float]
"""Standard deviations of trainings, episodes and the rest."""

LUCKS: dict[str, Luck] = {
    "only the rest": (0.0, 0.0, 1.0),
    "no training variance": (0.0, 1.0, 1.0),
    "no training variance, no rest": (0.0, 1.0, 0.0),
    "no episode variance": (0.3, 0.0, 1.0),
    "only trainings": (1.0, 0.0, 0.0),
    "mostly episodes": (0.1, 1.0, 0.3),
    "alike": (1.0, 1.0, 1.0),
    "mostly trainings": (3.0, 1.0, 1.0),
}


def drawn(rng: np.random.Generator, shape: str, size: tuple[int, ...]) -> np.ndarray:
    """Return draws with mean 0 and standard deviation 1."""
    return rng.normal(size=size) if shape == "normal" else rng.exponential(size=size) - 1


def simulated(
    trainings: int, episodes: int, lucks: Iterable[Luck], shape: str = "normal"
) -> Iterator[dict[Luck, np.ndarray]]:
    """Yield some matrices per luck, whose true mean is 0, until there are `REPLICATIONS`.

    A single training has no luck of its own: an interval says nothing about others.
    """
    rng = np.random.default_rng(1_000 * trainings + episodes)
    for _ in range(REPLICATIONS // CHUNK):
        of_training = rng.normal(size=(CHUNK, trainings, 1)) * (trainings > 1)
        of_episode = drawn(rng, shape, (CHUNK, 1, episodes))
        rest = rng.normal(size=(CHUNK, trainings, episodes))
        yield {
            luck: luck[0] * of_training + luck[1] * of_episode + luck[2] * rest for luck in lucks
        }


def mistakes(found: Iterable[dict[Luck, tuple[np.ndarray, np.ndarray]]], truth: float) -> Mistakes:
    """Return how often the intervals lie above the truth and below it, by luck."""
    counts: dict[Luck, np.ndarray] = {}
    for chunk in found:
        for luck, (low, high) in chunk.items():
            here = np.array([(low > truth).sum(), (high < truth).sum()])
            counts[luck] = counts.get(luck, 0) + here
    return {luck: tuple(count / REPLICATIONS) for luck, count in counts.items()}


def mistakes_of_means(
    trainings: int, episodes: int, lucks: Iterable[Luck], shape: str = "normal"
) -> Mistakes:
    chunks = simulated(trainings, episodes, lucks, shape)
    ends = ({luck: mean_intervals(one)[1:] for luck, one in chunk.items()} for chunk in chunks)
    return mistakes(ends, 0.0)


@pytest.mark.parametrize("trainings", [2, 3, 5, 10])
@pytest.mark.parametrize("episodes", [10, 100])
def test_few_trainings_cover_and_better_is_rarely_said_of_nothing(trainings, episodes):
    found = mistakes_of_means(trainings, episodes, LUCKS.values())
    assert len(found) == 8
    for luck, (above, below) in found.items():
        assert 1 - above - below >= 0.94, luck
        assert max(above, below) <= 0.03, luck


@pytest.mark.parametrize(
    ("episodes", "shape", "least"),
    [(5, "normal", 0.94), (10, "normal", 0.94), (100, "normal", 0.94),
     (10, "exponential", 0.92), (60, "exponential", 0.94), (100, "exponential", 0.94)],
)  # fmt: skip
def test_one_training_covers_the_mean_of_its_episodes(episodes, shape, least):
    ((above, below),) = mistakes_of_means(1, episodes, [(0.0, 1.0, 0.3)], shape).values()
    assert 1 - above - below >= least


def test_intervals_are_not_wider_than_they_need_be():
    """Where one luck dominates, coverage is 95 %, not more: as Student's t it is exact."""
    for above, below in mistakes_of_means(5, 100, [(1, 0, 0), (0, 1, 0), (0, 0, 1)]).values():
        assert 1 - above - below <= 0.965


@pytest.mark.parametrize("trainings", [1, 3, 5])
@pytest.mark.parametrize("episodes", [10, 100])
@pytest.mark.parametrize("shape", ["normal", "exponential"])
def test_the_closed_share_is_covered(trainings, episodes, shape):
    """The gap of an episode varies by half of its mean, and the true share is 0.8."""
    rng = np.random.default_rng(episodes)

    def intervals() -> Iterator[dict[Luck, tuple[np.ndarray, np.ndarray]]]:
        for chunk in simulated(trainings, episodes, lucks):
            gap = 1 + 0.5 * drawn(rng, shape, (CHUNK, 1, episodes))
            yield {luck: share_intervals(0.8 * gap + one, gap)[1:] for luck, one in chunk.items()}

    lucks = [(0.1, 0.1, 0.2), (0.3, 0.0, 0.1), (0.0, 0.3, 0.0)]
    for luck, (above, below) in mistakes(intervals(), 0.8).items():
        assert 1 - above - below >= 0.94, luck
        assert above <= 0.03, luck
