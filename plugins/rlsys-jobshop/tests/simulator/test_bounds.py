"""The bounds that rewards count from: never too high, never falling, exact at the end."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from schedule_play import KINDS, classic_shop, classic_shops, play_out, random_step, roomy, seeds

from rlsys_jobshop.checking import measure
from rlsys_jobshop.instances import best_known, classic, classic_names, factory
from rlsys_jobshop.problem import build


def bounds_along_an_episode(instance, seed, kind="active"):
    simulator, makespan, tardiness = roomy([instance], kind), [], []

    def look():
        makespan.append(simulator.makespan_bounds()[0])
        tardiness.append(simulator.tardiness_bounds()[0])

    (schedule,) = play_out(simulator, np.random.default_rng(seed), look)
    look()
    return schedule, makespan, tardiness


@settings(max_examples=60)
@given(classic_shops(least=0), seeds)
def test_in_a_classic_job_shop_the_makespan_bound_rises_to_the_makespan(instance, seed):
    schedule, bounds, _ = bounds_along_an_episode(instance, seed)
    assert bounds == sorted(bounds)
    assert bounds[-1] == schedule.makespan


@pytest.mark.parametrize("name", ["ft10", "la21", "mk01"])
@pytest.mark.parametrize("kind", KINDS)
def test_at_the_end_the_bound_is_the_makespan(name, kind):
    schedule, bounds, _ = bounds_along_an_episode(classic(name), 3, kind)
    assert bounds[-1] == pytest.approx(schedule.makespan)


def test_the_first_bound_is_no_larger_than_the_best_known_bound():
    names = [name for family in ("ft", "la", "orb", "abz", "yn") for name in classic_names(family)]
    first = roomy([classic(name) for name in names]).makespan_bounds()
    assert all(first <= [best_known(name).lower for name in names])


def test_the_first_bound_is_the_longest_job_or_the_fullest_machine():
    assert roomy([classic_shop([(0, 3), (1, 4)], [(0, 5)])]).makespan_bounds() == [8.0]
    assert roomy([classic_shop([(0, 3), (1, 6)], [(0, 5)])]).makespan_bounds() == [9.0]


@pytest.mark.parametrize("seed", range(5))
def test_in_a_factory_the_tardiness_bound_rises_to_the_weighted_tardiness(seed):
    instance = build(factory("toy", np.random.default_rng(seed)))
    schedule, _, bounds = bounds_along_an_episode(instance, seed, "all")
    assert bounds == sorted(bounds)
    assert bounds[-1] == measure(schedule).weighted_tardiness


def test_without_due_dates_nothing_is_late():
    simulator = roomy([classic("ft06")])
    random_step(simulator, np.random.default_rng(0))
    assert simulator.tardiness_bounds() == [0.0]
