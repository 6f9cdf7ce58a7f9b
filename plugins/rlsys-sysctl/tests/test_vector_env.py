"""The environment: Gymnasium's checker, the reward by hand, one machine behind several copies."""

from __future__ import annotations

import warnings

import gymnasium
import numpy as np
import pytest
from fake_stage import ORIGINAL, FakeStage, config, truth
from fake_workload import fake_config, fake_settings
from gymnasium.utils.env_checker import check_env

import rlsys_sysctl.registration  # noqa: F401 - registers
from rlsys.controllers import NetworkController
from rlsys.errors import ConfigError, UserError
from rlsys.rollout import play
from rlsys_sysctl.agents.policy import constant_policy
from rlsys_sysctl.baselines import Default, RandomPoint
from rlsys_sysctl.registration import ENV_ID
from rlsys_sysctl.vector_env import METRICS, SysctlVectorEnv

BEST = {"vm.swappiness": "150", "vm.page-cluster": "12", "vm.laptop_mode": "2"}


def fake_env(num_envs=1, **changed):
    settings = config(**changed)
    return SysctlVectorEnv(settings, num_envs, FakeStage(settings))


def test_gymnasiums_checker_has_nothing_to_say(fake_proc):
    before = fake_proc.values()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", ".*symmetric and normalized.*")  # a unit cube it is
        warnings.filterwarnings("ignore", ".*determinis.*|.*not equivalent.*")  # a real machine
        env = gymnasium.make(f"rlsys_sysctl:{ENV_ID}", **fake_settings(fake_proc))
        env.reset(seed=0)
        observation, reward, terminated, truncated, info = env.step(env.action_space.sample())
        assert env.observation_space.contains(observation)
        assert reward > 0
        assert (terminated, truncated) == (True, False)
        assert set(METRICS) <= set(info)
        env.close()
    assert fake_proc.values() == before


def test_check_env_on_the_machine_that_has_no_noise():
    from rlsys.adapters.single import SingleEnv

    class Still(SysctlVectorEnv):
        """The state of the real machine would differ from one reset to the next."""

        def observations(self):
            observed = super().observations()
            observed[:, :2] = 0.5
            return observed

    settings = config()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", ".*symmetric and normalized.*")
        check_env(SingleEnv(Still(settings, 1, FakeStage(settings))), skip_render_check=True)


def test_the_reward_is_half_performance_and_half_stability():
    env = fake_env()
    env.reset()
    point = env.config.workload.space.to_point(BEST)[None]
    _, rewards, _, _, infos = env.step(point)
    times = truth(BEST) / truth(ORIGINAL)
    assert rewards[0] == pytest.approx(0.5 * times + 0.5)
    final = infos["final_info"]
    assert final["performance"][0] == pytest.approx(times)
    assert final["metric"][0] == pytest.approx(truth(BEST))
    assert final["default_metric"][0] == pytest.approx(truth(ORIGINAL))


def test_the_default_earns_what_the_weights_say():
    env = fake_env()
    played = play(lambda n: SysctlVectorEnv(env.config, n, env.stage), Default(env.config), [0, 1])
    assert played["reward"] == pytest.approx([1.0, 1.0])


def test_a_refused_configuration_earns_nothing_and_is_told():
    rule = {"left": "vm.page-cluster", "relation": "<", "right": 4}
    env = fake_env(constraints=[rule])
    env.reset()
    point = env.config.workload.space.to_point(BEST)[None]
    _, rewards, _, _, infos = env.step(point)
    assert rewards[0] == 0
    assert infos["final_info"]["refused"][0] == 1


def test_an_observation_is_the_state_the_last_point_and_its_reward():
    env = fake_env(training_config={"max_steps_per_episode": 3})
    observations, _ = env.reset()
    assert observations.shape == (1, 2 + 3 + 1)
    assert not observations[0, 2:].any()
    point = np.array([[0.2, 0.4, 0.6]], np.float32)
    observations, rewards, done, _, _ = env.step(point)
    assert not done.any()
    np.testing.assert_array_equal(observations[0, 2:5], point[0])
    assert observations[0, 5] == pytest.approx(rewards[0] / (1 + rewards[0]))


def test_copies_take_turns_on_one_machine(fake_proc):
    settings = fake_config(fake_proc)
    policy = constant_policy(np.array([0.75, 0.7], np.float32), 5, {})
    played = play(
        lambda n: SysctlVectorEnv(settings, n), NetworkController(policy), [1, 2, 3], METRICS
    )
    assert played["reward"].shape == (3,)
    assert (played["performance"] > 1.5).all()
    assert fake_proc.values()["vm.swappiness"] == "60"


def test_a_random_controller_is_the_same_every_time():
    settings = config()
    controller = RandomPoint(settings)
    first = play(lambda n: SysctlVectorEnv(settings, n, FakeStage(settings)), controller, [0, 1])
    again = play(lambda n: SysctlVectorEnv(settings, n, FakeStage(settings)), controller, [0, 1])
    np.testing.assert_array_equal(first["reward"], again["reward"])


def test_a_nan_is_refused():
    env = fake_env()
    env.reset()
    with pytest.raises(UserError, match="NaN"):
        env.step(np.full((1, 3), np.nan, np.float32))


def test_unknown_settings_are_named():
    with pytest.raises(ConfigError, match="did you mean 'workload'"):
        gymnasium.make(ENV_ID, workloads="net-long-path")


def test_nothing_is_touched_before_the_first_step(fake_proc, own_state):
    env = SysctlVectorEnv(fake_config(fake_proc), 1)
    env.reset()
    env.close()
    assert not own_state.exists()
