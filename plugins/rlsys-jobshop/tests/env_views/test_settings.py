"""How the setting `view` goes together with the others."""

from __future__ import annotations

import pytest

from rlsys.agents.spaces import has_items
from rlsys.config import validate
from rlsys.errors import UserError
from rlsys_jobshop.env.config import JobshopConfig, cases
from rlsys_jobshop.env.vector_env import JobshopVectorEnv

FLAT = ("full", "hierarchical", "compressed")


def config(**given):
    return validate(JobshopConfig, {"instances": ["ft06"], **given})


def test_candidates_are_the_default_and_the_only_items():
    assert has_items(JobshopVectorEnv(config()))
    for view in FLAT:
        assert not has_items(JobshopVectorEnv(config(view=view)))


@pytest.mark.parametrize("view", FLAT)
def test_a_width_of_ones_own_limits_the_actions_and_not_the_size(view):
    env, usual = JobshopVectorEnv(config(view=view, width=4)), JobshopVectorEnv(config(view=view))
    assert env.single_action_space.n == 4
    assert env.single_observation_space == usual.single_observation_space
    assert env.reset(seed=0)[0] in env.observation_space


@pytest.mark.parametrize("view", FLAT)
def test_candidates_that_the_view_does_not_describe_cannot_be_asked_for(view):
    with pytest.raises(UserError, match=rf"width must be at most 10 in the view '{view}'.*got 11"):
        config(view=view, width=11)
    assert config(view="candidates", width=11).width == 11


def test_an_unknown_view_is_refused_with_those_that_there_are():
    with pytest.raises(UserError, match=r"candidates.*full.*hierarchical.*compressed"):
        config(view="flat")


def test_held_out_cases_have_the_same_spaces():
    given = config(view="hierarchical", held_out={"large": ["ta71"], "flexible": ["mk01"]})
    envs = [JobshopVectorEnv(case.config) for case in cases(given)]
    assert len({str(env.single_observation_space) for env in envs}) == 1
    assert {int(env.single_action_space.n) for env in envs} == {10}
