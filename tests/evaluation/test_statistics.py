"""Summaries, paired differences, "better" and the closed gap; test_intervals.py has intervals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from rlsys.errors import UserError
from rlsys.evaluation.statistics import (
    Summary,
    better,
    gap_closed,
    interquartile_mean,
    paired_difference,
    summarise,
)

reasonable = st.floats(-1e6, 1e6)


@given(st.lists(reasonable, min_size=1, max_size=40))
def test_interquartile_mean_is_scipys_trimmed_mean(values):
    assert interquartile_mean(values) == pytest.approx(stats.trim_mean(values, 0.25), abs=1e-6)


def test_a_summary_of_many_episodes_agrees_with_scipys_bootstrap():
    """Of a skewed sample: BCa, too, moves the interval to the long tail."""
    sample = np.random.default_rng(1).gamma(2.0, 10.0, size=200)
    reference = stats.bootstrap(
        (sample,), np.mean, method="BCa", n_resamples=20_000, random_state=2
    ).confidence_interval
    summary = summarise(sample)
    width = reference.high - reference.low
    assert summary.n == 200
    assert summary.mean == pytest.approx(sample.mean())
    assert summary.low == pytest.approx(reference.low, abs=0.05 * width)
    assert summary.high == pytest.approx(reference.high, abs=0.05 * width)


def test_cells_are_not_taken_as_independent():
    """All cells as one sample would cover half of the time here: 10 trainings, 30 episodes."""
    rng = np.random.default_rng(4)
    seeds, episodes = rng.normal(0, 0.5, size=(300, 10, 1)), rng.normal(0, 2.0, size=(300, 1, 30))
    results = 5.0 + seeds + episodes + rng.normal(0, 0.5, size=(300, 10, 30))
    crossed = [summarise(matrix) for matrix in results]
    pooled = [summarise(matrix.ravel()) for matrix in results]
    assert np.mean([s.low <= 5.0 <= s.high for s in crossed]) >= 0.92
    assert np.mean([s.low <= 5.0 <= s.high for s in pooled]) <= 0.70


def test_training_seeds_that_disagree_widen_the_interval():
    episodes = np.random.default_rng(5).normal(size=50)
    agreeing = summarise(np.tile(episodes, (5, 1)))
    disagreeing = summarise(np.arange(5.0)[:, None] - 2 + episodes)
    assert agreeing.mean == pytest.approx(disagreeing.mean)
    assert disagreeing.high - disagreeing.low > 3 * (agreeing.high - agreeing.low)
    assert agreeing.n == disagreeing.n == 250


def test_one_row_is_one_sample():
    values = np.random.default_rng(6).normal(size=20)
    assert summarise(values[None]) == summarise(values)


@given(reasonable, st.integers(1, 7), st.integers(1, 4))
def test_equal_values_have_an_interval_of_no_width(value, episodes, seeds):
    summary = summarise(np.full((seeds, episodes), value))
    assert summary.low == summary.high == value


def test_the_same_values_give_the_same_summary():
    matrix = np.random.default_rng(7).exponential(size=(3, 50))
    assert summarise(matrix) == summarise(matrix.copy())


def test_pairing_sees_what_unpaired_intervals_hide():
    luck = np.random.default_rng(8).normal(0, 100, size=80)
    a, b = luck + 1.0, luck
    assert summarise(a).low < summarise(b).high
    difference = paired_difference(a, b)
    assert better(difference, "higher")
    assert not better(difference, "lower")
    assert better(paired_difference(b, a), "lower")
    assert not better(difference, "neither")


def test_a_baseline_is_paired_with_every_training_seed():
    rng = np.random.default_rng(9)
    learned, baseline = rng.normal(size=(4, 30)), rng.normal(size=30)
    expected = summarise(learned - np.tile(baseline, (4, 1)))
    assert paired_difference(learned, baseline) == expected
    assert paired_difference(learned, np.tile(baseline, (4, 1))) == expected


def test_no_difference_is_not_better_even_after_rounding():
    values = np.full(10, 0.1 + 0.2)
    assert 0.1 + 0.2 > 0.3
    difference = paired_difference(values, np.full(10, 0.3))
    assert difference == Summary(10, 0.0, 0.0, 0.0, 0.0)
    assert not better(difference, "higher")


def test_an_interval_that_holds_zero_is_not_better():
    noise = np.random.default_rng(10).normal(size=50)
    difference = paired_difference(noise - noise.mean() + 0.01, np.zeros(50))
    assert difference.mean > 0
    assert not better(difference, "higher")


def test_results_that_do_not_pair_are_refused():
    with pytest.raises(ValueError, match="do not pair"):
        paired_difference(np.zeros((2, 5)), np.zeros(2))
    with pytest.raises(ValueError, match="do not pair"):
        paired_difference(np.zeros(5), np.zeros((2, 5)))


@pytest.mark.parametrize("values", [[], np.zeros((2, 2, 2)), 1.0])
def test_shapes_without_meaning_are_refused(values):
    with pytest.raises(ValueError, match=r"\(seeds, episodes\)"):
        summarise(values)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_values_that_are_no_numbers_are_refused(bad):
    with pytest.raises(UserError, match="1 of 3 results"):
        summarise([1.0, bad, 2.0])


@pytest.mark.parametrize(
    ("learned", "reference", "optimum", "share"),
    [
        (50.0, 50.0, 75.0, 0.0),
        (75.0, 50.0, 75.0, 1.0),
        (70.0, 50.0, 75.0, 0.8),
        (40.0, 50.0, 75.0, -0.4),
        (3.0, 9.0, 1.0, 0.75),  # lower is better
    ],
)
def test_closed_share_of_the_gap(learned, reference, optimum, share):
    """Where nothing is random, its interval has no width."""
    closed = gap_closed(*(np.full(7, value) for value in (learned, reference, optimum)))
    assert closed.share == closed.low == closed.high == pytest.approx(share)


def test_no_gap_has_no_share():
    assert gap_closed([1.0], [0.1 + 0.2], [0.3]) is None
    assert gap_closed([1.0, 2.0], [5.0, 5.0], [5.0, 5.0]) is None


def test_the_interval_of_the_share_on_a_fixed_episode_is_that_of_the_trainings():
    rewards = np.array([74.15, 74.15, 74.10, 74.05, 74.05])
    shares = (rewards - 69.35) / (75.05 - 69.35)
    wanted = stats.t.interval(0.95, 4, shares.mean(), stats.sem(shares))
    closed = gap_closed(np.tile(rewards[:, None], 100), np.full(100, 69.35), np.full(100, 75.05))
    assert (closed.low, closed.high) == pytest.approx(wanted)


def test_the_interval_of_the_share_is_that_of_fieller_where_the_gap_is_large():
    """Fieller (1954): the shares for which the mean of (gained - share gap) may be 0."""
    rng = np.random.default_rng(12)
    reference, gap = rng.normal(50, 9, size=200), rng.normal(10, 3, size=200)
    learned = reference + 0.7 * gap + rng.normal(0, 2, size=200)
    closed = gap_closed(learned, reference, reference + gap)
    gained, t = learned - reference, stats.t.ppf(0.975, 199)
    covariance = np.cov(gained, gap) / 200
    a = gap.mean() ** 2 - t**2 * covariance[1, 1]
    b = -2 * (gained.mean() * gap.mean() - t**2 * covariance[0, 1])
    c = gained.mean() ** 2 - t**2 * covariance[0, 0]
    assert [closed.low, closed.high] == pytest.approx(sorted(np.roots([a, b, c])), abs=0.003)
    assert closed.share == pytest.approx(gained.mean() / gap.mean())
    mirrored = gap_closed(-learned, -reference, -reference - gap)
    assert (mirrored.low, mirrored.high) == pytest.approx((closed.low, closed.high))


def test_a_gap_that_the_episodes_do_not_show_leaves_the_share_without_an_interval():
    reference, optimum = [1.0, 2.0, 3.0, 4.0], [1.5, 1.8, 3.1, 3.9]
    closed = gap_closed([1.2, 1.9, 3.0, 4.0], reference, optimum)
    assert closed.share == pytest.approx(0.1 / 0.3)
    assert (closed.low, closed.high) == (None, None)


def test_a_share_needs_results_of_the_same_episodes():
    with pytest.raises(ValueError, match="do not pair"):
        gap_closed(np.zeros((2, 5)), np.zeros(5), np.ones(4))
