"""Observations in integers, as on a device, compared with exact rational arithmetic."""

from __future__ import annotations

from fractions import Fraction
from math import floor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlsys_rtos.config import GeneratorConfig, RtosConfig
from rlsys_rtos.ratios import ratio
from rlsys_rtos.taskset import Task, TaskSet
from rlsys_rtos.vector_env import RtosVectorEnv


@given(
    numerator=st.integers(-(10**6), 10**6),
    denominator=st.integers(1, 10**6),
    low=st.sampled_from([0.0, -1.0]),
    bits=st.integers(4, 20),
)
@settings(max_examples=500)
def test_a_ratio_is_rounded_half_up_and_clipped(numerator, denominator, low, bits):
    one = 1 << bits
    exact = floor(Fraction(numerator, denominator) * one + Fraction(1, 2))
    assert ratio(numerator, denominator, low, one) == min(max(exact, int(low) * one), one)
    assert ratio(numerator, denominator, low, 0) == pytest.approx(
        min(max(numerator / denominator, low), 1.0)
    )


@pytest.mark.parametrize(("ticks", "wanted"), [(1, 1), (-1, 0), (3, 2), (-3, -1)])
def test_halves_go_up_on_both_sides_of_zero(ticks, wanted):
    assert ratio(ticks, 2 * 16, -1.0, 16) == wanted


@pytest.mark.parametrize("observation", ["basic", "full", "items"])
@pytest.mark.parametrize("bits", [4, 10, 16])
def test_integers_are_the_rounded_observation(observation, bits):
    """With periods below 2 ** (23 - bits) rounding a float32 twice cannot differ."""
    generator = GeneratorConfig(execution_fraction=0.5)
    config = RtosConfig(observation=observation, generator=generator, idle="always-allowed")
    env = RtosVectorEnv(config, 32)
    observations, _ = env.reset(seed=3)
    rng = np.random.default_rng(0)
    seen = set()
    for _ in range(150):
        fixed = env.fixed_point_observations(bits)
        assert fixed.dtype == np.int64
        assert fixed.shape == observations.shape
        rounded = np.floor(observations.astype(np.float64) * 2**bits + 0.5)
        np.testing.assert_array_equal(fixed, rounded)
        seen.update(np.unique(fixed).tolist())
        masks = env.action_masks()
        actions = np.array([rng.choice(np.flatnonzero(mask)) for mask in masks])
        observations, *_ = env.step(actions)
    assert len(seen) > 2 ** min(bits, 5) / 2


def test_long_periods_are_exact_where_a_float_is_not():
    """A third of 999,999 ticks times 2 ** 20 is beyond what a float32 keeps."""
    tasks = (Task(period=999_999, wcet=333_334), Task(period=999_998, wcet=1))
    config = RtosConfig(taskset=TaskSet(tasks=tasks, horizon=999_999))
    env = RtosVectorEnv(config, 1)
    env.reset(seed=0)
    for _ in range(100):
        env.step(np.zeros(1, np.int64))
    fixed = env.fixed_point_observations(20)[0]
    due = Fraction(999_899, 999_999) * 2**20
    left = Fraction(333_234, 333_334) * 2**20
    assert fixed[0] == floor(due + Fraction(1, 2))
    assert fixed[2] == floor(left + Fraction(1, 2))
