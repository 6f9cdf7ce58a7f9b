"""Intervals against SciPy and by simulated coverage; honesty of "better"."""

from __future__ import annotations

import itertools

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


def test_interval_of_one_sample_agrees_with_scipys_percentile_bootstrap():
    sample = np.random.default_rng(1).gamma(2.0, 10.0, size=60)
    reference = stats.bootstrap(
        (sample,),
        np.mean,
        method="percentile",
        n_resamples=20_000,
        random_state=np.random.default_rng(2),
    ).confidence_interval
    summary = summarise(sample)
    width = reference.high - reference.low
    assert summary.n == 60
    assert summary.mean == pytest.approx(sample.mean())
    assert summary.low == pytest.approx(reference.low, abs=0.03 * width)
    assert summary.high == pytest.approx(reference.high, abs=0.03 * width)


def test_interval_of_a_small_matrix_agrees_with_full_enumeration():
    matrix = np.array([[1.0, 4.0, 9.0], [2.0, 3.0, 30.0]])
    means = sorted(
        matrix[np.ix_(rows, columns)].mean()
        for rows in itertools.product(range(2), repeat=2)
        for columns in itertools.product(range(3), repeat=3)
    )
    # 108 equally likely resamples; the quantiles lie on atoms of that distribution.
    low, high = np.quantile(means, (0.025, 0.975), method="inverted_cdf")
    summary = summarise(matrix)
    assert summary.low == pytest.approx(low)
    assert summary.high == pytest.approx(high)


def test_one_sample_covers_the_true_mean():
    rng = np.random.default_rng(3)
    summaries = [summarise(rng.normal(5.0, 2.0, size=40)) for _ in range(150)]
    covered = np.mean([s.low <= 5.0 <= s.high for s in summaries])
    assert 0.89 <= covered <= 0.99


def crossed_results(rng: np.random.Generator) -> np.ndarray:
    """10 training seeds on 30 shared episodes, true mean 5, most variance between episodes."""
    seeds, episodes = rng.normal(0, 0.5, size=(10, 1)), rng.normal(0, 2.0, size=(1, 30))
    return 5.0 + seeds + episodes + rng.normal(0, 0.5, size=(10, 30))


def test_two_levels_cover_the_true_mean_where_pooling_the_cells_does_not():
    rng = np.random.default_rng(4)
    results = [crossed_results(rng) for _ in range(120)]
    crossed = [summarise(matrix) for matrix in results]
    pooled = [summarise(matrix.ravel()) for matrix in results]
    assert np.mean([s.low <= 5.0 <= s.high for s in crossed]) >= 0.88
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


@given(
    st.lists(reasonable, min_size=2, max_size=20).filter(lambda v: np.ptp(v) > 1e-3),
    st.integers(1, 3),
)
def test_interval_lies_between_the_extremes_and_repeats(values, seeds):
    matrix = np.tile(values, (seeds, 1))
    summary = summarise(matrix)
    slack = 1e-9 * max(np.abs(values))
    assert min(values) - slack <= summary.low <= summary.mean + slack
    assert summary.mean - slack <= summary.high <= max(values) + slack
    assert summarise(matrix) == summary


def test_large_results_are_resampled_in_pieces(monkeypatch):
    values = np.random.default_rng(7).normal(size=(3, 50))
    whole = summarise(values)
    monkeypatch.setattr("rlsys.evaluation.statistics._CELLS_PER_CHUNK", 50 * 37)
    pieces = summarise(values)
    assert pieces.low == pytest.approx(whole.low, abs=0.03)
    assert pieces.high == pytest.approx(whole.high, abs=0.03)


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


def test_closed_share_of_the_gap():
    assert gap_closed(50.0, 50.0, 75.0) == 0.0
    assert gap_closed(75.0, 50.0, 75.0) == 1.0
    assert gap_closed(70.0, 50.0, 75.0) == pytest.approx(0.8)
    assert gap_closed(40.0, 50.0, 75.0) == pytest.approx(-0.4)
    assert gap_closed(3.0, 9.0, 1.0) == pytest.approx(0.75)  # lower is better
    assert gap_closed(1.0, 0.1 + 0.2, 0.3) is None
