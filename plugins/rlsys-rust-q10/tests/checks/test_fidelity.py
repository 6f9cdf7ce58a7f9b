"""The fixed-point policy in an environment, and the comparison with the network."""

from __future__ import annotations

import numpy as np
import pytest
from drawn_networks import dense, float64_logits
from toy_env import IntegerToyEnv, ToyEnv

from rlsys.controllers import NetworkController
from rlsys.exporters.context import ExportContext
from rlsys.network import Decoding, Dense, Network, Scorer, Stack
from rlsys.rollout import play
from rlsys_rust_q10.arithmetic.fold import fold
from rlsys_rust_q10.arithmetic.quantise import quantise
from rlsys_rust_q10.checks.controller import FixedPointController
from rlsys_rust_q10.checks.fidelity import compare
from rlsys_rust_q10.settings import Settings

STEER = Dense(np.array([[-1.0, 0], [1, 0], [0, -1], [0, 1], [0, 0]]), np.zeros(5))
BOX = (-np.ones(2), np.ones(2))


def steering(bits=10, layer=STEER):
    network = Network(Stack((layer,)), masked=True)
    return network, quantise(fold(network, *BOX), bits)


def context(make_env=ToyEnv, episodes=(1, 2, 3)):
    return ExportContext(low=BOX[0], high=BOX[1], make_env=make_env, episodes=episodes)


def test_the_controller_steers_as_the_network():
    network, policy = steering()
    seeds = list(range(50))
    fixed = play(ToyEnv, FixedPointController(policy), seeds)["reward"]
    floating = play(ToyEnv, NetworkController(network), seeds)["reward"]
    _, still = steering(layer=Dense(0 * STEER.weight, np.arange(5.0)))
    lazy = play(ToyEnv, FixedPointController(still), seeds)
    assert np.allclose(fixed, floating, atol=0.01)
    assert fixed.mean() > lazy["reward"].mean() + 1


def test_the_controller_uses_the_integers_of_the_environment():
    _, policy = steering()
    env = IntegerToyEnv(4)
    observations, _ = env.reset(seed=[1, 2, 3, 4])
    controller = FixedPointController(policy)
    assert not controller.observe(env, observations).any()
    assert FixedPointController(policy).observe(ToyEnv(4), observations).any()
    masks = env.action_masks()
    # All logits are zero: the lowest allowed action.
    assert controller.act(env, observations).tolist() == masks.argmax(axis=1).tolist()


def test_counts_as_an_independent_computation_does():
    network, policy = steering(bits=4)
    settings = Settings(observations=1000, golden_vectors=1000, least_equal_actions=0.5)
    verdict, _, met = compare(network, policy, context(), settings)
    figures = verdict["figures"]
    assert figures["observations"] == 1002  # 334 steps of three copies
    half = len(met) // 2
    for prefix, part in (("", met[:half]), ("drawn_", met[half:])):
        _check_counts(network, part, {n.removeprefix(prefix): v for n, v in figures.items()})


def _check_counts(network, met, figures):
    seen = np.concatenate([m.observations for m in met])
    masks = np.concatenate([m.masks for m in met])
    assert len(seen) == 1002
    units = np.floor(seen.astype(float) * 16 + 0.5)
    fixed = units @ STEER.weight.T.astype(float) / 16
    exact = float64_logits(network, seen)
    different = (
        np.where(masks, fixed, -np.inf).argmax(axis=1)
        != np.where(masks, exact, -np.inf).argmax(axis=1)
    ).sum()
    assert figures["different_actions"] == different > 0
    assert figures["equal_actions"] == pytest.approx(1 - different / 1002)
    assert figures["largest_logit_difference"] == pytest.approx(np.abs(fixed - exact).max())
    assert figures["distinct_observations"] == len(np.unique(units, axis=0))


def test_drawn_actions_have_the_probabilities_of_the_logits():
    """If all logits are equal, a random walk leaves the single path of the best actions."""
    layer = Dense(np.zeros((5, 2)), np.array([0.0, 0.0, 0.0, 0.0, 0.1]))
    verdict, _, met = compare(
        *steering(layer=layer), context(), Settings(observations=900, golden_vectors=900)
    )
    figures = verdict["figures"]
    assert figures["drawn_distinct_observations"] > 5 * figures["distinct_observations"]
    drawn = np.concatenate([m.observations for m in met[len(met) // 2 :]]).reshape(-1, 3, 2)
    masks = np.stack([m.masks for m in met[len(met) // 2 :]])
    # Of a step between two observations of one episode, how often the point stayed where it was.
    same = (np.abs(np.diff(drawn, axis=0)).max(axis=2) == 0)[np.arange(len(drawn) - 1) % 10 < 9]
    odds = np.exp(0.1) / (np.exp(0.1) + masks[:-1, :, :4].sum(axis=2))
    expected = odds[np.arange(len(drawn) - 1) % 10 < 9]
    assert same.mean() == pytest.approx(expected.mean(), abs=0.06)


def test_rewards_are_those_of_the_held_out_episodes():
    # In five bits these weights are zero.
    network, policy = steering(bits=5, layer=Dense(0.015 * STEER.weight, STEER.bias))
    settings = Settings(observations=10, episodes=2)
    verdict, notes, _ = compare(network, policy, context(episodes=(7, 8, 9)), settings)
    figures = verdict["figures"]
    floating = play(ToyEnv, NetworkController(network), [7, 8])["reward"].mean()
    fixed = play(ToyEnv, FixedPointController(policy), [7, 8])["reward"].mean()
    assert (figures["reward_float"], figures["reward_fixed"]) == (floating, fixed)
    assert figures["episodes"] == 2
    assert floating > fixed
    assert "5 fractional bits" in notes[0]
    assert "in the episode of seed 7, the first different decision is at step 0" in notes[0]
    # All rounded weights are zero, so all logits are.
    assert "with logits [0 0 0 0 0] instead of [" in notes[0]
    assert f"{fixed:g}" in notes[0]


def test_too_many_different_actions_are_no_fidelity():
    """With 4 bits some actions differ: the verdict holds or not as the setting says."""
    network, policy = steering(bits=4)
    strict = Settings(observations=1000, least_equal_actions=0.999, most_reward_difference=9)
    verdict, _, _ = compare(network, policy, context(), strict)
    figures = verdict["figures"]
    assert min(figures["equal_actions"], figures["drawn_equal_actions"]) < 0.999
    assert not verdict["holds"]
    assert "least_equal_actions is 0.999" in figures["beyond_limits"]
    lax = strict.model_copy(update={"least_equal_actions": 0.5})
    assert compare(network, policy, context(), lax)[0]["holds"]


def test_a_loss_of_reward_is_no_fidelity():
    # In five bits these weights are zero.
    network, policy = steering(bits=5, layer=Dense(0.015 * STEER.weight, STEER.bias))
    settings = Settings(observations=10, episodes=30, least_equal_actions=0)
    verdict, _, _ = compare(network, policy, context(episodes=tuple(range(30))), settings)
    assert verdict["figures"]["reward_fixed"] < verdict["figures"]["reward_float"]
    assert not verdict["holds"]
    assert "the rewards differ by -" in verdict["figures"]["beyond_limits"]
    lax = settings.model_copy(update={"most_reward_difference": 1000.0})
    assert compare(network, policy, context(episodes=tuple(range(30))), lax)[0]["holds"]


class TooWideEnv(ToyEnv):
    """Its observations are three times as large as its space says."""

    def reset(self, **arguments):
        observations, infos = super().reset(**arguments)
        return 3 * observations, infos

    def step(self, actions):
        observations, *rest = super().step(actions)
        return 3 * observations, *rest


def test_observations_beyond_their_bounds_are_no_fidelity():
    """The target clamps them and the network does not, so they decide differently."""
    network, policy = steering(layer=Dense(STEER.weight, np.array([0.0, -2.0, 0.0, -2.0, 0.1])))
    verdict, _, _ = compare(network, policy, context(TooWideEnv), Settings(observations=1000))
    assert not verdict["holds"]


def test_a_distance_of_continuous_actions_is_a_share_of_their_range():
    rng = np.random.default_rng(0)
    decoding = Decoding("clip", low=np.float32([-1, -1]), high=np.float32([1, 1]))
    network = Network(Stack((dense(rng, 2, 2),)), decoding)
    policy = quantise(fold(network, *BOX), 4)
    bare = ExportContext(low=BOX[0], high=BOX[1])
    mean = compare(network, policy, bare, Settings(observations=4096))[0]["figures"][
        "mean_action_difference"
    ]
    for limit, holds in ((0.51 * mean, True), (0.4 * mean, False)):
        settings = Settings(observations=4096, most_action_difference=limit)
        assert compare(network, policy, bare, settings)[0]["holds"] == holds


def test_equal_rewards_need_no_note():
    layer = Dense(np.zeros((5, 2)), np.arange(5.0))
    verdict, notes, _ = compare(*steering(layer=layer), context(), Settings(observations=10))
    assert verdict["figures"]["equal_actions"] == 1.0
    assert notes == []


def test_without_an_environment_observations_are_random_and_there_is_no_reward():
    network, policy = steering()
    bare = ExportContext(low=BOX[0], high=BOX[1])
    verdict, notes, met = compare(network, policy, bare, Settings(observations=5000))
    assert verdict["holds"]
    assert verdict["figures"]["source"] == "random within the bounds"
    assert "reward_float" not in verdict["figures"]
    assert notes == []
    assert len(np.concatenate([m.fixed for m in met])) >= 5000


def test_items_that_are_absent_do_not_count():
    # The logit is the distance of the second value from 1, a hundredfold: present items have 1,
    # padding has 0, where the rounded weight (99.9990 units for 100) shows.
    weight = np.array([[0.0, -99.99902, 0.0, 0.0]])
    encoder = Dense(np.eye(2), np.zeros(2))
    network = Network(Scorer((encoder,), (Dense(weight, np.array([99.99902])),)))
    bounds = np.array([[0.0, 1.0]] * 3), np.ones((3, 2))
    policy = quantise(fold(network, *bounds), 4)
    bare = ExportContext(low=bounds[0], high=bounds[1])
    verdict, _, met = compare(network, policy, bare, Settings(observations=100))
    padding = met[0].fixed[..., 0] == 0
    gap = np.abs(policy.logits(met[0].fixed) / 16 - network.logits(met[0].observations))
    assert gap[padding].max() > gap[~padding].max()
    assert verdict["figures"]["largest_logit_difference"] == gap[~padding].max()


def test_continuous_actions_are_compared_by_distance():
    rng = np.random.default_rng(0)
    decoding = Decoding("tanh", low=np.float32([-1, 0]), high=np.float32([1, 10]))
    network = Network(Stack((dense(rng, 2, 2),)), decoding)
    policy = quantise(fold(network, *BOX), 10)
    bare = ExportContext(low=BOX[0], high=BOX[1])
    verdict, _, met = compare(network, policy, bare, Settings(observations=4096))
    figures = verdict["figures"]
    assert "equal_actions" not in figures
    x = met[0].observations
    apart = np.abs(network.act(x) - policy.actions(policy.act(met[0].fixed))).max(axis=1)
    assert 0 < figures["mean_action_difference"] < figures["largest_action_difference"]
    assert figures["largest_action_difference"] >= apart.max()
    assert figures["largest_action_difference"] < 0.05
