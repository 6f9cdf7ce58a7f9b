"""How `sb3-shared` feeds Stable-Baselines3's PPO, and what comes out of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("stable_baselines3")

import torch
from gymnasium.spaces import Box, MultiDiscrete
from pydantic import ValidationError
from role_envs import Alone, Haul, RoleEnv, Watch
from role_recipes import RoleRecipe, evaluate, recipe, same_policies

from rlsys.agents.roles import shared_ppo
from rlsys.agents.roles.settings import SharedPpoSettings
from rlsys.agents.roles.shared_ppo import SharedPpoRun, build_ppo, fill_buffer
from rlsys.errors import UserError
from rlsys.network import Network
from rlsys.roles import Role
from rlsys.training import Session

ROLE = Role("pair", 2, Box(-1.0, 1.0, (3,)), Box(-1.0, 1.0, (2,)))


def run_of(make_env, tmp_path, **changes):
    """Return a training that has not started."""
    made = recipe("sb3-shared", make_env, **changes)
    problem = made.problem()
    configured = SharedPpoSettings(**made.settings)
    env = problem.make_env(configured.num_envs)
    return SharedPpoRun(configured, env, env.roles, problem, Session(tmp_path, 0, problem))


def rollout(model, slots, trajectories, seed=0):
    generator = np.random.default_rng(seed)
    shown = torch.from_numpy(generator.normal(size=(slots, trajectories, 3)).astype(np.float32))
    actions = generator.normal(size=(slots, trajectories, 2)).astype(np.float32)
    rewards = generator.normal(size=(slots, trajectories))
    ends = generator.random((slots, trajectories)) < 0.3
    after = torch.from_numpy(generator.normal(size=(trajectories, 3)).astype(np.float32))
    fill_buffer(model, shown, actions, rewards, ends, after)
    return shown, actions, rewards, ends, after


def test_returns_follow_each_trajectory_to_its_end_or_to_the_value_of_what_comes_next():
    settings = SharedPpoSettings(num_envs=3, n_steps=7, gamma=0.9, gae_lambda=1.0, minibatches=2)
    torch.manual_seed(0)
    model = build_ppo(settings, ROLE)
    _, _, rewards, ends, after = rollout(model, 7, 6)
    with torch.no_grad():
        beyond = model.policy.predict_values(after).flatten().numpy()
    expected = np.empty((7, 6))
    for trajectory in range(6):
        value = beyond[trajectory]
        for slot in reversed(range(7)):
            value = rewards[slot, trajectory] + 0.9 * (0 if ends[slot, trajectory] else value)
            expected[slot, trajectory] = value
    np.testing.assert_allclose(model.rollout_buffer.returns, expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(
        model.rollout_buffer.advantages,
        expected - model.rollout_buffer.values,
        rtol=1e-4,
        atol=1e-5,
    )


def test_the_buffer_holds_what_the_policy_itself_says_of_each_half_step():
    settings = SharedPpoSettings(num_envs=3, n_steps=7, minibatches=2)
    model = build_ppo(settings, ROLE)
    shown, actions, *_ = rollout(model, 7, 6)
    for slot in range(7):
        with torch.no_grad():
            distribution = model.policy.get_distribution(shown[slot])
            log_probs = distribution.log_prob(torch.from_numpy(actions[slot]))
            values = model.policy.predict_values(shown[slot]).flatten()
        np.testing.assert_allclose(model.rollout_buffer.log_probs[slot], log_probs, rtol=1e-4)
        np.testing.assert_allclose(model.rollout_buffer.values[slot], values, atol=1e-6)


def test_an_update_takes_the_same_number_of_gradient_steps_for_every_role(tmp_path):
    run = run_of(Watch, tmp_path, n_epochs=3, minibatches=5, steps=1)
    counts = {}
    for name, model in run.models.items():
        optimizer = model.policy.optimizer

        def counted(*args, name=name, step=optimizer.step, **kwargs):
            counts[name] = counts.get(name, 0) + 1
            return step(*args, **kwargs)

        optimizer.step = counted
    run.learn()
    assert counts == {"scout": 15, "guard": 15}


def test_later_roles_are_given_one_more_slot_to_see_what_follows(tmp_path):
    assert run_of(Haul, tmp_path, steps=1).total == 32 * 17
    assert run_of(Haul, tmp_path, steps=1, gamma=0.0).total == 32 * 16
    assert run_of(Alone, tmp_path, steps=1, gamma=0.9).total == 32 * 16


@pytest.mark.parametrize(("make_env", "gamma"), [(Haul, 0.9), (Alone, 0.9), (Haul, 0.0)])
def test_what_a_role_sees_next_is_what_it_is_bootstrapped_from(
    make_env, gamma, tmp_path, monkeypatch
):
    filled = []
    monkeypatch.setattr(shared_ppo, "fill_buffer", lambda *args: filled.append(args))
    monkeypatch.setattr(shared_ppo.PPO, "train", lambda _: None)
    seen = {}

    class Told(make_env):
        def look(self, role):
            shown = super().look(role)
            seen.setdefault(role, []).append(np.array(shown, np.float32))
            return shown

    made = replace(
        recipe("sb3-shared", make_env, gamma=gamma, steps=1, normalize_observations=False),
        make_env=Told,
    )
    problem = made.problem()
    configured = SharedPpoSettings(**made.settings)
    env = problem.make_env(configured.num_envs)
    session = Session(tmp_path, 0, problem)
    run = SharedPpoRun(configured, env, env.roles, problem, session)
    monkeypatch.setattr(session, "boundary", lambda *_: None)
    run.learn()
    for role, (_, shown, _, _, ends, after) in zip(run.roles, filled, strict=True):
        told = np.stack(seen[role.name])
        np.testing.assert_array_equal(shown, told[:16].reshape(shown.shape))
        assert ends.shape == shown.shape[:2]
        if role is not run.roles[0] and not gamma:
            assert after is None
        else:
            np.testing.assert_array_equal(after, told[16].reshape(after.shape))


def test_all_agents_earn_the_scaled_reward_of_their_copy(tmp_path):
    lines = []
    for scale in (1.0, 1e4):

        class Rich(Watch):
            factor = scale

            def settle(self):
                rewards, ends = super().settle()
                return rewards * self.factor, ends

        made = replace(recipe("sb3-shared", Watch, steps=1), make_env=Rich)
        problem = made.problem()
        configured = SharedPpoSettings(**made.settings)
        env = problem.make_env(configured.num_envs)
        run = SharedPpoRun(configured, env, env.roles, problem, Session(tmp_path, 0, problem))
        run.learn()
        # `get` has concatenated the trajectories; the slots of one are neighbours.
        rewards = {
            name: model.rollout_buffer.rewards.reshape(16, -1) for name, model in run.models.items()
        }
        assert np.array_equal(rewards["scout"], np.repeat(rewards["guard"], 3, axis=1))
        assert float(rewards["guard"].std()) == pytest.approx(1.0, abs=0.05)
        lines.append(rewards["guard"])
    np.testing.assert_allclose(lines[0], lines[1], rtol=1e-4)


def test_the_portable_policy_acts_as_the_torch_one(tmp_path):
    run = run_of(Watch, tmp_path, steps=1024, net_arch=(12, 9))
    policy = run.learn()
    generator = np.random.default_rng(5)
    for role, scale in zip(run.roles, ([1000.0, 1.0], 1.0), strict=True):
        policy.networks[role.name].save(tmp_path / "network.npz")
        network = Network.load(tmp_path / "network.npz")
        shape = (20_000, *role.observation_space.shape)
        seen = generator.normal(0, scale, shape).astype(np.float32)
        shown = run.shown(role, seen.reshape(20_000, -1)).numpy()
        expected, _ = run.models[role.name].policy.predict(shown, deterministic=True)
        acted = network.act(seen)
        if isinstance(role.action_space, Box):
            np.testing.assert_allclose(acted, expected, atol=2e-5)
            assert len(np.unique(acted.round(3))) > 100
        else:
            np.testing.assert_array_equal(acted, expected + Watch.first)
            assert len(np.unique(acted)) > 1


def test_several_discrete_choices_at_once(tmp_path):
    class Signs(RoleEnv):
        """Two agents name the signs of two numbers each."""

        memory_shape = (2, 2)
        horizon = 4

        def __init__(self, num_envs):
            reader = Role("reader", 2, Box(-1.0, 1.0, (2,)), MultiDiscrete([2, 2]))
            super().__init__(num_envs, (reader,))

        def draw(self, copies, first):
            del first
            for copy in copies:
                self.memory[copy] = self.generators[copy].uniform(-1, 1, (2, 2))

        def look(self, role):
            del role
            return self.memory

        def settle(self):
            right = self.decided["reader"] == (self.memory > 0)
            return right.mean(axis=(1, 2)), np.zeros(self.num_envs, bool)

    made = replace(recipe("sb3-shared", Alone), make_env=Signs)
    assert evaluate(Signs, made.train(tmp_path)).mean() > 3.9


class Crowd(RoleEnv):
    """Forty agents each name the sign of a number they see; all share the share that is right.

    The noise of the shared reward is a hundred times the effect of one agent.
    """

    agents = 40
    memory_shape = (agents, 1)
    horizon = 2

    def __init__(self, num_envs):
        one = Role("one", self.agents, Box(-1.0, 1.0, (1,)), Box(-1.0, 1.0, (1,)))
        super().__init__(num_envs, (one,))

    def draw(self, copies, first):
        del first
        for copy in copies:
            self.memory[copy] = self.generators[copy].uniform(-1, 1, self.memory_shape)

    def look(self, role):
        del role
        return self.memory

    luck = 2.5

    def settle(self):
        self.right = (self.decided["one"] > 0) == (self.memory > 0)
        luck = self.luck * np.array([generator.normal() for generator in self.generators])
        return self.right.mean(axis=(1, 2)) + luck, np.zeros(self.num_envs, bool)


class Credited(Crowd):
    def difference_rewards(self):
        return {"one": self.right[..., 0] / self.agents}


class Luckless(Crowd):
    luck = 0.0


CROWDED = {
    "num_envs": 16, "n_steps": 8, "steps": 2_000, "gamma": 0.0, "net_arch": (8,),
    "critic_arch": (8,), "learning_rate": 4e-3,
}  # fmt: skip


def crowded(make_env, **changes):
    return RoleRecipe("sb3-shared", make_env, {**CROWDED, **changes})


def test_each_agent_learns_from_what_its_own_decision_was_worth(tmp_path):
    run = crowded(Credited, steps=1, credit="difference", normalize_rewards=False)
    problem = run.problem()
    configured = SharedPpoSettings(**run.settings)
    told = []

    class Kept(Credited):
        def difference_rewards(self):
            told.append(super().difference_rewards()["one"])
            return {"one": told[-1]}

    env = Kept(16)
    training = SharedPpoRun(configured, env, env.roles, problem, Session(tmp_path, 0, problem))
    training.learn()
    # `get` has flattened the buffer.
    rewards = training.models["one"].rollout_buffer.rewards.reshape(8, -1)
    np.testing.assert_allclose(rewards, np.stack(told).reshape(8, -1), rtol=1e-6)


def test_with_credit_a_crowd_learns_what_it_cannot_from_the_shared_reward(tmp_path):
    shared = crowded(Crowd).train(tmp_path / "shared")
    credited = crowded(Credited, credit="difference").train(tmp_path / "credited")
    assert evaluate(Luckless, credited).mean() > 1.9
    assert evaluate(Luckless, shared).mean() < 1.7


def test_resumed_training_with_credit_ends_bit_for_bit_the_same(tmp_path):
    made = crowded(Credited, credit="difference", steps=128 * 6)
    whole = made.train(tmp_path / "whole")
    made.interrupt(tmp_path / "parts", 3)
    assert same_policies(whole, made.train(tmp_path / "parts", resume=True))


def test_credit_needs_an_environment_that_tells(tmp_path):
    with pytest.raises(UserError, match="Crowd has none; use credit 'team'"):
        crowded(Crowd, credit="difference").train(tmp_path)

    class Wrong(Credited):
        def difference_rewards(self):
            return {"one": np.zeros((self.num_envs, 3))}

    with pytest.raises(UserError, match=r"shape \(16, 3\).*finite values of shape \(16, 40"):
        crowded(Wrong, credit="difference").train(tmp_path)


def test_credit_is_for_slots_that_do_not_depend_on_one_another():
    with pytest.raises(ValidationError, match=r"needs gamma 0 \(got 0.9\)"):
        SharedPpoSettings(credit="difference", gamma=0.9)
