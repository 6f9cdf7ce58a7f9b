"""What `sb3-shared` and `mappo` have in common: they learn, resume exactly, and refuse clearly."""

from __future__ import annotations

import functools
from dataclasses import replace

import numpy as np
import pytest
from pydantic import ValidationError

pytest.importorskip("torch")
pytest.importorskip("stable_baselines3")

import torch
from gymnasium.spaces import Box, Dict, MultiDiscrete
from recipes import SPECS
from role_envs import Alone, Counter, Haul, Watch
from role_recipes import AGENTS, evaluate, recipe, same_policies
from toy_envs import Corridor

from rlsys.descriptors import resolve
from rlsys.errors import UserError
from rlsys.network import Scorer
from rlsys.policies import controller_of, load_policy
from rlsys.rollout import play
from rlsys.seeds import validation_seeds
from rlsys.training import NETWORK_FILE

pytestmark = pytest.mark.parametrize("agent", AGENTS)

# A continuous action is never exact; scouts that always report 0 and a guard that guesses lose
# 0.33 + 0.67 a slot.
MISSES_BY = {Watch: 0.1, Haul: 1e-6, Alone: 0.05, Counter: 0.02}
SHORT = {"steps": 2500}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Return policies and lines of metrics, trained once for each agent and environment."""

    @functools.cache
    def train(agent, make_env):
        lines = []
        path = tmp_path_factory.mktemp("trained")
        return recipe(agent, make_env).train(path, emit=lines.append), lines

    return train


@pytest.mark.parametrize("make_env", MISSES_BY)
def test_comes_near_the_optimum(agent, make_env, trained):
    policy, lines = trained(agent, make_env)
    rewards = evaluate(make_env, policy)
    assert rewards.max() <= make_env.optimum() + 1e-6
    assert make_env.optimum() - rewards.mean() <= MISSES_BY[make_env]
    reported = [line for line in lines if "seconds" in line]
    assert reported[-1]["step"] == reported[-1]["total"]
    steps = [line["step"] for line in reported]
    assert steps == sorted(set(steps))
    assert reported[-1]["slots"] <= make_env.horizon
    assert reported[-1]["reward"] > reported[0]["reward"]
    assert any(name.endswith("loss") for name in reported[-1])


def test_a_role_reacts_to_what_was_decided_in_the_same_slot(agent, trained):
    policy, _ = trained(agent, Watch)
    reports = np.random.default_rng(0).uniform(-1, 1, (1000, Watch.scouts, 1)).astype(np.float32)
    named = policy.networks["guard"].act(reports)
    assert np.mean(named == reports[..., 0].argmax(axis=1) + Watch.first) > 0.95


def test_a_role_that_sees_items_treats_them_all_alike(agent, trained, tmp_path):
    """A saved network scores items by their features, in any order and number."""
    policy, _ = trained(agent, Counter)
    policy.save(tmp_path / "network.npz")
    network = load_policy(tmp_path / "network.npz").networks["clerk"]
    assert isinstance(network.body, Scorer)
    assert network.transform is None
    items = np.zeros((50, 6, 2), np.float32)
    items[:, :4] = np.random.default_rng(0).uniform(0.05, 1, (50, 4, 2))
    items[:, :4, 0] = 1.0
    turned = np.random.default_rng(1).permuted(np.tile(np.arange(4), (50, 1)), axis=1)
    scores = network.act(items)
    assert scores.shape == (50, 6)
    moved = items.copy()
    moved[:, :4] = np.take_along_axis(items[:, :4], turned[:, :, None], axis=1)
    expected = np.take_along_axis(scores[:, :4], turned, axis=1)
    np.testing.assert_allclose(network.act(moved)[:, :4], expected, atol=1e-5)
    # Without the padding the logits are the same; only the bounds are those of six.
    np.testing.assert_allclose(
        network.logits(items[:, :4]), network.logits(items)[:, :4], atol=1e-5
    )


def test_items_that_do_not_fit_are_refused(agent, tmp_path):
    class Flat(Counter):
        def __init__(self, num_envs):
            super().__init__(num_envs)
            self.roles = (replace(self.roles[0], observation_space=Box(0.0, 1.0, (12,))),)

    class Few(Counter):
        def __init__(self, num_envs):
            super().__init__(num_envs)
            self.roles = (replace(self.roles[0], action_space=Box(-1.0, 1.0, (5,))),)

    for make_env, words in (
        (Flat, r"role 'clerk': observes items, so it needs a Box of shape \(items, features\)"),
        (Few, "observations of 6 items need Discrete actions or a Box vector with at least"),
    ):
        with pytest.raises(UserError, match=words):
            replace(recipe(agent, Counter), make_env=make_env).train(tmp_path)


def test_each_role_has_one_network_for_all_its_agents(agent, tmp_path):
    class Crowd(Watch):
        scouts = 9
        memory_shape = (9, 2)

    few = recipe(agent, Watch, **SHORT).train(tmp_path / "few")
    many = replace(recipe(agent, Watch, **SHORT), make_env=Crowd).train(tmp_path / "many")
    assert few.networks["scout"].parameters() == many.networks["scout"].parameters()


@pytest.mark.parametrize(
    ("make_env", "settings"),
    [
        (Watch, {}),
        (Haul, {"normalize_observations": False, "learning_rate_final": None}),
        (Alone, {"gamma": 0.9}),
        (Counter, {}),
    ],
    ids=["bandit", "foresight", "one-role", "items"],
)
def test_resumed_training_ends_bit_for_bit_the_same(agent, make_env, settings, tmp_path):
    short = recipe(agent, make_env, **{**SHORT, **settings})
    whole_lines, resumed_lines = [], []
    whole = short.train(tmp_path / "whole", seed=3, emit=whole_lines.append)
    short.interrupt(tmp_path / "cut", 2, seed=3, emit=resumed_lines.append)
    assert 0 < len(resumed_lines) < len(whole_lines)
    # Another process: its global generators have another state.
    np.random.seed(99)
    torch.manual_seed(99)
    short.interrupt(tmp_path / "cut", 1, seed=3, resume=True, emit=resumed_lines.append)
    np.random.seed(98)
    torch.manual_seed(98)
    resumed = short.train(tmp_path / "cut", seed=3, resume=True, emit=resumed_lines.append)
    assert same_policies(whole, resumed)

    def told(lines):
        return [{k: v for k, v in line.items() if k != "seconds"} for line in lines]

    assert told(resumed_lines) == told(whole_lines)


def test_an_environment_without_state_resumes_with_new_episodes(agent, tmp_path):
    class Forgetful(Watch):
        get_state = property()

    short = replace(recipe(agent, Watch, **SHORT), make_env=Forgetful)
    short.interrupt(tmp_path, 2)
    lines = []
    short.train(tmp_path, resume=True, emit=lines.append)
    assert lines[0]["step"] == 3 * 32 * 16
    assert lines[-1]["step"] == 5 * 32 * 16


@pytest.mark.parametrize("changed", [{"net_arch": (8,)}, {"normalize_observations": False}])
def test_other_settings_than_those_of_the_checkpoint_are_refused(agent, changed, tmp_path):
    short = recipe(agent, Watch, **SHORT)
    short.interrupt(tmp_path, 1)
    with pytest.raises(UserError, match="resume with the settings of the original training"):
        short.but(**changed).train(tmp_path, resume=True)


def test_the_seed_decides_everything(agent, tmp_path):
    short = recipe(agent, Watch, **SHORT)
    one = short.train(tmp_path / "1", seed=5)
    np.random.seed(1)
    torch.manual_seed(1)
    again = short.train(tmp_path / "2", seed=5)
    other = short.train(tmp_path / "3", seed=6)
    assert same_policies(one, again)
    assert not same_policies(one, other)


def test_the_best_checkpoint_plays_as_it_was_validated(agent, tmp_path):
    lines = []
    recipe(agent, Watch, **SHORT).train(
        tmp_path, emit=lines.append, checkpoint_every=512, validation_episodes=20
    )
    validated = [line["validation_reward"] for line in lines if "validation_reward" in line]
    assert len(validated) == 5
    policy = load_policy(tmp_path / "best" / NETWORK_FILE)
    assert policy.networks["scout"].notes["agent"] == agent
    assert np.isfinite(evaluate(Watch, policy, 5)).all()


def test_every_iteration_is_validated_where_that_is_asked_for_and_the_best_kept(agent, tmp_path):
    short = recipe(agent, Watch, **SHORT)
    lines, resumed = [], []
    judged = {"validate_every": 1, "validation_episodes": 4}
    whole = short.train(tmp_path / "whole", emit=lines.append, **judged)
    rewards = [line["validation_reward"] for line in lines if "validation_reward" in line]
    assert len(rewards) == 5
    assert not list((tmp_path / "whole").glob("step-*"))  # no checkpoint was asked for
    best = controller_of(load_policy(tmp_path / "whole/best" / NETWORK_FILE))
    again = play(Watch, best, validation_seeds(4))["reward"].mean()
    assert again == pytest.approx(max(rewards), abs=1e-9)
    assert same_policies(whole, short.train(tmp_path / "unwatched"))  # it has no side effects
    short.interrupt(tmp_path / "cut", 2, emit=resumed.append, **judged)
    short.train(tmp_path / "cut", resume=True, emit=resumed.append, **judged)
    assert [line.get("validation_reward") for line in resumed] == [
        line.get("validation_reward") for line in lines
    ]


def test_observations_of_any_scale_are_learned_from_only_if_normalised(agent, tmp_path):
    class Far(Alone):
        def look(self, role):
            return 1e5 * super().look(role) + 1e6

    scaled = replace(recipe(agent, Alone), make_env=Far)
    policy = scaled.train(tmp_path / "scaled")
    assert evaluate(Far, policy).mean() > 0.95 * Alone.optimum()
    raw = scaled.but(normalize_observations=False).train(tmp_path / "raw")
    assert all(network.transform is None for network in raw.networks.values())
    assert evaluate(Far, raw).mean() < 0.9 * Alone.optimum()


def refused(agent, make_env, tmp_path):
    with pytest.raises(UserError) as caught:
        replace(recipe(agent, Watch, **SHORT), make_env=make_env).train(tmp_path)
    message = str(caught.value)
    assert "\n" not in message
    assert not (tmp_path / "last").exists()
    return message


def watch_with(**spaces):
    """Return a watch whose scouts have other spaces."""

    def make(num_envs):
        env = Watch(num_envs)
        env.roles = (replace(env.roles[0], **spaces), env.roles[1])
        return env

    return make


def test_spaces_that_do_not_suit_are_refused(agent, tmp_path):
    box = Box(0, 1, (2,))
    message = refused(agent, watch_with(observation_space=Dict({"a": box})), tmp_path)
    assert f"agent {agent!r}, role 'scout': needs a Box observation" in message
    message = refused(agent, watch_with(action_space=Dict({"a": box})), tmp_path)
    assert "no built-in agent supports the action space Dict" in message
    message = refused(agent, watch_with(action_space=Box(0, 9, (1,), np.int64)), tmp_path)
    assert "no built-in agent gives the whole numbers of the action space" in message
    if agent == "mappo":
        message = refused(agent, watch_with(action_space=MultiDiscrete([2, 3])), tmp_path)
        assert "needs discrete or continuous actions, not multi-discrete actions" in message


class Percent(Watch):
    """Scouts report in percent of the way from -1 to 1."""

    def __init__(self, num_envs):
        super().__init__(num_envs)
        self.roles = (replace(self.roles[0], action_space=Box(0.0, 100.0, (1,))), self.roles[1])

    def _in_units(self):
        if "scout" in self.decided:
            self.decided["scout"] = self.decided["scout"] / np.float32(50.0) - np.float32(1.0)

    def look(self, role):
        percent = self.decided.get("scout")
        self._in_units()
        seen = super().look(role)
        if percent is not None:
            self.decided["scout"] = percent
        return seen

    def settle(self):
        self._in_units()
        return super().settle()


def test_scaled_actions_do_not_depend_on_the_units(agent, tmp_path):
    short = recipe(agent, Watch, num_envs=8, steps=256)
    unit = short.train(tmp_path / "unit").networks["scout"]
    percent = replace(short, make_env=Percent).train(tmp_path / "percent").networks["scout"]
    seen = np.random.default_rng(0).uniform(-2000, 2000, (1000, 2)).astype(np.float32)
    np.testing.assert_array_equal(percent.decoding.high, [100.0])
    np.testing.assert_allclose(percent.act(seen) / 50 - 1, unit.act(seen), atol=1e-3)
    assert np.ptp(unit.act(seen)) > 0.1
    unscaled = replace(short, make_env=Percent).but(scale_actions=False)
    network = unscaled.train(tmp_path / "unscaled").networks["scout"]
    assert network.act(seen).max() < 20  # still near where it began, at the lower edge


def test_actions_without_bounds_keep_their_units(agent, tmp_path):
    space = Box(-np.inf, 1.0, (1,))
    short = recipe(agent, Watch, num_envs=8, steps=128)
    policy = replace(short, make_env=watch_with(action_space=space)).train(tmp_path / "open")
    decoding = policy.networks["scout"].decoding
    assert (decoding.low[0], decoding.high[0]) == (-np.inf, 1.0)
    assert np.isfinite(evaluate(watch_with(action_space=space), policy, 5)).all()


def test_a_checkpoint_in_other_units_is_refused(agent, tmp_path):
    short = replace(recipe(agent, Watch, num_envs=8, steps=256), make_env=Percent)
    short.interrupt(tmp_path, 1)
    with pytest.raises(UserError, match="scale_actions has changed"):
        short.but(scale_actions=False).train(tmp_path, resume=True)


def test_what_another_agent_has_learned_is_not_thrown_away(agent, tmp_path):
    short = recipe(agent, Watch, num_envs=8, steps=128)
    policy = short.train(tmp_path / "first")
    with pytest.raises(UserError, match="cannot start from a network"):
        short.train(tmp_path / "second", start=policy)


def test_an_environment_without_roles_is_refused(agent, tmp_path):
    assert "Corridor has none" in refused(agent, Corridor, tmp_path)


def test_roles_out_of_turn_are_refused(agent, tmp_path):
    class Eager(Watch):
        acting = "guard"

        def look(self, role):
            del role
            return self.memory

    assert "acting is 'guard' in the half-step of role 'scout'" in refused(agent, Eager, tmp_path)


def test_nan_in_an_observation_is_refused_by_role_and_place(agent, tmp_path):
    class Blind(Watch):
        def look(self, role):
            seen = super().look(role)
            if role == "scout" and self.time.max() > 2:
                seen[-1, 1, 1] = np.nan
            return seen

    message = refused(agent, Blind, tmp_path)
    assert "value 1 of the observation of role 'scout' is NaN or infinity" in message


def test_nan_in_a_reward_is_refused(agent, tmp_path):
    class Broken(Watch):
        def settle(self):
            rewards, ends = super().settle()
            return rewards * np.where(self.time > 2, np.nan, 1), ends

    assert "a reward of NaN or infinity" in refused(agent, Broken, tmp_path)


def test_weights_that_have_become_nan_are_refused(agent, tmp_path, monkeypatch):
    step = torch.optim.Adam.step

    def diverge(self, closure=None):
        step(self, closure)
        self.param_groups[0]["params"][-1].data.fill_(np.nan)
        self.param_groups[0]["params"][1].data.fill_(np.nan)

    monkeypatch.setattr(torch.optim.Adam, "step", diverge)
    message = refused(agent, Watch, tmp_path)
    assert "role 'scout'" in message
    what = "weights" if agent == "mappo" else "policy's outputs"
    assert f"training diverged: the {what} contain NaN or infinity; lower" in message


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"minibatches": 513}, r"n_steps \* num_envs / 2 = 512"),
        ({"critic_arch": []}, "critic_arch"),
        ({"initial_std": 0}, "initial_std"),
        ({"gamma": 1.1}, "gamma"),
        ({"learning_rate": float("nan")}, "learning_rate"),
        ({"batch_size": 64}, "batch_size"),
    ],
)
def test_settings_out_of_range(agent, settings, words):
    with pytest.raises(ValidationError, match=words):
        resolve(SPECS[agent].config)(**settings)
