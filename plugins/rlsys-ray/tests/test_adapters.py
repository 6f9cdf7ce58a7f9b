"""RLlib sees the same episodes as other agents: equal seeds and actions, equal trajectory."""

from __future__ import annotations

import numpy as np
import pytest
from aim import START, STEPS, Aim, WideAim
from gymnasium.utils.env_checker import check_env
from relay import Relay, RelayConfig

from rlsys.errors import UserError
from rlsys.seeds import training_seeds
from rlsys_ray.one_copy import EPISODE
from rlsys_ray.roles_env import RllibRolesEnv, role_of
from rlsys_ray.single_env import RllibSingleEnv
from rlsys_ray.spaces import flat_observation_space


@pytest.mark.parametrize("discrete", [False, True])
def test_the_single_environment_is_one_of_gymnasium(discrete):
    check_env(RllibSingleEnv(Aim(1, discrete), ()), skip_render_check=True)


@pytest.mark.parametrize("discrete", [False, True])
def test_the_single_environment_plays_what_the_batch_plays(discrete):
    ours, batch = RllibSingleEnv(Aim(1, discrete), ("total", "parts")), Aim(1, discrete)
    observation, _ = ours.reset(seed=3)
    expected, _ = batch.reset(seed=training_seeds(3, 1))
    generator = np.random.default_rng(0)
    for _ in range(2):  # the second episode continues the first
        total = 0.0
        for step in range(STEPS):
            np.testing.assert_array_equal(observation, expected[0].ravel())
            if discrete:
                action = int(generator.integers(3))
                told = np.array([action + START])
            else:
                action = generator.uniform(-1, 1, 3).astype(np.float32)
                told = action[None]
            observation, reward, terminated, truncated, info = ours.step(action)
            expected, rewards, _, _, infos = batch.step(told)
            total += reward
            assert (reward, terminated, truncated) == (rewards[0], False, step == STEPS - 1)
        assert info[EPISODE] == {
            "reward": total, "total": total, "parts[0]": total, "parts[1]": total + 1,
            "episodes": 1.0,
        }  # fmt: skip
        np.testing.assert_array_equal(observation, infos["final_obs"][0].ravel())
        observation, _ = ours.reset()


def test_continuous_actions_are_told_in_the_environments_units():
    ours, plain = RllibSingleEnv(WideAim(1), ()), RllibSingleEnv(Aim(1), ())
    check_env(ours, skip_render_check=True)
    assert ours.action_space == plain.action_space
    ours.reset(seed=3)
    plain.reset(seed=3)
    action = np.array([-1.0, 0.25, 1.0], np.float32)
    assert ours.step(action)[1] == pytest.approx(plain.step(action)[1], abs=1e-6)
    unscaled = RllibSingleEnv(WideAim(1), (), scaled=False)
    assert unscaled.action_space == WideAim(1).single_action_space
    unscaled.reset(seed=3)
    plain.reset(seed=3)
    told = np.array([0.0, 6.25, 10.0], np.float32)
    assert unscaled.step(told)[1] == pytest.approx(plain.step(action)[1], abs=1e-6)


def test_roles_act_in_turn_and_share_what_a_step_earns():
    ours, batch = RllibRolesEnv(Relay(RelayConfig(), 1), ("right",)), Relay(RelayConfig(), 1)
    shown, _ = ours.reset(seed=5)
    expected, _ = batch.reset(seed=training_seeds(5, 1))
    generator = np.random.default_rng(0)
    everyone = {"runner_0", "runner_1", "runner_2", "judge_0"}
    assert set(ours.possible_agents) == everyone
    for _ in range(3):
        total, ended, halves = 0.0, False, 0
        while not ended:
            agents = [f"{batch.acting}_{i}" for i in range(expected.shape[1])]
            assert list(shown) == agents
            assert {role_of(agent) for agent in agents} == {batch.acting}
            np.testing.assert_array_equal(np.stack(list(shown.values())), expected[0])
            actions = generator.integers(2, size=len(agents))
            acted = batch.acting
            shown, earned, terminated, truncated, info = ours.step(
                dict(zip(agents, actions, strict=True))
            )
            expected, rewards, dones, _, infos = batch.step(actions[None])
            ended = terminated["__all__"]
            assert (ended, truncated["__all__"]) == (bool(dones[0]), False)
            assert earned == (dict.fromkeys(everyone, rewards[0]) if acted == "judge" else {})
            total += rewards[0]
            halves += 1
        # Every agent that has acted gets a last observation; RLlib needs it to close the episode.
        assert set(shown) == everyone
        (told,) = info.values()
        assert told[EPISODE]["reward"] == pytest.approx(total)
        assert told[EPISODE]["right"] == infos["final_info"]["right"][0]
        assert halves == 8
        shown, _ = ours.reset()


def test_what_no_network_can_observe_is_refused():
    from gymnasium.spaces import Discrete

    with pytest.raises(UserError, match="'rllib-ppo' needs Box observations, not Discrete"):
        flat_observation_space(Discrete(3))
