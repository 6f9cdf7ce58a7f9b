"""Running mean and variance against those of all the data at once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlsys.agents.roles.running_moments import CLIP, RunningMoments


@given(st.lists(st.integers(1, 20), min_size=1, max_size=8), st.integers(0, 2**32 - 1))
@settings(max_examples=50, deadline=None)
def test_batches_add_up_to_the_moments_of_everything(sizes, seed):
    generator = np.random.default_rng(seed)
    batches = [generator.normal(3.0, 50.0, (size, 2)).astype(np.float32) for size in sizes]
    moments = RunningMoments((2,))
    for batch in batches:
        moments.update(batch)
    everything = np.concatenate(batches).astype(np.float64)
    np.testing.assert_allclose(moments.mean, everything.mean(axis=0), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(moments.var, everything.var(axis=0), rtol=1e-9, atol=1e-9)


def test_what_came_before_counts_less_by_the_memory():
    moments = RunningMoments((), memory=0.5)
    batches = [np.array([0.0, 2.0]), np.array([10.0, 14.0]), np.array([3.0])]
    for batch in batches:
        moments.update(batch)
    everything = np.concatenate(batches)
    weights = np.array([0.25, 0.25, 0.5, 0.5, 1.0])
    mean = np.average(everything, weights=weights)
    assert moments.mean == pytest.approx(mean)
    assert moments.var == pytest.approx(np.average((everything - mean) ** 2, weights=weights))


def test_a_value_that_has_been_constant_is_shifted_and_not_blown_up():
    moments = RunningMoments((2,))
    seen = np.full((1000, 2), [6e9, 0.1], np.float32)
    seen[:, 1] += np.linspace(0, 1, 1000, dtype=np.float32)
    moments.update(seen)
    shown = moments.transform()(seen)
    assert (shown[:, 0] == 0).all()
    assert shown[:, 1].std() == pytest.approx(1.0, abs=1e-3)
    assert moments.transform()(seen * 1000).max() == CLIP
