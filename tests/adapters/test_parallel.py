"""An environment with roles as a PettingZoo `ParallelEnv`: the same episodes, agent by agent."""

from __future__ import annotations

import importlib.util
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("gymnasium", reason="pip install 'rlsys[gym]'")
pytest.importorskip("pettingzoo", reason="pip install pettingzoo")

from pettingzoo.test import parallel_api_test

from rlsys.adapters.parallel import RoleParallelEnv
from rlsys.errors import UserError


def toy():
    path = Path(__file__).parents[1] / "toy" / "relay.py"
    spec = importlib.util.spec_from_file_location("relay_of_adapters", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def relay():
    module = toy()

    def make(copies=1, runners=3):
        return module.Relay(module.RelayConfig(runners=runners), copies)

    return make


def test_pettingzoos_checker_has_nothing_to_say(relay):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        parallel_api_test(RoleParallelEnv(relay()), num_cycles=40)


def test_agents_are_named_by_role_and_live_until_the_episode_ends(relay):
    env = RoleParallelEnv(relay(runners=2))
    assert env.possible_agents == ["runner_0", "runner_1", "judge_0"]
    assert env.agents == []
    observations, infos = env.reset(seed=0)
    assert [infos[agent]["acting"] for agent in env.agents] == [True, True, False]
    assert not observations["judge_0"].any()
    signs = observations["runner_0"]
    observations, rewards, terminated, _, infos = env.step({"runner_0": 1, "runner_1": 1})
    # The judge sees what the runners have just said; the runners still see their signs.
    assert observations["judge_0"] == [2.0]
    np.testing.assert_array_equal(observations["runner_0"], signs)
    assert [infos[agent]["acting"] for agent in env.agents] == [False, False, True]
    assert not any(terminated.values())
    assert set(rewards.values()) == {0.0}


def test_it_is_the_batch_with_one_copy_over_several_episodes(relay):
    env, batch = RoleParallelEnv(relay()), relay()
    shown, _ = batch.reset(seed=5)
    seen, infos = env.reset(seed=5)
    random = np.random.default_rng(0)
    ends = 0
    while ends < 3:
        acting = [agent for agent in env.agents if infos[agent]["acting"]]
        np.testing.assert_array_equal(np.stack([seen[agent] for agent in acting]), shown[0])
        # Actions of agents that do not act now are ignored.
        actions = {agent: int(random.integers(2)) for agent in env.agents}
        chosen = np.array([[actions[agent] for agent in acting]])
        shown, rewards, over, _, told = batch.step(chosen)
        seen, earned, terminated, truncated, infos = env.step(actions)
        assert set(earned.values()) == {rewards[0]}
        assert set(terminated.values()) == {bool(over[0])}
        assert set(truncated.values()) == {False}
        if over[0]:
            ends += 1
            assert env.agents == []
            assert {info["right"] for info in infos.values()} == {told["final_info"]["right"][0]}
            seen, infos = env.reset()


def test_faults_are_told(relay):
    env = RoleParallelEnv(relay())
    with pytest.raises(UserError, match=r"call reset\(\) before step"):
        env.step({})
    env.reset(seed=0)
    with pytest.raises(UserError, match=r"role 'runner' acts now, .* runner_1, runner_2"):
        env.step({"runner_0": 1, "judge_0": 1})
    with pytest.raises(ValueError, match="num_envs=1, not 2"):
        RoleParallelEnv(relay(copies=2))

    class NoRoles:
        num_envs = 1

    with pytest.raises(UserError, match="NoRoles has no roles"):
        RoleParallelEnv(NoRoles())
