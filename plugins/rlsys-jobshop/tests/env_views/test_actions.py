"""Action k schedules the candidate that slot k describes, whoever chooses it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_shops import descriptions
from schedule_play import KINDS, random_step, seeds, times_of

from rlsys_jobshop.env.config import JobshopConfig
from rlsys_jobshop.env.oracle import JobshopOracle
from rlsys_jobshop.env.rules import rule
from rlsys_jobshop.env.vector_env import JobshopVectorEnv
from rlsys_jobshop.env.views import LAYOUTS, FlatView
from rlsys_jobshop.problem import build
from rlsys_jobshop.rules import RULES
from rlsys_jobshop.simulator import simulator_of

SHOPS = {
    "classic": {"random": {"jobs": [6, 12], "machines": [3, 6]}, "candidates": "all"},
    "flexible": {"instances": ["mk01"], "candidates": "all"},
    "factory": {"random": {"kind": "factory", "size": "toy"}},
}
SLOTS = LAYOUTS["full"].size - 40


def environment(name, view="full", copies=3, **more):
    return JobshopVectorEnv(JobshopConfig(**SHOPS[name], view=view, **more), copies)


def random_actions(env, generator):
    return generator.integers(env.action_masks().sum(axis=1))


@pytest.mark.parametrize("name", SHOPS)
def test_the_chosen_slot_says_when_the_operation_starts_and_how_long_it_takes(name):
    env, generator = environment(name), np.random.default_rng(0)
    observations, _ = env.reset(seed=0)
    moved = 0
    for _ in range(150):
        simulator, actions = env.simulator, random_actions(env, generator)
        moved += (env.view.positions(actions) != actions).sum()
        own = simulator.batch.copies.copy()
        soonest = [min(times_of(simulator, copy))[0] for copy in env.copies]
        before = [simulator.schedule(copy) for copy in env.copies]
        slots = observations[:, SLOTS:].reshape(3, 10, 4)[env.copies, actions]
        observations, _, ended, _, _ = env.step(actions)
        for copy in env.copies:
            after = env.final_schedules[copy] if ended[copy] else simulator.schedule(copy)
            (new,) = np.flatnonzero((after.mode >= 0) & (before[copy].mode < 0))
            start = (after.start[new] - soonest[copy]) / own["scale"][copy]
            duration = after.instance.duration[after.mode[new]] / own["scale"][copy]
            np.testing.assert_allclose(slots[copy, 0], min(start, 8.0), rtol=1e-5)
            np.testing.assert_allclose(slots[copy, 1], min(duration, 8.0), rtol=1e-5)
    assert moved > 0, "the order was never another than the simulator's"


@settings(max_examples=40)
@given(descriptions(), st.sampled_from(KINDS), st.integers(1, 10), seeds)
def test_slots_are_a_permutation_sorted_by_start_and_end(description, kind, width, seed):
    instance = build(description)
    simulator, generator = simulator_of([instance] * 2, kind, width), np.random.default_rng(seed)
    view = FlatView("compressed", simulator, "makespan")
    while simulator.count.any():
        view.look()
        for copy in range(2):
            count = simulator.count[copy]
            assert sorted(view.order[copy].tolist()) == list(range(width))
            times = times_of(simulator, copy)
            expected = sorted(range(count), key=times.__getitem__)
            assert view.order[copy, :count].tolist() == expected
        for slot in range(width):
            actions = np.full(2, slot)
            np.testing.assert_array_equal(view.actions(view.positions(actions)), actions)
        random_step(simulator, generator)


def test_a_masked_number_stands_for_the_last_slot():
    one, other = environment("classic"), environment("classic")
    one.reset(seed=3)
    other.reset(seed=3)
    for _ in range(40):
        last = one.action_masks().sum(axis=1) - 1
        beyond, *_ = one.step(np.full(3, 9))
        within, *_ = other.step(last)
        np.testing.assert_array_equal(beyond, within)


@pytest.mark.parametrize("view", LAYOUTS)
def test_a_saved_state_goes_on_with_the_same_order(view):
    env, generator = environment("flexible", view), np.random.default_rng(1)
    env.reset(seed=0)
    for _ in range(30):
        env.step(random_actions(env, generator))
    state, later = env.get_state(), environment("flexible", view)
    later.set_state(state)
    for _ in range(60):
        actions = random_actions(env, generator)
        for one, two in zip(env.step(actions)[:4], later.step(actions)[:4], strict=True):
            np.testing.assert_array_equal(one, two)


def episode(name, view, controller_of):
    """Metrics of the first episode of each copy."""
    env = environment(name, view, width=10, reference_effort=50)
    observations, _ = env.reset(seed=5)
    controller = controller_of(env.config)
    controller.reset(env)
    found = [None] * 3
    while None in found:
        actions = controller.act(env, observations)
        assert env.action_masks()[env.copies, actions].all()
        observations, _, ended, _, infos = env.step(actions)
        for copy in np.flatnonzero(ended):
            metrics = {key: value[copy] for key, value in infos["final_info"].items()}
            found[copy] = found[copy] or metrics
    return found


@pytest.mark.parametrize("name", SHOPS)
@pytest.mark.parametrize("controller", [*RULES, "best-found"])
def test_baselines_and_oracle_do_the_same_in_every_view(name, controller):
    def controller_of(config):
        return JobshopOracle(config) if controller == "best-found" else rule(config, controller)

    assert episode(name, "compressed", controller_of) == episode(name, "candidates", controller_of)
