"""An interrupted training that is resumed ends exactly like one that was not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("stable_baselines3")

import torch
from recipes import ON_POLICY, RECIPES, Recipe, evaluate, same
from toy_envs import Basket, Corridor, ForgetfulCorridor, Target

from rlsys.errors import UserError
from rlsys.network import Network
from rlsys.training import NETWORK_FILE

NORMALIZED = {"normalize_observations": True, "normalize_rewards": True}
SHORT = {
    "ppo": RECIPES["ppo"],
    "ppo-items": Recipe("ppo", Basket, {**ON_POLICY, "steps": 2000}),
    "ppo-normalized": Recipe("ppo", Target, {**ON_POLICY, **NORMALIZED, "steps": 2000}),
    "maskable-ppo": RECIPES["maskable-ppo"],
    "maskable-ppo-items": RECIPES["maskable-ppo-items"],
    "maskable-ppo-decaying": Recipe(
        "maskable-ppo", Corridor, {**ON_POLICY, "steps": 2500, "learning_rate_final": 0.0}
    ),
    "dqn": RECIPES["dqn"],
    "dqn-normalized": replace(
        RECIPES["dqn"], settings={**RECIPES["dqn"].settings, **NORMALIZED, "buffer_size": 400}
    ),
    "sac": RECIPES["sac"],
    "self-labelling": RECIPES["self-labelling"],
    "self-labelling-instances": RECIPES["self-labelling-instances"],
    "self-labelling-comparison": RECIPES["self-labelling-comparison"],
    "imitation": RECIPES["imitation"],
}
OFF_POLICY = ("dqn", "sac")


def short(name):
    """The recipe, shortened for a comparison, and the boundary at which it is interrupted."""
    recipe = SHORT[name]
    if recipe.agent in OFF_POLICY:
        return replace(recipe, settings={**recipe.settings, "steps": 1000}), 90
    if "steps" in recipe.settings:
        return replace(recipe, settings={**recipe.settings, "steps": 2000}), 2
    return replace(recipe, settings={**recipe.settings, "rounds": 5}), 2


@pytest.mark.parametrize("name", SHORT)
def test_resumed_training_ends_bit_for_bit_the_same(name, tmp_path):
    recipe, boundary = short(name)
    whole_lines, resumed_lines = [], []
    whole, _ = recipe.train(tmp_path / "whole", seed=3, emit=whole_lines.append)
    recipe.interrupt(tmp_path / "cut", boundary, seed=3, emit=resumed_lines.append)
    halfway = len(resumed_lines)
    assert 0 < halfway < len(whole_lines)
    # Another process: its global generators have another state.
    np.random.seed(99)
    torch.manual_seed(99)
    resumed, _ = recipe.train(tmp_path / "cut", seed=3, resume=True, emit=resumed_lines.append)
    assert same(whole, resumed)

    def told(lines):
        return [{k: v for k, v in line.items() if k != "seconds"} for line in lines]

    assert told(resumed_lines) == told(whole_lines)


@pytest.mark.parametrize("name", ["maskable-ppo", "dqn", "self-labelling"])
def test_interrupting_twice_changes_nothing_either(name, tmp_path):
    recipe, boundary = short(name)
    whole, _ = recipe.train(tmp_path / "whole", seed=3)
    recipe.interrupt(tmp_path / "cut", boundary, seed=3)
    recipe.interrupt(tmp_path / "cut", 1, seed=3, resume=True)
    resumed, _ = recipe.train(tmp_path / "cut", seed=3, resume=True)
    assert same(whole, resumed)


@pytest.mark.parametrize("name", SHORT)
def test_a_stop_leaves_a_checkpoint_that_plays(name, tmp_path):
    recipe, boundary = short(name)
    recipe.interrupt(tmp_path, boundary)
    network = Network.load(tmp_path / "last" / NETWORK_FILE)
    assert np.isfinite(evaluate(recipe, network, 5)).all()


def test_an_environment_without_state_resumes_with_new_episodes(tmp_path):
    recipe, boundary = short("maskable-ppo")
    recipe = replace(recipe, make_env=lambda n: ForgetfulCorridor(n, random=True))
    recipe.interrupt(tmp_path, boundary)
    lines = []
    recipe.train(tmp_path, resume=True, emit=lines.append)
    assert lines[0]["step"] == 3 * 16 * 32
    assert [line["step"] for line in lines if "reward" in line][-1] == 2048


@pytest.mark.parametrize("name", ["maskable-ppo", "self-labelling"])
def test_other_network_sizes_than_in_the_checkpoint_are_refused(name, tmp_path):
    recipe, boundary = short(name)
    recipe.interrupt(tmp_path, boundary)
    other = replace(recipe, settings={**recipe.settings, "net_arch": (8,)})
    with pytest.raises(UserError, match="resume with the settings of the original training"):
        other.train(tmp_path, resume=True)


@pytest.mark.parametrize("name", SHORT)
def test_the_seed_decides_everything(name, tmp_path):
    recipe, _ = short(name)
    one, _ = recipe.train(tmp_path / "1", seed=5)
    np.random.seed(1)
    torch.manual_seed(1)
    again, _ = recipe.train(tmp_path / "2", seed=5)
    other, _ = recipe.train(tmp_path / "3", seed=6)
    assert same(one, again)
    assert not same(one, other)
