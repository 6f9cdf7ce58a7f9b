"""The portable network acts as the policy it came from, over 100,000 observations."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("stable_baselines3")

import torch
from gymnasium.spaces import Box, Discrete
from recipes import SPECS, make_agent
from toy_envs import Basket, Corridor, Switches, Target, UnmaskedCorridor

from rlsys.adapters.sb3 import Sb3VecEnv
from rlsys.agents.sb3.agent import Sb3Run
from rlsys.agents.sb3.to_network import to_network
from rlsys.errors import UserError
from rlsys.network import Network
from rlsys.rollout import EpisodeMeter
from rlsys.training import Problem, Session

COUNT = 100_000
CASES = {
    "ppo-discrete": ("ppo", UnmaskedCorridor, {}),
    "ppo-clipped": ("ppo", Target, {"activation": "tanh"}),
    "ppo-multi": ("ppo", Switches, {}),
    "ppo-items": ("ppo", Basket, {}),
    "masked": ("maskable-ppo", Corridor, {}),
    "masked-tanh-deep": ("maskable-ppo", Corridor, {"activation": "tanh", "net_arch": (9, 8, 7)}),
    "masked-linear": ("maskable-ppo", Corridor, {"net_arch": ()}),
    "masked-multi": ("maskable-ppo", Switches, {}),
    "masked-items": ("maskable-ppo", Basket, {"encoder": (8, 9), "scorer": (7,)}),
    "dqn": ("dqn", UnmaskedCorridor, {}),
    "sac": ("sac", Target, {}),
}


def random_observations(env, masked, generator):
    """Normal values, some beyond any clipping; where there are masks, some items are padding.

    Padding is alike and so are its logits but for rounding: only a mask makes a choice among them
    well defined.
    """
    shape = env.single_observation_space.shape
    seen = generator.normal(scale=3.0, size=(COUNT, *shape)).astype(np.float32)
    if len(shape) == 2:
        seen[..., 0] = generator.random((COUNT, shape[0])) < (0.7 if masked else 1.0)
        seen *= seen[..., :1]
    return seen


def random_masks(env, observations, generator):
    masks = generator.random((COUNT, len(env.action_masks()[0]))) < 0.6
    if isinstance(env, Basket):
        masks[:, :-1] &= observations[..., 0] == 1
    masks[:, -1] |= ~masks.any(axis=1)
    if isinstance(env, Switches):
        masks[:, 3] |= ~masks[:, 3:].any(axis=1)
        masks[:, 0] |= ~masks[:, :3].any(axis=1)
    return masks


def run_of(name, env, tmp_path, **settings):
    """Return a training that has not begun."""
    problem = Problem(lambda _: env)
    session = Session(tmp_path, 1, problem)
    return Sb3Run(make_agent(name, **settings), Sb3VecEnv(env, EpisodeMeter(2)), session)


@pytest.mark.parametrize("normalized", [False, True])
@pytest.mark.parametrize("name", CASES)
def test_same_actions_as_the_policy(name, normalized, tmp_path):
    agent_name, kind, settings = CASES[name]
    env = kind(2)
    normalized = normalized and len(env.single_observation_space.shape) == 1
    run = run_of(agent_name, env, tmp_path, **settings, normalize_observations=normalized)
    policy, normalizer = run.model.policy, run.view.normalizer
    if normalized:
        normalizer.clip_obs = 2.0
        width = env.single_observation_space.shape
        normalizer.obs_rms.mean = np.linspace(-1, 1, width[0])
        normalizer.obs_rms.var = np.linspace(0.5, 3, width[0])
    generator = np.random.default_rng(2)
    with torch.no_grad():
        for parameter in policy.parameters():
            parameter.copy_(torch.from_numpy(generator.normal(0, 0.5, parameter.shape)))
    network = run.network()
    network.save(tmp_path / "network.npz")
    network = Network.load(tmp_path / "network.npz")

    masked = SPECS[agent_name].uses_masks
    observations = random_observations(env, masked, generator)
    shown = observations if normalizer is None else normalizer.normalize_obs(observations)
    if masked:
        masks = random_masks(env, observations, generator)
        expected, _ = policy.predict(shown, deterministic=True, action_masks=masks)
        actions = network.act(observations, masks)
    else:
        expected, _ = policy.predict(shown, deterministic=True)
        actions = network.act(observations)
    assert actions.shape == expected.shape
    if isinstance(env.single_action_space, Box):
        if run.view.scale is not None:
            expected = run.view.scale.apply(expected)
        np.testing.assert_allclose(actions, expected, atol=2e-5)
        assert len(np.unique(expected.round(3))) > 1000
    else:
        np.testing.assert_array_equal(actions, expected)
        assert len(np.unique(expected)) > 1


def test_the_first_actions_number_comes_back(tmp_path):
    run = run_of("dqn", Corridor(2, first=10), tmp_path)
    network = run.network()
    observations = np.random.default_rng(0).random((100, 6))
    expected, _ = run.model.policy.predict(observations.astype(np.float32), deterministic=True)
    np.testing.assert_array_equal(network.act(observations), expected + 10)


def test_parts_that_cannot_be_held_are_refused_by_name(tmp_path):
    policy = run_of("ppo", UnmaskedCorridor(2), tmp_path).model.policy
    policy.mlp_extractor.policy_net[1] = torch.nn.GELU()
    with pytest.raises(UserError, match="GELU"):
        to_network(policy, Discrete(3))
    with pytest.raises(UserError, match="Linear is not a policy"):
        to_network(torch.nn.Linear(1, 1), Discrete(3))
