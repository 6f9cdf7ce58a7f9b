"""The parts that `mappo` computes itself, each against an independent computation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("torch")

import torch
from gymnasium.spaces import Box, Discrete
from role_envs import Haul, Watch
from role_recipes import recipe
from torch.distributions import Categorical, Normal

from rlsys.agents.roles.central_critic import CentralCritic, half_step_advantages
from rlsys.agents.roles.mappo import Actor, MappoRun
from rlsys.agents.roles.settings import MappoSettings
from rlsys.network import Network
from rlsys.roles import Role
from rlsys.training import Session


def random_(shape, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).normal(size=shape).astype(np.float32))


def critic_over(*widths, seed=0, hidden=(16, 8)):
    torch.manual_seed(seed)
    critic = CentralCritic(widths, hidden, "tanh")
    with torch.no_grad():
        for parameter in critic.parameters():
            parameter.copy_(random_(parameter.shape, seed) * 0.5)
    return critic


def run_of(make_env, tmp_path, **changes):
    """Return a training that has not started, with its environment's roles."""
    made = recipe("mappo", make_env, **changes)
    problem = made.problem()
    configured = MappoSettings(**made.settings)
    env = problem.make_env(configured.num_envs)
    return MappoRun(configured, env, env.roles, problem, Session(tmp_path, 0, problem))


def test_no_half_step_is_judged_by_what_is_shown_after_it():
    critic = critic_over(4, 3, 2)
    shown = [random_((50, width), seed=width) for width in (4, 3, 2)]
    values = critic(shown)
    for later in range(3):
        changed = [s + 1.0 if index == later else s for index, s in enumerate(shown)]
        same = (critic(changed) == values).all(dim=0).tolist()
        assert same == [step < later for step in range(3)]
    np.testing.assert_array_equal(critic(shown[:1]).detach(), values[:, :1].detach())


def test_the_critic_is_one_dense_network_over_what_is_shown_and_whose_turn_it_is():
    widths = (4, 3, 2)
    critic = critic_over(*widths)
    shown = [random_((50, width), seed=width) for width in widths]
    values = critic(shown)
    weight = torch.cat([critic.shown, critic.acting.T], dim=1)
    for step in range(3):
        known = [s if index <= step else torch.zeros_like(s) for index, s in enumerate(shown)]
        turn = torch.eye(3)[step].expand(50, 3)
        dense = critic.rest(torch.cat([*known, turn], dim=1) @ weight.T).squeeze(-1)
        torch.testing.assert_close(values[:, step], dense)


def test_a_new_scale_of_values_changes_no_value():
    critic = critic_over(4, 2)
    shown = [random_((100, 4)), random_((100, 2), seed=1)]
    generator = np.random.default_rng(0)
    for scale in (1.0, 1e4, 1e-2):
        before = critic.values(shown)
        targets = (scale * generator.normal(3.0, 1.0, (20, 5, 2))).astype(np.float32)
        normalised = critic.normalised(targets)
        torch.testing.assert_close(
            critic.values(shown), before, rtol=1e-3, atol=1e-3 * float(before.abs().max())
        )
        back = normalised * float(critic.moments.std) + float(critic.moments.mean)
        rounding = 1e-6 * float(critic.moments.std)
        torch.testing.assert_close(back, torch.from_numpy(targets), rtol=1e-5, atol=rounding)
    first = critic_over(4, 2)
    normalised = first.normalised(targets)
    assert abs(float(normalised.mean())) < 1e-3
    assert abs(float(normalised.std()) - 1.0) < 1e-2


@given(
    st.integers(1, 6),
    st.integers(1, 3),
    st.floats(0, 1),
    st.floats(0, 1),
    st.integers(0, 2**32 - 1),
)
@settings(max_examples=60, deadline=None)
def test_advantages_are_the_weighted_mean_of_all_longer_estimates(slots, roles, gamma, lam, seed):
    generator = np.random.default_rng(seed)
    rewards = generator.normal(size=(slots, 1))
    ends = generator.random((slots, 1)) < 0.3
    values = generator.normal(size=(slots, 1, roles))
    following = generator.normal(size=1)
    found = half_step_advantages(rewards, ends, values, following, gamma, lam)[:, 0].ravel()

    # The definition, half-step by half-step: (1 - lambda) sum_n lambda^(n-1) (n-step return) - V.
    flat_values = np.append(values.ravel(), following)
    flat_rewards = np.zeros(slots * roles)
    flat_rewards[roles - 1 :: roles] = rewards[:, 0]
    discounts = np.ones(slots * roles)
    discounts[roles - 1 :: roles] = gamma * ~ends[:, 0]
    for begin in range(slots * roles):
        estimates, gained, discount = [], 0.0, 1.0
        for step in range(begin, slots * roles):
            gained += discount * flat_rewards[step]
            discount *= discounts[step]
            estimates.append(gained + discount * flat_values[step + 1])
        count = len(estimates)
        weights = [(1 - lam) * lam**n for n in range(count - 1)] + [lam ** (count - 1)]
        expected = np.dot(weights, estimates) - flat_values[begin]
        assert found[begin] == pytest.approx(expected, abs=1e-5)


def test_log_probabilities_and_entropies_are_those_of_torch_distributions():
    settings_ = MappoSettings(initial_std=0.3, net_arch=(8,))
    shown = random_((200, 3))
    far = Actor(Role("r", 2, Box(-1, 1, (3,)), Box(-1, 1, (2,))), settings_)
    assert far.log_std is not None
    normal = Normal(far.body(shown), far.log_std.exp())
    actions = far.sample(shown).detach()
    log_probs, entropy = far.judge(shown, actions)
    torch.testing.assert_close(log_probs, normal.log_prob(actions).sum(dim=-1))
    torch.testing.assert_close(entropy, normal.entropy().sum(dim=-1).mean())
    assert float((actions - far.body(shown)).detach().std()) == pytest.approx(0.3, rel=0.1)

    pick = Actor(Role("r", 2, Box(-1, 1, (3,)), Discrete(4)), settings_)
    categorical = Categorical(logits=pick.body(shown))
    actions = pick.sample(shown)
    log_probs, entropy = pick.judge(shown, actions)
    torch.testing.assert_close(log_probs, categorical.log_prob(actions))
    torch.testing.assert_close(entropy, categorical.entropy().mean())
    assert set(actions.tolist()) == {0, 1, 2, 3}


def test_the_portable_policy_acts_as_the_torch_one(tmp_path):
    run = run_of(Watch, tmp_path, steps=1024, net_arch=(12, 9))
    policy = run.learn()
    for role, scale in zip(run.roles, ([1000.0, 1.0], 1.0), strict=True):
        policy.networks[role.name].save(tmp_path / "network.npz")
        network = Network.load(tmp_path / "network.npz")
        shape = (20_000, *role.observation_space.shape)
        seen = (np.array(scale) * random_(shape, seed=5).numpy()).astype(np.float32)
        with torch.no_grad():
            outputs = run.actors[role.name].body(run.shown(role, seen.reshape(20_000, -1)))
        acted = network.act(seen)
        if isinstance(role.action_space, Box):
            np.testing.assert_allclose(acted, outputs.clamp(-1, 1), atol=2e-5)
            assert len(np.unique(acted.round(3))) > 100
        else:
            np.testing.assert_array_equal(acted, outputs.argmax(dim=-1) + Watch.first)
            assert len(np.unique(acted)) > 1


def test_what_is_learned_for_one_role_does_not_hang_on_the_gradients_of_another(tmp_path):
    """Gradients are clipped per network: a large one does not shrink the others."""
    run = run_of(Haul, tmp_path, max_grad_norm=1e-3)
    with torch.no_grad():
        for parameter in run.actors["driver"].parameters():
            parameter.mul_(1e3)
    losses = {
        f"{role.name}/policy_loss": run.actors[role.name].body(
            torch.ones(4, role.observation_space.shape[0])
        ).square().sum() + 1e-1 * sum(p.sum() for p in run.actors[role.name].parameters())
        for role in run.roles
    }  # fmt: skip
    run.descend(losses)
    for actor in run.actors.values():
        norm = torch.cat([p.grad.flatten() for p in actor.parameters()]).norm()
        assert float(norm) == pytest.approx(1e-3, rel=1e-2)
