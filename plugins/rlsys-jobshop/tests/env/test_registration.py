"""The environment is available through Gymnasium alone, and is the same everywhere."""

from __future__ import annotations

import subprocess
import sys
import warnings

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import rlsys_jobshop  # noqa: F401 (registers the environment)
from rlsys.errors import ConfigError

IDS = ("rlsys/Jobshop-v0", "rlsys_jobshop:rlsys/Jobshop-v0")
FACTORY = {"random": {"kind": "factory"}, "objective": "weighted-tardiness"}


@pytest.mark.parametrize(
    "order",
    [
        "gymnasium",
        "rlsys_jobshop, gymnasium",
        "rlsys_jobshop.problem, gymnasium",
        "rlsys_jobshop_plugin, rlsys_jobshop.env.config, gymnasium",
    ],
)
def test_in_a_fresh_python_whatever_is_imported_first(order):
    code = f"import {order}\n" + "".join(
        f"env = gymnasium.make({name!r}, instances=['ft06'])\n"
        f"batch = gymnasium.make_vec({name!r}, num_envs=3, instances='ft10')\n"
        "print(env.observation_space.shape, batch.observation_space.shape, env.action_space.n)\n"
        for name in reversed(IDS)  # the prefix imports the package, which the other needs
    )
    result = subprocess.run(
        [sys.executable, "-W", "error::UserWarning:gymnasium", "-c", code],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines() == ["(6, 29) (3, 10, 29) 6"] * 2


@pytest.mark.parametrize(
    "settings",
    [
        {"instances": ["ft06"]},
        {"random": {"jobs": [2, 5], "machines": [2, 3]}, "candidates": "all"},
        {"random": {"kind": "brandimarte", "jobs": [2, 4], "machines": [2, 3]}, "width": 3},
        FACTORY,
    ],
    ids=str,
)
def test_gymnasiums_and_stable_baselines_checkers_have_nothing_to_say(settings):
    sb3 = pytest.importorskip("stable_baselines3.common.env_checker")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        env = gymnasium.make(IDS[0], **settings)
        check_env(env.unwrapped, skip_render_check=True)
        # It recommends images and symmetric continuous actions; these are neither.
        sb3.check_env(env.unwrapped, warn=False)
        env.reset(seed=0)
        for _ in range(20):  # under Gymnasium's passive checker
            if env.step(env.action_space.sample())[2]:
                env.reset()


def test_wrong_settings_are_refused_with_the_nearest_name():
    with pytest.raises(ConfigError, match=r"unknown key .*did you mean 'instances'"):
        gymnasium.make(IDS[0], instance="ft06")
    with pytest.raises(ConfigError, match="give either `random` or `instances`"):
        gymnasium.make(IDS[0])


def test_single_and_batched_environments_give_the_same_trajectory():
    """Three episodes: the second and third continue the random stream of the first."""
    single = gymnasium.make(IDS[0], **FACTORY)
    batch = gymnasium.make_vec(IDS[0], num_envs=2, **FACTORY)
    actions = np.random.default_rng(0)
    seen, _ = single.reset(seed=11)
    from_batch, _ = batch.reset(seed=[11, 12])
    ended = 0
    while ended < 3:
        np.testing.assert_array_equal(seen, from_batch[0])
        mask = single.unwrapped.action_masks()
        np.testing.assert_array_equal(mask, batch.unwrapped.action_masks()[0])
        action = actions.choice(np.flatnonzero(mask))
        seen, reward, terminated, truncated, info = single.step(action)
        from_batch, rewards, over, cut, infos = batch.step(np.array([action, 0]))
        assert (reward, terminated, truncated) == (rewards[0], over[0], cut[0])
        if terminated:
            ended += 1
            np.testing.assert_array_equal(seen, infos["final_obs"][0])
            assert info["weighted_tardiness"] == infos["final_info"]["weighted_tardiness"][0]
            seen, _ = single.reset()
