"""Random classic and flexible instances: their distribution, and a seed repeats them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from rlsys.errors import UserError
from rlsys_jobshop.instances import (
    random_classic,
    random_classic_arrays,
    random_flexible,
    random_hurink,
)

SEEDS = st.integers(0, 2**32)


def drawn(seed=0):
    return np.random.default_rng(seed)


def modes_per_operation(instance):
    return np.diff(instance.mode_first)


@settings(max_examples=50, deadline=None)
@given(SEEDS, st.integers(1, 6), st.integers(1, 7), st.integers(1, 7))
def test_random_classic_arrays_are_permutations_and_durations_in_range(seed, count, jobs, machines):
    orders, durations = random_classic_arrays(count, jobs, machines, drawn(seed), low=3, high=5)
    assert orders.dtype == durations.dtype == np.int64
    assert orders.shape == durations.shape == (count, jobs, machines)
    assert (np.sort(orders, axis=2) == np.arange(machines)).all()
    assert durations.min() >= 3
    assert durations.max() <= 5


def test_every_order_and_every_duration_is_equally_likely():
    orders, durations = random_classic_arrays(1000, 6, 3, drawn())
    codes = (orders @ np.array([9, 3, 1])).ravel()
    counts = np.unique(codes, return_counts=True)[1]
    assert len(counts) == 6
    assert stats.chisquare(counts).pvalue > 1e-4
    counts = np.bincount(durations.ravel(), minlength=100)
    assert counts[0] == 0
    assert len(counts) == 100
    assert stats.chisquare(counts[1:]).pvalue > 1e-4


def test_jobs_of_a_batch_differ():
    orders, durations = random_classic_arrays(50, 10, 10, drawn())
    for array in (orders, durations):
        assert len(np.unique(array.reshape(500, 10), axis=0)) > 495


@settings(max_examples=25, deadline=None)
@given(SEEDS, st.integers(1, 7), st.integers(1, 7))
def test_random_classic_is_the_first_of_a_batch_of_one(seed, jobs, machines):
    instance = random_classic(jobs, machines, drawn(seed))
    orders, durations = random_classic_arrays(1, jobs, machines, drawn(seed))
    assert instance.is_classic
    assert (instance.jobs, instance.machines) == (jobs, machines)
    np.testing.assert_array_equal(instance.mode_machines, orders.ravel())
    np.testing.assert_array_equal(instance.duration, durations.ravel())


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.integers(1, 8), st.integers(4, 8), st.sampled_from([0.0, 0.3, 1.0]))
def test_random_flexible_keeps_to_its_ranges(seed, jobs, machines, spread):
    instance = random_flexible(jobs, machines, (2, 5), (2, 4), spread, drawn(seed), low=5, high=20)
    again = random_flexible(jobs, machines, (2, 5), (2, 4), spread, drawn(seed), low=5, high=20)
    assert instance.description == again.description
    assert instance.is_flexible_only
    assert instance.jobs == jobs
    assert instance.machines == machines
    assert set(np.diff(instance.job_first)) <= set(range(2, 6))
    assert set(modes_per_operation(instance)) <= set(range(2, 5))
    assert instance.duration.min() >= 5
    assert instance.duration.max() <= 20
    if spread == 0:
        for first, last in zip(instance.mode_first, instance.mode_first[1:], strict=False):
            assert len(set(instance.duration[first:last])) == 1


def test_spread_1_draws_each_machine_s_duration_on_its_own():
    """So two machines of one operation have unrelated durations; spread 0.5 relates them."""
    related = []
    for spread in (1.0, 0.5):
        instance = random_flexible(300, 5, (5, 5), (2, 2), spread, drawn())
        pairs = instance.duration.reshape(-1, 2)
        related.append(np.corrcoef(pairs.T)[0, 1])
    assert abs(related[0]) < 0.1
    assert related[1] == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize(
    ("kind", "mean", "most"), [("edata", 1.15, 2), ("rdata", 2.0, 3), ("vdata", 5.0, 10)]
)
def test_hurink_s_kinds_have_the_published_number_of_machines(kind, mean, most):
    """Hurink, Jurisch and Thole, 1994, table of data sets: 1.15, 2 and half of the machines."""
    instance = random_hurink(kind, 60, 10, drawn())
    counts = modes_per_operation(instance)
    assert counts.mean() == pytest.approx(mean, rel=0.06)
    assert counts.min() >= 1
    assert counts.max() <= most
    assert instance.is_flexible_only


@settings(max_examples=30, deadline=None)
@given(SEEDS, st.sampled_from(["edata", "rdata", "vdata"]), st.integers(1, 5), st.integers(1, 6))
def test_hurink_s_kinds_add_machines_to_a_classic_instance(seed, kind, jobs, machines):
    instance = random_hurink(kind, jobs, machines, drawn(seed))
    base = random_classic(jobs, machines, drawn(seed))
    for operation in range(base.operations):
        modes = slice(instance.mode_first[operation], instance.mode_first[operation + 1])
        assert base.mode_machines[operation] in instance.mode_machines[modes]
        assert set(instance.duration[modes]) == {base.duration[operation]}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda g: random_classic(0, 3, g), "jobs: 0 is not allowed; give at least 1"),
        (lambda g: random_classic(3, -1, g), "machines: -1 is not allowed"),
        (lambda g: random_classic(3, 3, g, 9, 8), "durations: 9 to 8 is not allowed"),
        (lambda g: random_classic(3, 3, g, -1, 8), "durations: -1 to 8 is not allowed"),
        (lambda g: random_classic_arrays(0, 3, 3, g), "count: 0 is not allowed"),
        (lambda g: random_flexible(3, 3, (0, 2), (1, 2), 0, g), "operations: 0 to 2"),
        (lambda g: random_flexible(3, 3, (1, 2), (1, 4), 0, g), "alternatives: 1 to 4.*1 to 3"),
        (lambda g: random_flexible(3, 3, (1, 2), (1, 2), 1.5, g), "spread: 1.5"),
        (lambda g: random_flexible(3, 3, (1, 2), (1, 2), np.nan, g), "spread: nan"),
        (lambda g: random_hurink("wdata", 3, 3, g), "kind: there is no 'wdata' .did you mean"),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_one_line(make, message):
    with pytest.raises(UserError, match=message) as caught:
        make(drawn())
    assert "\n" not in str(caught.value)
