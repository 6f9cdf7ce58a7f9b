"""Copies do not touch one another, slots grow, and decisions can be repeated."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_shops import descriptions
from schedule_play import KINDS, offered, play_out, random_step, roomy, seeds

from rlsys_jobshop.checking import violations
from rlsys_jobshop.instances import classic, factory
from rlsys_jobshop.problem import build
from rlsys_jobshop.simulator import Capacity, Simulator, simulator_of

SHOPS = ("ft06", "mk01", "la01", "toy factory")


def instances():
    return [
        build(factory("toy", np.random.default_rng(5))) if name == "toy factory" else classic(name)
        for name in SHOPS
    ]


def state(simulator, copy):
    """All that can be seen of one copy."""
    schedule = simulator.schedule(copy)
    decided = schedule.mode >= 0
    return (
        schedule.mode.tolist(),
        [column[decided].tolist() for column in (schedule.start, schedule.end, schedule.rank)],
        offered(simulator, copy),
        simulator.features()[copy, : simulator.count[copy]].tolist(),
        simulator.makespan_bounds()[copy],
        simulator.tardiness_bounds()[copy],
    )


@settings(max_examples=20)
@given(st.lists(descriptions(), min_size=2, max_size=3), st.sampled_from(KINDS), seeds)
def test_many_copies_do_what_each_does_alone(given_shops, kind, seed):
    shops = [build(description) for description in given_shops]
    together, alone = roomy(shops, kind), [roomy([shop], kind) for shop in shops]
    generator = np.random.default_rng(seed)
    while together.count.any():
        choice = generator.integers(np.maximum(together.count, 1))
        together.step(choice)
        for copy, single in enumerate(alone):
            single.step(choice[copy : copy + 1])
            assert state(together, copy) == state(single, 0)


def test_a_finished_copy_waits_for_the_others():
    simulator = roomy([classic("ft06"), classic("ft10")])
    small, large = play_out(simulator, np.random.default_rng(0))
    for schedule in (small, large):
        assert violations(schedule.instance, schedule.entries()) == []


def test_a_larger_instance_moves_the_schedules_under_construction():
    shops = instances()
    small, undisturbed = Simulator(4, Capacity.of(shops[:1]), width=40), roomy(shops[:1])
    small.start(0, shops[0])
    for choice in (0, 1, 0, 0, 2):
        small.step(np.array([choice, 0, 0, 0]))
        undisturbed.step(np.array([choice]))
    for copy in (3, 1, 2):
        before = small.capacity
        small.start(copy, shops[copy])
        assert small.capacity.holds(before)
        assert small.capacity.holds(Capacity.of([shops[copy]]))
        assert state(small, 0) == state(undisturbed, 0)
    for schedule in play_out(small, np.random.default_rng(1)):
        assert violations(schedule.instance, schedule.entries()) == []


def test_a_growing_simulator_and_one_that_was_large_enough_do_the_same():
    shops, generator = instances(), np.random.default_rng(2)
    growing, large = (
        Simulator(2, Capacity.of(shops[:1]), width=40),
        Simulator(2, Capacity.of(shops), width=40),
    )
    for copy, shop in ((0, 0), (1, 0), (1, 1), (0, 2), (1, 3), (0, 0)):
        for simulator in (growing, large):
            simulator.start(copy, shops[shop])
        for _ in range(4):
            choice = generator.integers(np.maximum(growing.count, 1))
            for simulator in (growing, large):
                simulator.step(choice)
            for one in range(2):
                if growing.instances[one] is not None:
                    assert state(growing, one) == state(large, one)


@settings(max_examples=20)
@given(descriptions(), st.sampled_from(KINDS), seeds, st.integers(0, 9))
def test_repeated_decisions_give_the_same_schedule(description, kind, seed, steps):
    instance, generator = build(description), np.random.default_rng(seed)
    first, second = roomy([instance], kind), roomy([classic("ft06"), instance, instance], kind)
    for _ in range(steps):
        random_step(first, generator)
    second.repeat(1, first.decisions(0))
    assert state(second, 1) == state(first, 0)
    assert second.decisions(2).size == second.decisions(0).size == 0


def test_a_restart_forgets_one_schedule_and_keeps_the_others():
    simulator, fresh = roomy(instances()), roomy(instances())
    for _ in range(5):
        random_step(simulator, np.random.default_rng(0))
    kept = state(simulator, 0)
    simulator.restart(np.array([3, 1]))
    assert [state(simulator, copy) for copy in (0, 1, 3)] == [
        kept,
        state(fresh, 1),
        state(fresh, 3),
    ]


def test_a_schedule_that_was_given_out_does_not_change_any_more():
    simulator = simulator_of([classic("ft06")])
    (schedule,) = play_out(simulator, np.random.default_rng(0))
    before = schedule.entries()
    simulator.restart(np.array([0]))
    play_out(simulator, np.random.default_rng(1))
    assert schedule.entries() == before


def test_a_copy_without_instance_has_no_schedule():
    with pytest.raises(ValueError, match="copy 1 has no instance yet"):
        Simulator(2, Capacity.of([classic("ft06")])).schedule(1)
