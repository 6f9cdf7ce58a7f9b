"""An agent that starts from a network acts at first exactly as that network does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("stable_baselines3")

from recipes import ON_POLICY, SPECS, Recipe, make_agent, same
from toy_envs import Basket, Corridor, Switches, Target, UnmaskedCorridor

from rlsys.adapters.sb3 import Sb3VecEnv
from rlsys.agents.sb3.agent import Sb3Run
from rlsys.errors import UserError
from rlsys.network import Decoding, Dense, InputClip, Network, Scorer, Stack, Transform
from rlsys.roles import RolePolicy
from rlsys.rollout import EpisodeMeter
from rlsys.training import Problem, Session

RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def _same_numbers_in_every_order_of_tests():
    RNG.bit_generator.state = np.random.default_rng(0).bit_generator.state


SB3 = ("ppo", "maskable-ppo", "dqn", "sac")


def dense(inputs, outputs, activation="linear"):
    return Dense(RNG.normal(size=(outputs, inputs)), RNG.normal(size=outputs), activation)


def stack(inputs, outputs, activation="tanh"):
    """Layers of other sizes than any agent's settings say."""
    hidden = (dense(inputs, 9, activation), dense(9, 7, activation))
    return Stack((*hidden, dense(7, outputs)))


def scorer():
    encoder = (dense(2, 6, "tanh"), dense(6, 5, "tanh"))
    return Scorer(encoder, (dense(10, 4, "tanh"), dense(4, 1)), (dense(5, 4, "tanh"), dense(4, 1)))


def bounds(env_class):
    space = env_class(1).single_action_space
    return {"low": space.low, "high": space.high}


SWITCHED = Decoding("multi-argmax", sizes=(3, 2))
TRANSFORM = Transform(np.array([0.2, -0.3], np.float32), np.array([2.0, 0.5], np.float32), -10, 10)
NORMALIZED = {"normalize_observations": True}
CLIP, TANH = Decoding("clip", **bounds(Target)), Decoding("tanh", **bounds(Target))

# agent, environment, network to start from, settings
CASES = {
    "ppo": ("ppo", UnmaskedCorridor, Network(stack(6, 3)), {}),
    "ppo-linear": ("ppo", UnmaskedCorridor, Network(Stack((dense(6, 3),))), {}),
    "ppo-multi": (
        "ppo",
        Switches,
        Network(stack(3, 5), SWITCHED),
        {},
    ),
    "ppo-continuous": ("ppo", Target, Network(stack(2, 2), CLIP), {}),
    "ppo-items": ("ppo", Basket, Network(scorer()), {}),
    "ppo-fixed": ("ppo", Target, Network(stack(2, 2), CLIP, TRANSFORM), {}),
    "ppo-normalized": ("ppo", Target, Network(stack(2, 2), CLIP, TRANSFORM), NORMALIZED),
    "masked": ("maskable-ppo", Corridor, Network(stack(6, 3, "relu"), masked=True), {}),
    "from-unmasked": ("maskable-ppo", Corridor, Network(stack(6, 3)), {}),
    "masked-items": ("maskable-ppo", Basket, Network(scorer(), masked=True), {}),
    "dqn": ("dqn", UnmaskedCorridor, Network(stack(6, 3, "relu")), {}),
    "sac": ("sac", Target, Network(stack(2, 2), TANH), {}),
    "sac-fixed": ("sac", Target, Network(stack(2, 2), TANH, TRANSFORM), {}),
}


def run_of(agent, make_env, start, tmp_path, **settings):
    """Return a training that has not begun."""
    env = make_env(2)
    made = make_agent(agent, num_envs=2, batch_size=64, **settings)
    session = Session(tmp_path, 1, Problem(lambda _: env), start=start)
    return Sb3Run(made, Sb3VecEnv(env, EpisodeMeter(2)), session)


def observations(make_env, count=2000):
    shape = make_env(1).single_observation_space.shape
    seen = RNG.normal(scale=2.0, size=(count, *shape)).astype(np.float32)
    if len(shape) == 2:
        seen[..., 0] = 1.0
    return seen


@pytest.mark.parametrize("name", CASES)
def test_before_training_it_acts_as_the_network_did(name, tmp_path):
    agent, make_env, start, settings = CASES[name]
    run = run_of(agent, make_env, start, tmp_path, **settings)
    network, seen = run.network(), observations(make_env)
    assert network.masked == SPECS[agent].uses_masks
    if start.decoding.low is None:
        assert same(network, start)  # to the last bit
        np.testing.assert_array_equal(network.logits(seen), start.logits(seen))
    else:
        np.testing.assert_allclose(network.act(seen), start.act(seen), atol=2e-5)
    # And so does the policy inside, in what it is shown.
    inside = run.model.policy
    first = run.view.env.reset()
    raw = np.stack([run.env.vector_env.look(copy) for copy in range(2)])
    masks = {"action_masks": run.env.vector_env.action_masks()} if network.masked else {}
    own, _ = inside.predict(first, deterministic=True, **masks)
    told = own if run.view.scale is None else run.view.scale.apply(own)
    expected = replace(start, masked=network.masked).act(raw, *masks.values())
    if run.view.normalizer is None:  # a reset alone changes running statistics
        np.testing.assert_allclose(told, expected, atol=2e-5)


def test_the_target_network_of_dqn_starts_there_too(tmp_path):
    run = run_of("dqn", UnmaskedCorridor, CASES["dqn"][2], tmp_path)
    q_net, target = run.model.q_net.state_dict(), run.model.q_net_target.state_dict()
    assert all((q_net[name] == target[name]).all() for name in q_net)


def test_the_critic_stays_fresh_and_keeps_the_sizes_of_the_settings(tmp_path):
    start = CASES["ppo"][2]
    run = run_of("ppo", UnmaskedCorridor, start, tmp_path / "ppo", net_arch=(5,))
    critic = [tuple(p.shape) for p in run.model.policy.mlp_extractor.value_net.parameters()]
    assert critic == [(5, 6), (5,)]
    run = run_of("sac", Target, CASES["sac"][2], tmp_path / "sac", net_arch=(5,))
    assert [m.in_features for m in run.model.critic.qf0 if hasattr(m, "in_features")] == [4, 5]


def test_statistics_of_observations_go_on_from_those_of_the_network(tmp_path):
    start = replace(CASES["ppo-normalized"][2], notes={"steps": 5000})
    run = run_of("ppo", Target, start, tmp_path, **NORMALIZED)
    assert run.view.normalizer.obs_rms.count == 5000
    transform = run.network().transform
    np.testing.assert_allclose(transform.shift, TRANSFORM.shift, rtol=1e-6)
    np.testing.assert_allclose(transform.scale, TRANSFORM.scale, rtol=1e-6)
    assert (transform.low, transform.high) == (-10, 10)


def test_a_fixed_transform_is_still_there_after_training(tmp_path):
    start = CASES["ppo-fixed"][2]
    settings = {**ON_POLICY, "steps": 512}
    network, _ = Recipe("ppo", Target, settings).train(tmp_path, start=start)
    np.testing.assert_array_equal(network.transform.shift, TRANSFORM.shift)
    np.testing.assert_array_equal(network.transform.scale, TRANSFORM.scale)
    assert not np.array_equal(network.body.layers[0].weight, start.body.layers[0].weight)
    assert [layer.weight.shape[0] for layer in network.body.layers] == [9, 7, 2]


@pytest.mark.parametrize("name", ["ppo-normalized", "ppo-fixed", "masked-items", "dqn", "sac"])
def test_an_interrupted_training_from_a_network_ends_the_same(name, tmp_path):
    agent, make_env, start, settings = CASES[name]
    length = {"steps": 600} if agent in ("dqn", "sac") else {**ON_POLICY, "steps": 1024}
    recipe = Recipe(agent, make_env, {**length, **settings})
    whole, _ = recipe.train(tmp_path / "whole", seed=3, start=start)
    recipe.interrupt(tmp_path / "cut", 1, seed=3, start=start)
    resumed, _ = recipe.train(tmp_path / "cut", seed=3, start=start, resume=True)
    assert same(whole, resumed)


def test_resuming_without_the_network_it_started_from_is_refused(tmp_path):
    start = replace(CASES["ppo-fixed"][2], body=Stack((dense(2, 32, "relu"), dense(32, 2))))
    recipe = Recipe("ppo", Target, {**ON_POLICY, "steps": 1024, "net_arch": (32,)})
    recipe.interrupt(tmp_path, 1, start=start)
    with pytest.raises(UserError, match="began from a network with another transform"):
        recipe.train(tmp_path, resume=True)


def refused(agent, make_env, start, tmp_path, **settings):
    with pytest.raises(UserError) as caught:
        run_of(agent, make_env, start, tmp_path, **settings)
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize("agent", SB3)
def test_a_network_for_other_observations(agent, tmp_path):
    make_env, start = (Target, Network(stack(3, 2), CLIP)) if agent == "sac" else (
        Corridor, Network(stack(3, 3)),
    )  # fmt: skip
    message = refused(agent, make_env, start, tmp_path)
    assert "it maps 3 observed values to" in message
    assert f"but agent {agent!r} needs one that maps " in message


def test_a_network_for_other_actions(tmp_path):
    message = refused("ppo", Corridor, Network(stack(6, 3), Decoding(start=2)), tmp_path)
    assert "decoded by argmax from 2" in message
    message = refused("ppo", Target, Network(stack(2, 2), TANH), tmp_path)
    assert "decoded by tanh to [-2.0, -1.0]..[2.0, 3.0]" in message
    assert "decoded by clip to" in message
    wider = Decoding("clip", low=np.float32([-2, -1]), high=np.float32([2, 4]))
    assert "..[2.0, 4.0]" in refused("ppo", Target, Network(stack(2, 2), wider), tmp_path)
    assert "decoded by clip" in refused("sac", Target, Network(stack(2, 2), CLIP), tmp_path)


def test_a_network_of_another_shape(tmp_path):
    message = refused("ppo", Basket, Network(stack(8, 5)), tmp_path)
    assert "scores items of 2 features and 1 more actions" in message
    thin = replace(scorer(), rest=(dense(5, 3, "tanh"), dense(3, 1)))
    message = refused("ppo", Basket, Network(thin), tmp_path)
    assert "the same sizes in scorer and rest" in message


def test_a_network_with_masks_for_an_agent_without(tmp_path):
    message = refused("ppo", Corridor, Network(stack(6, 3), masked=True), tmp_path)
    assert "acts under action masks, but agent 'ppo'" in message


def test_activations_that_sb3_does_not_mix(tmp_path):
    mixed = Stack((dense(6, 4, "relu"), dense(4, 4, "tanh"), dense(4, 3)))
    assert "one activation" in refused("dqn", Corridor, Network(mixed), tmp_path)


def test_normalisation_that_the_network_does_not_know(tmp_path):
    message = refused("ppo", Target, Network(stack(2, 2), CLIP), tmp_path, **NORMALIZED)
    assert "trained without normalize_observations" in message
    lopsided = Network(stack(2, 2), CLIP, replace(TRANSFORM, low=-1.0))
    message = refused("ppo", Target, lopsided, tmp_path, **NORMALIZED)
    assert "set it to false" in message


def test_policies_with_several_roles_and_weights_that_are_not_finite(tmp_path):
    several = RolePolicy({"one": Network(stack(6, 3))})
    assert "several roles" in refused("ppo", Corridor, several, tmp_path)
    broken = Network(Stack((Dense(np.full((3, 6), np.nan), np.zeros(3)),)))
    assert "NaN" in refused("ppo", Corridor, broken, tmp_path)


def test_bounds_that_a_run_put_before_the_network_do_not_matter(tmp_path):
    """In a training nothing lies beyond the bounds; the run adds them again at its end."""
    clip = InputClip(np.zeros(6), np.ones(6))
    start = replace(CASES["ppo"][2], input_clip=clip)
    network = run_of("ppo", UnmaskedCorridor, start, tmp_path).network()
    assert network.input_clip is None
    inside = RNG.random((100, 6))
    np.testing.assert_array_equal(network.logits(inside), start.logits(inside))


def test_rounds_obey_masks_that_the_network_before_did_not_know(tmp_path):
    start = CASES["ppo"][2]
    settings = {"rounds": 1, "episodes": 8, "keep": 2}
    network, _ = Recipe("self-labelling", Corridor, settings).train(tmp_path, start=start)
    assert network.masked
    with pytest.raises(UserError, match="acts under action masks, but agent 'self-labelling'"):
        Recipe("self-labelling", UnmaskedCorridor, settings).train(
            tmp_path / "b", start=replace(start, masked=True)
        )


def test_the_descriptions_say_so():
    assert all(SPECS[name].starts_from_network for name in SB3)
