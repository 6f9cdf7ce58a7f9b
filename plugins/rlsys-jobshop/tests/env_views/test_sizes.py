"""Flat views have 505, 60 and 20 values for every instance, within their bounds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_shops import descriptions
from schedule_play import KINDS, play_out, seeds

from rlsys_jobshop.env.config import JobshopConfig
from rlsys_jobshop.env.vector_env import JobshopVectorEnv
from rlsys_jobshop.env.views import LAYOUTS, FlatView, observation_space
from rlsys_jobshop.instances import random_classic
from rlsys_jobshop.problem import build
from rlsys_jobshop.simulator import simulator_of

SIZES = {"full": 505, "hierarchical": 60, "compressed": 20}
SHOPS = {
    "smallest": {"random": {"jobs": [1, 1], "machines": [1, 1]}},
    "changing": {"random": {"jobs": [1, 12], "machines": [1, 30]}},
    "zero durations": {"random": {"jobs": [1, 5], "machines": [1, 5], "durations": [0, 1]}},
    "classic": {"instances": ["ft06", "la31"]},
    "flexible": {"instances": ["mk01"], "candidates": "all"},
    "toy": {"random": {"kind": "factory", "size": "toy"}, "objective": "weighted-tardiness"},
    "full": {"random": {"kind": "factory", "size": "full"}, "objective": "weighted-tardiness"},
}


@pytest.mark.parametrize("view", SIZES)
@pytest.mark.parametrize("name", SHOPS)
def test_the_size_is_the_same_for_every_instance(name, view):
    env = JobshopVectorEnv(JobshopConfig(**SHOPS[name], view=view), 2)
    generator = np.random.default_rng(0)
    space = env.single_observation_space
    assert space.shape == (SIZES[view],)
    assert env.single_action_space.n == 10
    observations, _ = env.reset(seed=0)
    for _ in range(100):
        assert observations.shape == (2, SIZES[view])
        assert all(one in space for one in observations)
        masks = env.action_masks()
        assert masks.any(axis=1).all()
        observations, *_ = env.step((generator.random(masks.shape) * masks).argmax(axis=1))


@settings(max_examples=40)
@given(
    descriptions(),
    st.sampled_from(KINDS),
    st.sampled_from(list(SIZES)),
    st.sampled_from(["makespan", "weighted-tardiness"]),
    seeds,
)
def test_values_are_within_their_bounds(description, kind, name, goal, seed):
    simulator = simulator_of([build(description)], kind, 10)
    view, space = FlatView(name, simulator, goal), observation_space(name, 10)

    def check():
        view.look()
        assert view.observe()[0] in space

    play_out(simulator, np.random.default_rng(seed), check)
    check()


def test_more_machines_than_fit_are_left_out_or_grouped():
    instance = random_classic(1, 200, np.random.default_rng(0), 1, 99)
    simulator = simulator_of([instance], "active", 10)
    view = FlatView("full", simulator, "makespan")
    view.look()
    first = [value.name for value in LAYOUTS["full"].values()].index("place 0: free")
    loads = view.observe()[0, first + 1 : first + 3 * 152 : 3]
    rest = simulator.makespan_bounds()[0]
    durations = np.sort(instance.duration)[::-1][:152]
    np.testing.assert_allclose(np.sort(loads)[::-1], durations / rest, rtol=1e-5)
    groups = FlatView("hierarchical", simulator, "makespan")
    groups.look()
    means = groups.observe()[0, 11:51:4]
    assert (np.diff(means) <= 0).all()
    np.testing.assert_allclose(means.sum() * 20, instance.duration.sum() / rest, rtol=1e-5)


def test_every_value_has_a_name_of_its_own():
    for view, size in SIZES.items():
        names = [value.name for value in LAYOUTS[view].values()]
        assert len(names) == len(set(names)) == size == LAYOUTS[view].size
