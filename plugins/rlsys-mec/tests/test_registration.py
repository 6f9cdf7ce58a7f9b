"""The environment is available through Gymnasium and PettingZoo, and is always the same."""

from __future__ import annotations

import subprocess
import sys
import warnings

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import rlsys_mec.registration  # noqa: F401 - registers
from rlsys.errors import ConfigError, UserError
from rlsys_mec.baselines import factories
from rlsys_mec.config import MecConfig
from rlsys_mec.registration import ENV_ID, parallel_env
from rlsys_mec.vector_env import MecVectorEnv

FLAT = {"n_users": 4, "slots": 3}
HIERARCHICAL = {"n_users": 8, "n_clusters": 3, "slots": 3, "view": "global", "slot_s": 1.0}
ROLES = [(FLAT, "ue"), (FLAT, "server")] + [
    (HIERARCHICAL, role) for role in ("coordinator", "ue", "cluster_sched")
]


@pytest.mark.parametrize(("settings", "role"), ROLES)
def test_gymnasiums_checker_has_nothing_to_say(settings, role):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        env = gymnasium.make(ENV_ID, role=role, **settings)
        # It recommends actions in [-1, 1]; these are logits.
        warnings.filterwarnings("ignore", ".*symmetric and normalized.*")
        check_env(env.unwrapped, skip_render_check=True)
        env.reset(seed=0)
        for _ in range(3):
            *_, terminated, _, _ = env.step(env.action_space.sample())
        assert terminated


@pytest.mark.parametrize("settings", [FLAT, HIERARCHICAL])
def test_pettingzoos_checker_has_nothing_to_say(settings):
    test = pytest.importorskip("pettingzoo.test", reason="pip install pettingzoo")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        test.parallel_api_test(parallel_env(**settings), num_cycles=30)


@pytest.mark.parametrize(("settings", "role"), ROLES)
def test_one_role_with_baselines_around_it_is_the_batch_with_one_copy(settings, role):
    env = gymnasium.make(ENV_ID, role=role, others="all-offload-fifo", **settings).unwrapped
    config = MecConfig(**settings)
    others = factories.rule(config, "everybody", "fifo")
    batch = MecVectorEnv(config, 1)
    shown, _ = batch.reset(seed=6)
    seen, _ = env.reset(seed=6)
    random = np.random.default_rng(0)
    for _ in range(2):
        for slot in range(config.slots):
            action = random.uniform(-3, 3, env.action_space.shape).astype(np.float32)
            for one in batch.roles:
                if one.name == role:
                    np.testing.assert_array_equal(seen, shown[0])
                    chosen = action[None]
                else:
                    chosen = others.act(batch, shown)
                shown, rewards, over, _, infos = batch.step(chosen)
            seen, reward, terminated, truncated, info = env.step(action)
            assert reward == rewards[0]
            assert (terminated, truncated) == (over[0], False) == (slot == config.slots - 1, False)
        assert info["qos"] == infos["final_info"]["qos"][0]
        seen, _ = env.reset()


@pytest.mark.parametrize("settings", [FLAT, HIERARCHICAL])
def test_the_parallel_environment_is_the_batch_with_one_copy(settings):
    pytest.importorskip("pettingzoo", reason="pip install pettingzoo")
    env = parallel_env(**settings)
    batch = MecVectorEnv(MecConfig(**settings), 1)
    shown, _ = batch.reset(seed=3)
    seen, infos = env.reset(seed=3)
    random = np.random.default_rng(0)
    for _ in range(2):
        while env.agents:
            acting = [agent for agent in env.agents if infos[agent]["acting"]]
            np.testing.assert_array_equal(np.stack([seen[a] for a in acting]), shown[0])
            actions = {a: random.uniform(-3, 3, env.action_space(a).shape) for a in acting}
            shown, rewards, over, _, told = batch.step(np.stack(list(actions.values()))[None])
            seen, earned, terminated, _, infos = env.step(actions)
            assert set(earned.values()) == {rewards[0]}
            assert set(terminated.values()) == {over[0]}
        assert infos["ue_0"]["energy"] == told["final_info"]["energy"][0]
        seen, infos = env.reset()


def test_wrong_names_are_refused_with_the_nearest_one():
    with pytest.raises(UserError, match=r"unknown role 'servr'.*'server'"):
        gymnasium.make(ENV_ID, role="servr")
    with pytest.raises(UserError, match=r"unknown baseline 'greedy-ed'.*'greedy-edf'"):
        gymnasium.make(ENV_ID, others="greedy-ed")
    with pytest.raises(ConfigError, match=r"unknown key .*did you mean 'n_users'"):
        gymnasium.make(ENV_ID, n_user=5)
    with pytest.raises(gymnasium.error.ResetNeeded):
        gymnasium.make(ENV_ID).unwrapped.step(np.zeros((5, 2)))


def test_the_prefix_registers_whatever_is_imported_first_and_the_entry_module_is_light():
    made = "import gymnasium; print(gymnasium.make('rlsys_mec:rlsys/Mec-v0').spec.id)"
    first = f"import rlsys_mec_plugin, rlsys_mec.config; {made}"
    light = "import rlsys_mec_plugin, sys; print('gymnasium' in sys.modules)"
    outputs = [
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout
        for code in (made, first, light)
    ]
    assert outputs == ["rlsys/Mec-v0\n", "rlsys/Mec-v0\n", "False\n"]
