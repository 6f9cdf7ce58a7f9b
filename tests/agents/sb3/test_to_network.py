"""The portable network acts as the policy it came from, over 100,000 observations."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("stable_baselines3")

import torch
from gymnasium.spaces import Box, Discrete
from recipes import SPECS
from stable_baselines3.common.vec_env import VecNormalize
from toy_envs import Basket, Corridor, Switches, Target, UnmaskedCorridor

from rlsys.adapters.sb3 import Sb3VecEnv
from rlsys.agents.sb3.to_network import to_network
from rlsys.descriptors import resolve
from rlsys.errors import UserError
from rlsys.network import Network
from rlsys.rollout import EpisodeMeter

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


@pytest.mark.parametrize("normalized", [False, True])
@pytest.mark.parametrize("name", CASES)
def test_same_actions_as_the_policy(name, normalized, tmp_path):
    agent_name, kind, settings = CASES[name]
    spec = SPECS[agent_name]
    agent = resolve(spec.factory)(resolve(spec.config)(**settings))
    env = Sb3VecEnv(kind(2), EpisodeMeter(2))
    normalizer = None
    if normalized and len(env.observation_space.shape) == 1:
        normalizer = VecNormalize(env, clip_obs=2.0)
        width = env.observation_space.shape
        normalizer.obs_rms.mean = np.linspace(-1, 1, width[0])
        normalizer.obs_rms.var = np.linspace(0.5, 3, width[0])
    policy = agent.algorithm(normalizer or env, seed=1).policy
    generator = np.random.default_rng(2)
    with torch.no_grad():
        for parameter in policy.parameters():
            parameter.copy_(torch.from_numpy(generator.normal(0, 0.5, parameter.shape)))
    network = to_network(
        policy,
        env.vector_env.single_action_space,
        normalizer=normalizer,
        masked=spec.uses_masks,
    )
    network.save(tmp_path / "network.npz")
    network = Network.load(tmp_path / "network.npz")

    observations = random_observations(env.vector_env, spec.uses_masks, generator)
    shown = observations if normalizer is None else normalizer.normalize_obs(observations)
    if spec.uses_masks:
        masks = random_masks(env.vector_env, observations, generator)
        expected, _ = policy.predict(shown, deterministic=True, action_masks=masks)
        actions = network.act(observations, masks)
    else:
        expected, _ = policy.predict(shown, deterministic=True)
        actions = network.act(observations)
    assert actions.shape == expected.shape
    if isinstance(env.action_space, Box):
        np.testing.assert_allclose(actions, expected, atol=2e-5)
        assert len(np.unique(expected.round(3))) > 1000
    else:
        np.testing.assert_array_equal(actions, expected)
        assert len(np.unique(expected)) > 1


def test_the_first_actions_number_comes_back():
    agent = resolve(SPECS["dqn"].factory)(resolve(SPECS["dqn"].config)())
    env = Sb3VecEnv(Corridor(1, first=10), EpisodeMeter(1))
    policy = agent.algorithm(env, seed=0).policy
    network = to_network(policy, env.vector_env.single_action_space)
    observations = np.random.default_rng(0).random((100, 6))
    expected, _ = policy.predict(observations.astype(np.float32), deterministic=True)
    np.testing.assert_array_equal(network.act(observations), expected + 10)


def test_parts_that_cannot_be_held_are_refused_by_name():
    agent = resolve(SPECS["ppo"].factory)(resolve(SPECS["ppo"].config)())
    env = Sb3VecEnv(UnmaskedCorridor(1), EpisodeMeter(1))
    policy = agent.algorithm(env, seed=0).policy
    policy.mlp_extractor.policy_net[1] = torch.nn.GELU()
    with pytest.raises(UserError, match="GELU"):
        to_network(policy, Discrete(3))
    with pytest.raises(UserError, match="Linear is not a policy"):
        to_network(torch.nn.Linear(1, 1), Discrete(3))
