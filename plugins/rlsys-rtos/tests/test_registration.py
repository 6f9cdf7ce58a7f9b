"""The environment is available through Gymnasium alone, and is the same everywhere."""

from __future__ import annotations

import subprocess
import sys
import warnings

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import rlsys_rtos  # noqa: F401 (registers the environment)
from rlsys.adapters.sb3 import Sb3VecEnv
from rlsys.errors import ConfigError
from rlsys.rollout import EpisodeMeter

IDS = ("rlsys/Rtos-v0", "rlsys_rtos:rlsys/Rtos-v0")


@pytest.mark.parametrize(
    "order",
    [
        "gymnasium",
        "gymnasium, rlsys_rtos",
        "rlsys_rtos, gymnasium",
        "rlsys_rtos.config, gymnasium",
        "rlsys_rtos_plugin, gymnasium",
        "rlsys_rtos_plugin, rlsys_rtos.config, gymnasium",
    ],
)
def test_in_a_fresh_python_whatever_is_imported_first(order):
    ids = reversed(IDS)  # the prefix imports the package, which the other needs
    code = f"import {order}\n" + "".join(
        f"env = gymnasium.make({name!r}, taskset='normal')\n"
        f"batch = gymnasium.make_vec({name!r}, num_envs=3, taskset='stressed')\n"
        "print(env.observation_space.shape, batch.observation_space.shape, env.action_space.n)\n"
        for name in ids
    )
    result = subprocess.run(
        [sys.executable, "-W", "error::UserWarning:gymnasium", "-c", code],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines() == ["(24,) (3, 24) 7"] * 2


@pytest.mark.parametrize(
    "settings",
    [
        {"taskset": "normal"},
        {"taskset": "normal", "observation": "full"},
        {"taskset": "stressed", "observation": "items", "idle": "always-allowed"},
        {"generator": {}, "observation": "items"},
        {"generator": {"execution_fraction": 0.5}, "observation": "items"},
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
            env.step(env.action_space.sample())


def test_settings_are_keyword_arguments_and_wrong_ones_are_refused():
    assert gymnasium.make(IDS[0], taskset="normal", observation="items").observation_space.shape
    with pytest.raises(ConfigError, match=r"unknown key .*did you mean 'observation'"):
        gymnasium.make(IDS[0], observatoin="full")


def test_the_entry_module_is_light_and_so_are_commands_that_list_plugins():
    listing = (
        "import sys\nfrom rlsys.cli.main import main\n"
        "try: main(['plugins', '--json'])\nexcept SystemExit: pass\n"
        "print('rlsys_rtos_plugin' in sys.modules)"
    )
    heavy = "\nprint({'gymnasium', 'rlsys_rtos'} & {*sys.modules})"
    for code in ("import rlsys_rtos_plugin, sys", listing):
        shown = subprocess.run(
            [sys.executable, "-c", code + heavy],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        assert shown.splitlines()[-1] == "set()"
    assert shown.splitlines()[-2] == "True"


SETTINGS = {"generator": {"min_tasks": 3, "max_tasks": 5, "periods": (5, 10, 20)}}


def test_env_vector_env_and_vec_env_give_the_same_trajectory():
    """Three episodes: the second and third continue the random stream of the first."""
    settings = {**SETTINGS, "observation": "items"}
    single = gymnasium.make(IDS[0], **settings)
    batch = gymnasium.make_vec(IDS[0], num_envs=1, **settings)
    adapted = Sb3VecEnv(gymnasium.make_vec(IDS[0], num_envs=1, **settings), EpisodeMeter(1))
    actions = np.random.default_rng(0)
    seen, _ = single.reset(seed=11)
    from_batch, _ = batch.reset(seed=[11])
    adapted._seeds = [11]
    from_adapted = adapted.reset()
    ended = 0
    while ended < 3:
        np.testing.assert_array_equal(seen, from_batch[0])
        np.testing.assert_array_equal(seen, from_adapted[0])
        np.testing.assert_array_equal(
            single.unwrapped.action_masks(), adapted.env_method("action_masks")[0]
        )
        action = actions.integers(single.action_space.n)
        seen, reward, terminated, truncated, info = single.step(action)
        from_batch, rewards, over, cut, infos = batch.step(np.array([action]))
        from_adapted, adapted_rewards, done, told = adapted.step(np.array([action]))
        assert reward == rewards[0] == pytest.approx(adapted_rewards[0])
        assert (terminated, truncated) == (over[0], cut[0])
        assert done[0] == (terminated or truncated)
        if done[0]:
            ended += 1
            np.testing.assert_array_equal(seen, infos["final_obs"][0])
            np.testing.assert_array_equal(seen, told[0]["terminal_observation"])
            assert info["misses"] == infos["final_info"]["misses"][0]
            seen, _ = single.reset()
