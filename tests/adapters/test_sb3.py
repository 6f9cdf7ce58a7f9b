"""Stable-Baselines3 sees the batch as it sees its own environments."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("stable_baselines3")

from sb3_contrib.common.maskable.utils import get_action_masks, is_masking_supported
from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize
from toy_envs import Basket, Corridor, Target, UnmaskedCorridor

from rlsys.adapters.sb3 import Sb3VecEnv
from rlsys.adapters.single import SingleEnv
from rlsys.rollout import EpisodeMeter
from rlsys.seeds import training_seeds


def adapted(env, metrics=()):
    return Sb3VecEnv(env, EpisodeMeter(env.num_envs, metrics))


@pytest.mark.parametrize("kind", [Corridor, Basket, Target])
def test_same_as_stable_baselines_own_vectorisation_of_single_environments(kind):
    """The other implementation is DummyVecEnv with one environment object per copy."""
    copies = 3
    ours = adapted(kind(copies))
    theirs = DummyVecEnv([lambda: SingleEnv(kind(1))] * copies)
    ours.seed(4)
    theirs._seeds = training_seeds(4, copies)
    np.testing.assert_array_equal(ours.reset(), theirs.reset())
    ours.action_space.seed(0)
    ended = 0
    for _ in range(100):
        actions = np.array([ours.action_space.sample() for _ in range(copies)])
        (seen, rewards, done, infos), (seen2, rewards2, done2, infos2) = (
            ours.step(actions),
            theirs.step(actions),
        )
        np.testing.assert_array_equal(seen, seen2)
        np.testing.assert_array_equal(rewards, rewards2)
        assert rewards.dtype == np.float32
        np.testing.assert_array_equal(done, done2)
        for copy in range(copies):
            if done[copy]:
                ended += 1
                np.testing.assert_array_equal(
                    infos[copy]["terminal_observation"], infos2[copy]["terminal_observation"]
                )
                assert infos[copy]["TimeLimit.truncated"] == infos2[copy]["TimeLimit.truncated"]
            else:
                assert infos[copy] == {}
    assert ended > 20


def test_an_info_written_into_by_the_normaliser_does_not_leak_into_later_steps():
    env = VecNormalize(adapted(Corridor(2)))
    env.reset()
    for _ in range(Corridor.horizon):
        *_, done, infos = env.step(np.array([0, 0]))
    assert done.all()
    assert "terminal_observation" in infos[0]
    *_, infos = env.step(np.array([0, 0]))
    assert infos == [{}, {}]


def test_masks_are_found_the_way_sb3_contrib_asks():
    env = adapted(Corridor(4, random=True))
    env.reset()
    assert is_masking_supported(env)
    np.testing.assert_array_equal(get_action_masks(env), env.vector_env.action_masks())
    assert not is_masking_supported(adapted(UnmaskedCorridor(4)))
    np.testing.assert_array_equal(
        get_action_masks(VecNormalize(env)), env.vector_env.action_masks()
    )


def test_actions_that_start_elsewhere_are_counted_from_zero():
    env = adapted(Corridor(1, first=10))
    assert env.action_space.start == 0
    env.reset()
    for action in (1, 1, 1):
        env.step(np.array([action]))
    assert env.step(np.array([2]))[1] == pytest.approx(0.99)


def test_meter_sees_raw_rewards_and_metrics_of_ended_episodes():
    meter = EpisodeMeter(2, ["length"])
    env = VecNormalize(Sb3VecEnv(Corridor(2), meter))
    env.reset()
    for action in (1, 1, 1, 2):
        env.step(np.array([action, 0]))
    assert meter.flush() == pytest.approx({"reward": 0.96, "length": 4.0, "episodes": 1.0})


def test_seeding_gives_training_seeds_once():
    env = adapted(Basket(3))
    env.seed(9)
    first = env.reset()
    again = env.reset()
    assert not np.array_equal(first, again)
    expected, _ = Basket(3).reset(seed=training_seeds(9, 3))
    np.testing.assert_array_equal(first, expected)
    assert max(training_seeds(9, 3)) < 1 << 30


def test_attributes_belong_to_the_whole_batch():
    env = adapted(Corridor(3))
    assert env.get_attr("cells") == [5, 5, 5]
    assert env.get_attr("cells", indices=1) == [5]
    with pytest.raises(AttributeError):
        env.get_attr("nothing")
    env.set_attr("horizon", 3)
    assert env.vector_env.horizon == 3
    with pytest.raises(ValueError, match="share"):
        env.set_attr("horizon", 3, indices=[0])
    assert env.env_is_wrapped(SingleEnv) == [False] * 3
