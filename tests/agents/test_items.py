"""Observations are items only where the environment says so; all others are flattened."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("stable_baselines3")

from gymnasium.spaces import Box, Discrete
from recipes import ON_POLICY, Recipe, make_agent, same
from toy_envs import Basket, ToyEnv

from rlsys.agents.spaces import has_items
from rlsys.errors import UserError
from rlsys.network import Scorer, Stack
from rlsys.training import Problem, Session

BYTE = np.float32(1 / 255)


class Square(ToyEnv):
    """Name the row of a square with the largest first number; rows are no items."""

    horizon = 4
    memory_shape = (3, 3)
    box = Box(0.0, 1.0, (3, 3), np.float32)

    def __init__(self, num_envs: int) -> None:
        super().__init__(num_envs, self.box, Discrete(3))

    def draw(self, copy):
        self.memory[copy] = self.generators[copy].integers(256, size=(3, 3))

    def look(self, copy):
        return self.memory[copy].astype(np.float32) * BYTE

    def act(self, copy, action):
        right = self.memory[copy, :, 0].argmax() == action
        self.draw(copy)
        return float(right), False

    def action_masks(self):
        return np.ones((self.num_envs, 3), dtype=bool)


class Line(Square):
    """The same numbers in a row."""

    box = Box(0.0, 1.0, (9,), np.float32)

    def look(self, copy):
        return super().look(copy).ravel()


class Cube(Square):
    """The same numbers in three dimensions."""

    box = Box(0.0, 1.0, (3, 1, 3), np.float32)

    def look(self, copy):
        return super().look(copy).reshape(3, 1, 3)


class Image(Square):
    """The same numbers as bytes, of a shape that SB3 takes for an image with its channels last."""

    box = Box(0, 255, (3, 1, 3), np.uint8)

    def look(self, copy):
        return self.memory[copy].reshape(3, 1, 3)

    def observations(self):
        return np.stack([self.look(copy) for copy in range(self.num_envs)]).astype(np.uint8)


class Values:
    """An oracle: 1 for the right row now, and for each step after it."""

    name = "optimum"

    def reset(self, env):
        pass

    def act(self, env, observations):
        del observations
        return self.action_values(env).argmax(axis=1)

    def action_values(self, env):
        right = env.memory[:, :, 0].argmax(axis=1)
        return np.eye(3)[right] + (env.horizon - 1 - env.time)[:, None]


SETTINGS = {
    "ppo": {**ON_POLICY, "steps": 1024},
    "maskable-ppo": {**ON_POLICY, "steps": 1024},
    "dqn": {"steps": 400, "num_envs": 4, "learning_starts": 100, "batch_size": 32},
    "self-labelling": {"rounds": 2, "episodes": 16, "keep": 4, "instances": 4},
    "imitation": {"rounds": 2, "instances": 4, "rollouts": 1, "updates": 10, "batch_size": 32},
}
NORMALIZED = {"normalize_observations": True}


def trained(agent, make_env, directory, **settings):
    chosen = {**SETTINGS[agent], **settings}
    return Recipe(agent, make_env, chosen, Values).train(directory / make_env.__name__)[0]


@pytest.mark.parametrize("shaped", [Square, Cube, Image])
@pytest.mark.parametrize("agent", SETTINGS)
def test_a_shape_without_items_trains_as_the_flat_observation_does(agent, shaped, tmp_path):
    flat = trained(agent, Line, tmp_path)
    network = trained(agent, shaped, tmp_path)
    assert isinstance(network.body, Stack)
    if shaped is Image:
        np.testing.assert_array_equal(network.transform.scale, np.full(9, BYTE))
        for ours, theirs in zip(network.body.layers, flat.body.layers, strict=True):
            np.testing.assert_array_equal(ours.weight, theirs.weight)
    else:
        assert same(network, flat)
    env = shaped(5)
    seen, _ = env.reset(seed=1)
    line, _ = Line(5).reset(seed=1)
    np.testing.assert_array_equal(network.logits(seen), flat.logits(line))


@pytest.mark.parametrize("shaped", [Square, Image])
def test_normalised_observations_keep_the_order_of_the_values(shaped, tmp_path):
    network = trained("ppo", shaped, tmp_path, **NORMALIZED)
    env = shaped(2000)
    seen, _ = env.reset(seed=1)
    assert network.transform.shift.shape == (9,)
    shown = network.transform(seen.reshape(2000, 9).astype(np.float32))
    assert np.abs(shown.mean(axis=0)).max() < 0.2
    assert np.abs(shown.std(axis=0) - 1).max() < 0.2


@pytest.mark.parametrize("agent", ["ppo", "maskable-ppo", "self-labelling", "imitation"])
def test_declared_items_are_scored(agent, tmp_path):
    class Rows(Square):
        items = True

    assert isinstance(trained(agent, Rows, tmp_path).body, Scorer)


def test_only_true_declares_items():
    assert has_items(Basket(1))
    for value in (False, None, 4, [1, 2], {}.items):
        env = Square(1)
        env.items = value
        assert not has_items(env)
    assert not has_items(Square(1))


def test_a_wrapper_that_delegates_attributes_keeps_the_declaration():
    class Around:
        def __init__(self, env):
            self._env = env

        def __getattr__(self, name):
            return getattr(self._env, name)

    assert has_items(Around(Basket(1)))


@pytest.mark.parametrize("agent", ["ppo", "dqn", "self-labelling"])
def test_items_of_another_shape_are_refused(agent, tmp_path):
    class Wrong(Cube):
        items = True

    problem = Problem(Wrong)
    with pytest.raises(UserError, match=r"have the shape \(items, features\), not \(3, 1, 3\)"):
        make_agent(agent, **SETTINGS[agent]).train(problem, Session(tmp_path, 0, problem))
