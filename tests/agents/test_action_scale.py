"""Continuous actions: the policy works in [-1, 1], its network in the environment's units."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("stable_baselines3")

from gymnasium.spaces import Box, Discrete
from recipes import ON_POLICY, Recipe, evaluate
from toy_envs import Target, ToyEnv

from rlsys.agents.action_scale import action_scale
from rlsys.errors import UserError
from rlsys.network import Decoding, Dense, Network, Scorer, Stack

LOW, HIGH = np.array([0.0, -5.0], np.float32), np.array([100.0, 0.5], np.float32)
LOPSIDED = Box(LOW, HIGH)
RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def _same_numbers_in_every_order_of_tests():
    RNG.bit_generator.state = np.random.default_rng(0).bit_generator.state


class Valves(ToyEnv):
    """Set two valves as observed: -1 and 1 stand for the ends of their very different ranges.

    The reward is minus the squared error, each as a share of half the range.
    """

    horizon = 4
    memory_shape = (2,)

    def __init__(self, num_envs: int, space: Box = LOPSIDED) -> None:
        super().__init__(num_envs, Box(-1.0, 1.0, (2,), dtype=np.float32), space)

    def draw(self, copy):
        self.memory[copy] = self.generators[copy].uniform(-1, 1, 2)

    def look(self, copy):
        return self.memory[copy]

    def act(self, copy, action):
        assert action.dtype == np.float32
        assert self.single_action_space.contains(action)
        set_to = (action - LOW) / (HIGH - LOW) * 2 - 1
        reward = -float(np.sum((set_to - self.memory[copy]) ** 2))
        self.draw(copy)
        return reward, False


def dense(inputs, outputs, activation="linear"):
    return Dense(RNG.normal(size=(outputs, inputs)), RNG.normal(size=outputs), activation)


def test_the_ends_and_the_middle_of_the_range():
    scale = action_scale(LOPSIDED)
    np.testing.assert_array_equal(scale.space.low, [-1, -1])
    np.testing.assert_array_equal(scale.space.high, [1, 1])
    told = scale.apply(np.array([[-1, -1], [0, 0], [1, 1], [-9, 9]], np.float32))
    np.testing.assert_allclose(told, [LOW, [50, -2.25], HIGH, [0, 0.5]])
    assert told.dtype == np.float32


@pytest.mark.parametrize("space", [Box(-1.0, 1.0, (3,)), Discrete(3)], ids=str)
def test_nothing_changes_where_the_units_are_those_already(space):
    assert action_scale(space) is None


def test_nothing_changes_where_it_is_not_wanted():
    assert action_scale(LOPSIDED, scaled=False) is None


def test_components_without_an_end_keep_their_units():
    largest = np.finfo(np.float32).max
    low = np.array([-np.inf, 2.0, -largest, 0.0], np.float32)
    high = np.array([np.inf, np.inf, largest, 10.0], np.float32)
    scale = action_scale(Box(low, high))
    assert scale.space.is_bounded()  # SB3 accepts nothing else
    told = scale.apply(np.array([[-7.0, 1.0, 8.0, 0.5], [9.0, 3.0, -8.0, -2.0]], np.float32))
    np.testing.assert_array_equal(told, [[-7.0, 2.0, 8.0, 7.5], [9.0, 3.0, -8.0, 0.0]])


def test_bounds_in_float64_are_never_left():
    space = Box(np.array([-0.1]), np.array([0.1]), dtype=np.float64)
    assert float(np.float32(0.1)) > 0.1  # rounded to the nearest, the bound would be outside
    told = action_scale(space).apply(np.array([[-3.0], [3.0]]))
    assert all(space.contains(action) for action in told)


@pytest.mark.parametrize("space", [LOPSIDED, Box(-3e4, 1e5, (2,)), Box(7.0, 7.5, (2,))], ids=str)
def test_the_folded_network_acts_as_policy_and_map_together(space):
    body = Stack((dense(5, 8, "tanh"), dense(8, 2)))
    scale = action_scale(space)
    folded = Network(scale.fold(body), Decoding("clip", low=space.low, high=space.high))
    seen = RNG.normal(size=(100_000, 5)).astype(np.float32)
    own = np.clip(Network(body).logits(seen).astype(np.float64), -1, 1)
    span = space.high.astype(np.float64) - space.low
    expected = space.low + (own + 1) / 2 * span
    errors = np.abs(folded.act(seen) - expected)
    # float32 rounding, of sums of about ten terms and of the result itself
    assert (errors <= 2e-6 * span + 2.0**-23 * np.abs(expected)).all()
    assert (folded.act(seen) == space.high).any()
    assert (folded.act(seen) == space.low).any()


def test_folding_can_be_undone():
    body = Stack((dense(5, 8, "relu"), dense(8, 3)))
    space = Box(np.array([0, 4, -9], np.float32), np.array([100, 4, np.inf], np.float32))
    scale = action_scale(space)
    back = scale.unfold(scale.fold(body)).layers[-1]
    for place in (0, 2):
        np.testing.assert_allclose(back.weight[place], body.layers[-1].weight[place], rtol=1e-5)
        np.testing.assert_allclose(back.bias[place], body.layers[-1].bias[place], atol=1e-5)
    again = scale.fold(Stack((body.layers[0], back))).layers[-1]
    np.testing.assert_array_equal(again.weight[1], 0)  # the only allowed value, whatever is seen
    assert again.bias[1] == 4


def test_items_share_their_bounds_and_other_actions_have_their_own():
    space = Box(np.array([0, 0, 0, -5], np.float32), np.array([10, 10, 10, 5], np.float32))
    scale = action_scale(space, items=3)
    body = Scorer((dense(2, 4, "relu"),), (dense(8, 1),), (dense(4, 1),))
    seen = RNG.normal(size=(50, 3, 2)).astype(np.float32)
    seen[..., 0] = 1.0
    plain, folded = (Network(b).logits(seen) for b in (body, scale.fold(body)))
    np.testing.assert_allclose(folded, plain * [5, 5, 5, 5] + [5, 5, 5, 0], rtol=1e-4, atol=1e-4)
    more = np.tile(seen, (1, 2, 1))  # as many items as one likes
    assert Network(scale.fold(body)).logits(more).shape == (50, 7)


def test_items_with_different_bounds_are_refused():
    with pytest.raises(UserError, match="need the same bounds for every item") as caught:
        action_scale(LOPSIDED, items=2)
    assert "\n" not in str(caught.value)
    assert action_scale(LOPSIDED, items=2, scaled=False) is None


SETTINGS = {**ON_POLICY, "steps": 16_000, "gamma": 0.0, "learning_rate_final": 1e-3}


def test_ppo_learns_actions_of_very_different_ranges(tmp_path):
    recipe = Recipe("ppo", Valves, SETTINGS)
    network, _ = recipe.train(tmp_path / "scaled")
    assert evaluate(recipe, network).mean() > -0.15
    assert network.decoding.kind == "clip"
    np.testing.assert_array_equal(network.decoding.high, HIGH)
    unscaled = replace(recipe, settings={**SETTINGS, "scale_actions": False})
    network, _ = unscaled.train(tmp_path / "unscaled")
    assert evaluate(recipe, network).mean() < -2.0


def test_scaled_actions_do_not_depend_on_the_units(tmp_path):
    """With the range from -1 to 1 in other units, training is the same but for rounding."""

    class Small(Valves):
        def __init__(self, num_envs):
            super().__init__(num_envs, Box(-1.0, 1.0, (2,)))

        def act(self, copy, action):
            reward = -float(np.sum((action - self.memory[copy]) ** 2))
            self.draw(copy)
            return reward, False

    settings = {**SETTINGS, "steps": 512}
    small, _ = Recipe("ppo", Small, settings).train(tmp_path / "small")
    large, _ = Recipe("ppo", Valves, settings).train(tmp_path / "large")
    seen = RNG.uniform(-1, 1, (1000, 2))
    share = (large.act(seen) - LOW) / (HIGH - LOW) * 2 - 1
    np.testing.assert_allclose(share, small.act(seen), atol=1e-3)


@pytest.mark.parametrize(
    ("high", "scaled"), [(np.inf, False), (2.0, True)], ids=["unbounded", "half-bounded"]
)
def test_ppo_learns_actions_without_bounds(high, scaled, tmp_path):
    class Open(Target):
        def __init__(self, num_envs):
            super().__init__(num_envs)
            self.single_action_space = Box(-np.inf, high, (2,))

    settings = {**SETTINGS, "scale_actions": scaled}
    recipe = Recipe("ppo", Open, settings)
    network, _ = recipe.train(tmp_path)
    assert evaluate(recipe, network).mean() > -0.2
    np.testing.assert_array_equal(network.decoding.low, -np.inf)
    np.testing.assert_array_equal(network.decoding.high, high)


def refusal(agent, space, tmp_path):
    class Other(Target):
        def __init__(self, num_envs):
            super().__init__(num_envs)
            self.single_action_space = space

    with pytest.raises(UserError) as caught:
        Recipe(agent, Other).train(tmp_path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_sac_says_that_it_needs_bounds(tmp_path):
    message = refusal("sac", Box(-np.inf, np.inf, (2,)), tmp_path)
    assert "agent 'sac' needs finite bounds of all actions" in message
    assert "use ppo" in message


@pytest.mark.parametrize("agent", ["ppo", "sac"])
def test_whole_numbers_are_refused(agent, tmp_path):
    message = refusal(agent, Box(0, 9, (2,), np.int64), tmp_path)
    assert "no built-in agent gives the whole numbers" in message
    assert "use MultiDiscrete" in message


def test_a_checkpoint_in_other_units_is_refused(tmp_path):
    recipe = Recipe("ppo", Valves, {**SETTINGS, "steps": 1024})
    recipe.interrupt(tmp_path, 1)
    other = replace(recipe, settings={**recipe.settings, "scale_actions": False})
    with pytest.raises(UserError, match="scale_actions has changed; resume with scale_actions: tr"):
        other.train(tmp_path, resume=True)
