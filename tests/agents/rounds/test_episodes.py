"""Sampling follows the policy's probabilities; the kept episodes are the best distinct ones."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("gymnasium")

import torch
from recipes import RECIPES
from scipy.stats import chisquare
from toy_envs import Basket, Corridor, CorridorOracle

from rlsys.agents.rounds.episodes import (
    Openings,
    PersistentSampler,
    Recorder,
    Sampled,
    replay,
    sample_actions,
    sample_episodes,
)
from rlsys.agents.rounds.imitation import imitation_loss
from rlsys.agents.rounds.labelled import Labelled, LabelledStates
from rlsys.agents.rounds.self_labelling import _Elite, _is_one_instance, advantages


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_actions_have_the_softmax_distribution_under_the_mask(temperature):
    logits = np.array([0.3, -1.0, 2.0, 0.9], np.float32)
    mask = np.array([True, True, False, True])
    count = 40_000
    drawn = sample_actions(
        np.tile(logits, (count, 1)),
        np.tile(mask, (count, 1)),
        temperature,
        np.random.default_rng(1),
    )
    weights = np.where(mask, np.exp(logits.astype(float) / temperature), 0.0)
    found = np.bincount(drawn, minlength=4)
    assert found[2] == 0
    assert chisquare(found[mask], count * weights[mask] / weights.sum()).pvalue > 1e-3


def test_temperature_zero_is_greedy_under_the_mask():
    logits = np.array([[1.0, 3.0, 2.0]], np.float32)
    mask = np.array([[True, False, True]])
    assert sample_actions(logits, mask, 0.0, np.random.default_rng(0)).tolist() == [2]


def test_persistent_noise_keeps_each_choice_but_ties_neighbouring_ones():
    logits = np.tile(np.array([0.3, -1.0, 2.0, 0.9], np.float32), (40_000, 1))
    mask = np.array([True, True, False, True])
    masks = np.tile(mask, (len(logits), 1))
    choose = PersistentSampler((1.0,), 0.8, np.random.default_rng(2))
    drawn = [choose(logits, masks) for _ in range(3)]
    probability = np.where(mask, np.exp(logits[0].astype(float)), 0.0)
    probability /= probability.sum()
    for actions in drawn:
        found = np.bincount(actions, minlength=4)
        assert chisquare(found[mask], len(logits) * probability[mask]).pvalue > 1e-3
    # Kept noise repeats the choice; new noise repeats it only sometimes.
    expected = 0.8 + 0.2 * (probability**2).sum()
    assert (drawn[0] == drawn[1]).mean() == pytest.approx(expected, abs=0.01)


def test_episodes_begin_with_their_openings():
    generator = np.random.default_rng(0)
    lengths = np.array([0, 1, 3])
    opening = Openings(np.tile([2, 2, 2], (3, 1)), lengths)
    episodes, _ = sample_episodes(
        Corridor(3),
        lambda seen, _: np.tile(np.array([0, 0, -np.inf], np.float32), (len(seen), 1)),
        [1] * 3,
        PersistentSampler((1.0,), 0.0, generator),
        opening,
    )
    for episode, length in zip(episodes, lengths, strict=True):
        assert (episode.actions == 2).tolist() == [i < length for i in range(len(episode.actions))]


def test_a_replay_sees_what_was_sampled():
    generator = np.random.default_rng(0)

    def logits(seen, masks):
        assert (masks.sum(axis=1) > 1).all()  # nobody asks where there is no choice
        return np.zeros((len(seen), Basket.places + 1), np.float32)

    seeds = list(range(20))
    episodes, steps = sample_episodes(
        Basket(20), logits, seeds, PersistentSampler((1.0,), 0.0, generator)
    )
    assert steps == sum(len(episode.actions) for episode in episodes)
    for episode, seen in zip(episodes, replay(Basket(3), episodes), strict=True):
        env = Basket(1)
        observation, _ = env.reset(seed=episode.seed)
        reward = 0.0
        for step, action in enumerate(episode.actions):
            np.testing.assert_array_equal(seen.observations[step], observation[0])
            np.testing.assert_array_equal(seen.masks[step], env.action_masks()[0])
            observation, rewards, terminated, truncated, _ = env.step(np.array([action]))
            reward += rewards[0]
            assert (terminated[0] or truncated[0]) == (step == len(episode.actions) - 1)
        assert reward == pytest.approx(episode.reward)


def test_a_recorder_has_each_choice_with_its_probability():
    generator = np.random.default_rng(0)

    def logits(seen, masks):
        return seen[..., 1].repeat(2, axis=1)[:, : masks.shape[1]]

    recorder = Recorder()
    episodes, _ = sample_episodes(
        Basket(20),
        logits,
        list(range(20)),
        PersistentSampler((1.0,), 0.0, generator),
        recorder=recorder,
    )
    seen, copies, likely = recorder.seen()
    for copy, (episode, replayed) in enumerate(
        zip(episodes, replay(Basket(3), episodes), strict=True)
    ):
        choices = replayed.masks.sum(axis=1) > 1
        own = copies == copy
        np.testing.assert_array_equal(seen.observations[own], replayed.observations[choices])
        np.testing.assert_array_equal(seen.actions[own], episode.actions[choices])
        for scores, mask, action, one in zip(
            logits(seen.observations[own], seen.masks[own]),
            seen.masks[own],
            seen.actions[own],
            likely[own],
            strict=True,
        ):
            expected = np.exp(scores[action]) / np.exp(scores[mask]).sum()
            assert np.exp(one) == pytest.approx(expected, rel=1e-4)


def test_where_there_is_no_choice_nothing_is_recorded():
    class OneWay(Corridor):
        def action_masks(self):
            return np.eye(1, 3, 2, dtype=bool).repeat(self.num_envs, axis=0)

    recorder, generator = Recorder(), np.random.default_rng(0)
    sample_episodes(
        OneWay(2),
        lambda seen, _: np.zeros((len(seen), 3), np.float32),
        [1, 1],
        PersistentSampler((1.0,), 0.0, generator),
        recorder=recorder,
    )
    assert len(recorder) == 0


def test_episodes_are_compared_with_those_of_their_instance():
    found = advantages([4, 4, 9, 9, 9, 4], [1.0, 3.0, 7.0, 7.0, 7.0, 8.0])
    deviation = np.std([1.0, 3.0, 8.0])
    assert found == pytest.approx([-3 / deviation, -1 / deviation, 0, 0, 0, 4 / deviation])


def test_the_elite_is_the_best_distinct_episodes_of_all_rounds():
    generator = np.random.default_rng(5)
    elite, everything = _Elite(keep=6), {}
    for _ in range(4):
        episodes, _ = sample_episodes(
            Corridor(50),
            lambda seen, _: np.zeros((len(seen), 3), np.float32),
            [1] * 50,
            PersistentSampler((1.0,), 0.5, generator),
        )
        everything |= {episode.identity: episode.reward for episode in episodes}
        elite.take_in(episodes, Corridor(4))
    kept = [episode.reward for episode, _ in elite.members]
    assert kept == pytest.approx(sorted(everything.values(), reverse=True)[:6])
    assert len({episode.identity for episode, _ in elite.members}) == 6


def test_instances_are_told_apart_by_playing_the_same_actions():
    assert _is_one_instance(Corridor)
    assert not _is_one_instance(Basket)


def test_equal_episodes_of_different_seeds_are_different():
    actions = np.array([1, 2])
    assert Sampled(1, actions, 0.0).identity != Sampled(2, actions, 0.0).identity


def test_loss_of_imitation_by_hand():
    probabilities = torch.tensor([[0.5, 0.3, 0.2], [0.1, 0.9, 0.0]])
    regrets = torch.tensor([[0.0, 2.0, 0.0], [1.0, 0.0, 0.0]])
    log_probabilities = probabilities.clamp(min=1e-30).log()
    expected = (0.3 * 2 + 0.1 * 1) / 2
    cross = -(np.log(0.7) + np.log(0.9)) / 2
    assert imitation_loss(log_probabilities, regrets, 1.0, 0.0).item() == pytest.approx(expected)
    assert imitation_loss(log_probabilities, regrets, 0.0, 1.0).item() == pytest.approx(cross)
    assert imitation_loss(log_probabilities, regrets, 2.0, 3.0).item() == pytest.approx(
        2 * expected + 3 * cross
    )


def test_labelled_states_keep_the_newest():
    def states(first, last):
        values = np.arange(first, last)
        return Labelled(
            values[:, None].astype(np.float32),
            np.ones((len(values), 2), bool),
            np.zeros((len(values), 2), np.float32),
        )

    kept = LabelledStates(5)
    with pytest.raises(ValueError, match="no labelled states"):
        kept.draw(1, np.random.default_rng(0))
    kept.add(states(0, 3))
    kept.add(states(3, 7))
    assert len(kept) == 5
    drawn = kept.draw(500, np.random.default_rng(0)).observations
    assert sorted(set(drawn.ravel())) == [2, 3, 4, 5, 6]


def test_the_oracle_is_told_of_each_rounds_instances_once(tmp_path):
    oracle = CorridorOracle()
    recipe = RECIPES["imitation"]
    recipe.__class__("imitation", recipe.make_env, recipe.settings, lambda: oracle).train(tmp_path)
    assert oracle.resets == recipe.settings["rounds"]


@pytest.mark.parametrize("name", ["self-labelling", "imitation"])
def test_the_episodes_metrics_are_reported_with_the_reward(name, tmp_path):
    """Each copy plays one episode a round, so the lengths of all add up to the steps taken."""
    recipe = RECIPES[name]
    lines = []
    recipe.train(tmp_path, emit=lines.append)
    rounds = [line for line in lines if "loss" in line]
    assert len(rounds) == recipe.settings["rounds"]
    taken = np.diff([0, *(line["step"] for line in rounds)])
    played = [line["length"] * line["episodes"] for line in rounds]
    np.testing.assert_allclose(played, taken)
    assert all(np.isfinite(line["reward"]) for line in rounds)


@pytest.mark.parametrize("name", ["self-labelling", "imitation"])
def test_training_goes_on_from_a_given_network(name, tmp_path):
    """One round with a vanishing learning rate leaves the network that it was given."""
    recipe = RECIPES[name]
    given, _ = recipe.train(tmp_path / "given")
    settings = {**recipe.settings, "rounds": 1, "learning_rate": 1e-12}
    again, _ = recipe.__class__(name, recipe.make_env, settings, recipe.make_oracle).train(
        tmp_path / "again", start=given, seed=8
    )
    for old, new in zip(given.body.layers, again.body.layers, strict=True):
        np.testing.assert_allclose(old.weight, new.weight, atol=1e-6)
