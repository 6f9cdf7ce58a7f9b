"""What a configuration is worth, against numbers worked out by hand and properties."""

from __future__ import annotations

import math
import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlsys.errors import UserError
from rlsys_sysctl.measuring.scoring import (
    REFUSED,
    Weights,
    expected_at,
    outliers,
    performance,
    relative_deviation,
    score,
)

EVEN = Weights()
positive = st.floats(0.01, 1e6)


def test_a_hand_worked_score():
    found = score([1.9, 2.0, 2.1], EVEN)
    deviation = 0.1 / 2.0  # sample deviation of 1.9, 2.0, 2.1 over their mean
    assert found.performance == pytest.approx(2.0)
    assert found.stability == pytest.approx(1 - deviation)
    assert found.reward == pytest.approx(0.5 * 2.0 + 0.5 * (1 - deviation))


@given(positive, positive)
def test_twice_as_good_is_2_in_either_direction(value, factor):
    assert performance(value * factor, value, "higher") == pytest.approx(factor)
    assert performance(value, value * factor, "lower") == pytest.approx(factor)


def test_a_steadily_terrible_setting_earns_less_than_the_default_however_stable():
    default = score([1.0, 1.02, 0.98], EVEN)
    for bad in (0.2, 0.5, 0.9, 0.979):
        assert score([bad, bad, bad], EVEN).reward < default.reward
    # It is the rule about stability that does it: without it 0.98 would be ahead.
    naive = 0.5 * 0.979 + 0.5 * 1.0
    assert naive > 0.5 * default.performance + 0.5 * default.stability - 0.005


@given(st.lists(positive, min_size=1, max_size=8), st.floats(0, 5), st.floats(0, 5))
def test_stability_is_between_0_and_1_and_the_reward_is_the_weighted_sum(values, a, b):
    found = score(values, Weights(a, b))
    assert 0 <= found.stability <= 1
    earned = found.stability if found.performance >= 1 else 0.0
    assert found.reward == pytest.approx(a * statistics.fmean(values) + b * earned)


def test_refused_is_worse_than_anything_that_works():
    assert score([1e-9], EVEN).reward > REFUSED.reward


@pytest.mark.parametrize(
    ("value", "default", "direction"),
    [(1.0, 0.0, "higher"), (1.0, -1.0, "higher"), (-1.0, 1.0, "higher"), (0.0, 1.0, "lower")],
)
def test_numbers_that_make_no_ratio_are_refused(value, default, direction):
    with pytest.raises(UserError, match="must be positive"):
        performance(value, default, direction)


def test_the_outlier_is_found_and_nothing_else():
    assert outliers([1.0, 1.01, 0.99, 3.0, 1.0]) == [3]
    assert outliers([1.0, 1.0, 1.0]) == []
    assert outliers([1.0, 1.001, 1.0005]) == []  # closer than runs ever are
    assert outliers([1.0, 50.0]) == []  # which of two is odd?


def test_normal_noise_seldom_looks_like_an_outlier():
    random = np.random.default_rng(0)
    found = sum(bool(outliers(1 + 0.05 * random.standard_normal(10))) for _ in range(500))
    assert found < 100


@given(st.floats(-0.05, 0.05), st.integers(1, 9))
def test_a_linear_drift_cancels_in_the_ratio(slope, place):
    def at(time: float) -> float:
        return 100 * (1 + slope * time)

    for times in ([0.0, 10.0], [-4.0, 0.0, 10.0], [-9.0, -5.0, 0.0, 10.0, 12.0, 13.0, 20.0, 31.0]):
        default = expected_at(times, [at(time) for time in times], float(place))
        assert performance(1.3 * at(place), default, "higher") == pytest.approx(1.3)


def test_the_noise_of_single_runs_of_the_default_is_averaged_where_there_is_no_drift():
    """The mean of all would have 1 / sqrt(40), a line through the nearest six 1 / sqrt(6)."""
    random = np.random.default_rng(0)
    times = np.arange(40.0)
    errors = [expected_at(times, 100 + random.standard_normal(40), 20.5) - 100 for _ in range(2000)]
    assert np.std(errors) < 0.75 / np.sqrt(6)
    assert np.mean(errors) == pytest.approx(0, abs=0.02)


def test_a_drift_that_turns_is_followed_despite_the_noise():
    random = np.random.default_rng(0)
    times = np.arange(40.0)
    drift = 20 * np.sin(times / 40 * 2 * np.pi)
    at = 20 * np.sin(10.5 / 40 * 2 * np.pi)
    errors = [
        expected_at(times, 100 + drift + random.standard_normal(40), 10.5) - 100 - at
        for _ in range(500)
    ]
    assert np.abs(np.mean(errors)) < 1.0  # a line is 0.7 off at the crest, the mean 20
    assert np.std(errors) == pytest.approx(1 / np.sqrt(6), rel=0.15)


def test_the_deviation_of_runs_is_found_despite_a_drift():
    random = np.random.default_rng(1)
    drifting = [100 * (1 + 0.01 * i) * (1 + 0.05 * random.standard_normal()) for i in range(400)]
    assert relative_deviation(drifting) == pytest.approx(0.05, rel=0.35)
    assert np.std(drifting) / np.mean(drifting) > 0.3  # what a plain deviation would say
    assert relative_deviation([1.0, 2.0]) is None
    assert not math.isnan(relative_deviation([1.0, 1.0, 1.0]) or 0.0)
