"""What an agent cannot learn from is refused in one line that says what is supported."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

pytest.importorskip("torch")
pytest.importorskip("stable_baselines3")

import gymnasium
from gymnasium.spaces import Box, Dict, Discrete
from gymnasium.vector import AutoresetMode, SyncVectorEnv, VectorWrapper
from recipes import RECIPES, SPECS, Recipe, make_agent
from toy_envs import Basket, Corridor, CorridorOracle, Target, UnmaskedCorridor

from rlsys.descriptors import resolve
from rlsys.errors import UserError
from rlsys.training import Problem, Session


def refused(recipe, tmp_path, **session):
    with pytest.raises(UserError) as caught:
        recipe.train(tmp_path, **session)
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize("name", ["maskable-ppo", "dqn", "self-labelling", "imitation"])
def test_continuous_actions_where_discrete_ones_are_needed(name, tmp_path):
    message = refused(Recipe(name, Target, make_oracle=CorridorOracle), tmp_path)
    assert f"agent {name!r} needs discrete" in message
    assert "not continuous actions" in message


def test_discrete_actions_where_continuous_ones_are_needed(tmp_path):
    assert "needs continuous actions" in refused(Recipe("sac", Corridor), tmp_path)


def test_items_where_only_vectors_suit(tmp_path):
    message = refused(Recipe("dqn", Basket), tmp_path)
    assert "observations of items" in message
    assert "maskable-ppo" in message


def test_masks_that_are_missing(tmp_path):
    message = refused(Recipe("maskable-ppo", UnmaskedCorridor), tmp_path)
    assert "action_masks(), but UnmaskedCorridor has no such method; use an agent" in message


def test_masks_that_a_batch_of_single_environments_does_not_pass_on(tmp_path):
    class Single(gymnasium.Env):
        observation_space, action_space = Box(0, 1, (2,)), Discrete(2)

        def action_masks(self):
            return np.ones(2, dtype=bool)

    def batch(num_envs):
        mode = AutoresetMode.SAME_STEP
        return SyncVectorEnv([Single] * num_envs, autoreset_mode=mode)

    message = refused(Recipe("maskable-ppo", batch), tmp_path)
    assert "SyncVectorEnv has no such method; pass on the masks of the Single inside it" in message
    assert "use ppo" not in message


def test_masks_that_a_wrapper_does_not_pass_on(tmp_path):
    message = refused(Recipe("maskable-ppo", lambda n: VectorWrapper(Corridor(n))), tmp_path)
    assert "VectorWrapper has no such method; pass on the masks of the Corridor" in message


def test_an_oracle_that_is_missing(tmp_path):
    assert "oracle" in refused(Recipe("imitation", Corridor), tmp_path)


def test_nothing_to_choose(tmp_path):
    class OneWay(Corridor):
        def allowed(self, cell):
            last = self.cells - 1
            return [False, cell < last, cell == last]

    assert "nothing to learn" in refused(Recipe("imitation", OneWay, {}, CorridorOracle), tmp_path)


def test_an_oracle_that_gives_nonsense(tmp_path):
    class Broken(CorridorOracle):
        def action_values(self, env):
            return np.full((env.num_envs, 3), np.nan)

    assert "must be finite" in refused(Recipe("imitation", Corridor, {}, Broken), tmp_path)


def test_normalisation_that_would_tell_items_apart_by_place(tmp_path):
    message = refused(Recipe("ppo", Basket, {"normalize_observations": True}), tmp_path)
    assert "normalize_observations" in message


def test_another_observation_space(tmp_path):
    class Odd(Corridor):
        def __init__(self, num_envs):
            super().__init__(num_envs)
            self.single_observation_space = Dict({"a": Box(0, 1, (2,))})

    assert "Box observation" in refused(Recipe("ppo", Odd), tmp_path)


def test_instances_that_differ_though_they_were_said_to_be_one(tmp_path):
    recipe = Recipe(
        "self-labelling", Basket, {"rounds": 1, "episodes": 64, "keep": 8, "instances": 0}
    )
    assert "set self-labelling's instances" in refused(recipe, tmp_path)


def test_an_environment_that_is_not_repeatable(tmp_path):
    noise = np.random.default_rng(0)

    class Noisy(Corridor):
        def act(self, copy, action):
            reward, end = super().act(copy, action)
            return reward + 1e-3 * noise.normal(), end

    recipe = Recipe("self-labelling", Noisy, {"rounds": 1, "episodes": 64, "keep": 8})
    assert "not repeatable" in refused(recipe, tmp_path)


@pytest.mark.parametrize("name", ["self-labelling", "imitation"])
def test_a_starting_network_of_another_environment(name, tmp_path):
    basket, _ = Recipe(
        "self-labelling", Basket, {"rounds": 1, "episodes": 8, "keep": 1, "instances": 8}
    ).train(tmp_path / "basket")
    recipe = Recipe(name, Corridor, RECIPES[name].settings, CorridorOracle)
    message = refused(recipe, tmp_path / "corridor", start=basket)
    assert "scores items of 2 features" in message
    assert "6 observed values to 3 actions" in message


def test_weights_that_have_become_nan(tmp_path):
    settings = RECIPES["ppo"].settings
    agent = make_agent("ppo", **{**settings, "steps": 2000})
    build = agent.algorithm

    def poisoned(env, seed, shape):
        model = build(env, seed, shape)
        train = model.train

        def train_and_diverge():
            train()
            next(model.policy.parameters()).data.fill_(np.nan)

        model.train = train_and_diverge
        return model

    agent.algorithm = poisoned
    problem = Problem(lambda n: UnmaskedCorridor(n, random=True))
    with pytest.raises(UserError, match="NaN or infinity; training diverged"):
        agent.train(problem, Session(tmp_path, 0, problem))
    assert not (tmp_path / "last").exists()


@pytest.mark.parametrize(
    ("name", "settings", "words"),
    [
        ("ppo", {"batch_size": 4096}, "n_steps \\* num_envs = 2048"),
        ("ppo", {"learning_rate": float("nan")}, "learning_rate"),
        ("ppo", {"net_arch": [0]}, "net_arch"),
        ("ppo", {"clip": 0.1}, "clip"),
        ("dqn", {"buffer_size": 2, "num_envs": 4}, "num_envs = 4"),
        ("sac", {"ent_coef": "sometimes"}, "ent_coef"),
        ("self-labelling", {"keep": 3000}, "keep must be <= episodes = 2048"),
        ("self-labelling", {"instances": 3000}, "instances must be <= episodes = 2048"),
        ("imitation", {"regret_weight": 0, "cross_entropy_weight": 0}, "must not both be 0"),
    ],
)
def test_settings_out_of_range(name, settings, words):
    with pytest.raises(ValidationError, match=words):
        resolve(SPECS[name].config)(**settings)
