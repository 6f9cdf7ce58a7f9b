"""A training that has ended can go on to more steps, as if it had been asked for those at once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("stable_baselines3")

import torch
from recipes import ON_POLICY, RECIPES, Recipe, same
from role_envs import Haul, Watch
from role_recipes import RoleRecipe, recipe, same_policies
from toy_envs import Basket, Target

from rlsys.agents.learning_rate import linear_rate

CONSTANT = {"learning_rate_final": None}
NORMALIZED = {"normalize_observations": True, "normalize_rewards": True}

# Recipe, steps or rounds of the first part, and of the whole.
CASES = {
    "ppo": (RECIPES["ppo"], 1024, 2048),
    "ppo-normalized": (Recipe("ppo", Target, {**ON_POLICY, **NORMALIZED}), 512, 1024),
    "ppo-uneven": (Recipe("ppo", Target, ON_POLICY), 600, 1500),
    "maskable-ppo": (RECIPES["maskable-ppo"], 512, 1536),
    "maskable-ppo-items": (Recipe("maskable-ppo", Basket, ON_POLICY), 512, 1024),
    "dqn": (RECIPES["dqn"], 400, 800),
    "sac": (RECIPES["sac"], 400, 600),
    "self-labelling": (RECIPES["self-labelling"], 2, 4),
    "self-labelling-instances": (RECIPES["self-labelling-instances"], 2, 3),
    "self-labelling-comparison": (RECIPES["self-labelling-comparison"], 2, 3),
    "imitation": (RECIPES["imitation"], 2, 4),
}


def lengthened(one, length):
    """Return the recipe with a constant learning rate, constant exploration and this length."""
    settings = dict(one.settings)
    if one.agent == "imitation":
        settings |= {"learning_rate": 1e-3, "learning_rate_final": 1e-3}
    elif one.agent == "self-labelling":
        settings |= {"learning_rate_final": None}
    else:
        settings |= CONSTANT
    if one.agent == "dqn":
        settings |= {"exploration_initial": 0.3, "exploration_final": 0.3}
    name = "rounds" if one.agent in ("self-labelling", "imitation") else "steps"
    return replace(one, settings={**settings, name: length})


@pytest.mark.parametrize("name", CASES)
def test_going_on_ends_bit_for_bit_as_training_to_there_at_once(name, tmp_path):
    one, first, whole = CASES[name]
    at_once, _ = lengthened(one, whole).train(tmp_path / "once", seed=3)
    ended, _ = lengthened(one, first).train(tmp_path / "parts", seed=3)
    np.random.seed(99)
    torch.manual_seed(99)
    lines = []
    went_on, session = lengthened(one, whole).train(
        tmp_path / "parts", seed=3, resume=True, emit=lines.append
    )
    assert not same(ended, went_on)
    assert same(at_once, went_on)
    assert lines[-1]["step"] == lines[-1]["total"] == at_once.notes["steps"]
    assert lines[0]["step"] > ended.notes["steps"]
    assert session.best_reward is not None


@pytest.mark.parametrize("make_env", [Watch, Haul])
@pytest.mark.parametrize("agent", ["sb3-shared", "mappo"])
def test_roles_go_on_too(agent, make_env, tmp_path):
    def to(steps) -> RoleRecipe:
        return recipe(agent, make_env, num_envs=4, **CONSTANT, steps=steps)

    at_once = to(192).train(tmp_path / "once", seed=3)
    ended = to(64).train(tmp_path / "parts", seed=3)
    torch.manual_seed(99)
    went_on = to(192).train(tmp_path / "parts", seed=3, resume=True)
    assert not same_policies(ended, went_on)
    assert same_policies(at_once, went_on)


def test_a_learning_rate_that_falls_does_so_over_the_new_total(tmp_path):
    """It starts again from where the longer training would have been."""
    settings = {**ON_POLICY, "learning_rate": 1e-2, "learning_rate_final": 1e-3}
    one = Recipe("ppo", Target, settings)
    first, second = [], []
    replace(one, settings={**settings, "steps": 1024}).train(tmp_path, emit=first.append)
    replace(one, settings={**settings, "steps": 2048}).train(
        tmp_path, resume=True, emit=second.append
    )

    def rates(lines):
        return [line["learning_rate"] for line in lines if "learning_rate" in line]

    rollout = 512
    np.testing.assert_allclose(
        rates(first), [linear_rate(1e-2, 1e-3, 1 - n * rollout / 1024) for n in (1, 2)]
    )
    np.testing.assert_allclose(
        rates(second), [linear_rate(1e-2, 1e-3, 1 - n * rollout / 2048) for n in (3, 4)]
    )


def test_no_more_steps_than_were_done_change_nothing(tmp_path):
    one, first, _ = CASES["maskable-ppo"]
    ended, _ = lengthened(one, first).train(tmp_path, seed=3)
    again, _ = lengthened(one, first).train(tmp_path, seed=3, resume=True)
    assert same(ended, again)
