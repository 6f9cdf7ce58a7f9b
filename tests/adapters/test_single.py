"""A batch of one is an ordinary Gymnasium environment with the batch's own trajectory."""

from __future__ import annotations

import numpy as np
import pytest

gymnasium = pytest.importorskip("gymnasium")

from gymnasium.error import ResetNeeded  # noqa: E402
from gymnasium.utils.env_checker import check_env  # noqa: E402
from toy_envs import Basket, Corridor, Switches, Target, UnmaskedCorridor  # noqa: E402

from rlsys.adapters.single import SingleEnv  # noqa: E402
from rlsys.errors import UserError  # noqa: E402


@pytest.mark.parametrize("kind", [Corridor, Basket, Target, Switches])
@pytest.mark.filterwarnings("ignore:.*not within the tested range.*")
def test_passes_gymnasiums_own_check(kind):
    check_env(SingleEnv(kind(1)), skip_render_check=True)


@pytest.mark.parametrize("kind", [Corridor, Basket, Target, Switches])
def test_same_trajectory_as_the_batch_over_many_episodes(kind):
    batch, single = kind(1), SingleEnv(kind(1))
    generator = np.random.default_rng(3)
    expected, _ = batch.reset(seed=11)
    observation, _ = single.reset(seed=11)
    np.testing.assert_array_equal(observation, expected[0])
    ended = 0
    for _ in range(200):
        space = batch.single_action_space
        space.seed(int(generator.integers(1 << 30)))
        action = space.sample()
        expected, rewards, terminated, truncated, infos = batch.step(np.asarray(action)[None])
        observation, reward, end, cut, info = single.step(action)
        assert (reward, end, cut) == (rewards[0], terminated[0], truncated[0])
        if end or cut:
            ended += 1
            np.testing.assert_array_equal(observation, infos["final_obs"][0])
            assert info == {"length": infos["final_info"]["length"][0]}
            assert type(info["length"]) is int
            observation, _ = single.reset()
        np.testing.assert_array_equal(observation, expected[0])
    assert ended > 10


def test_copies_of_a_batch_are_single_environments_with_consecutive_seeds():
    batch = Basket(3)
    together, _ = batch.reset(seed=5)
    for copy in range(3):
        observation, _ = SingleEnv(Basket(1)).reset(seed=5 + copy)
        np.testing.assert_array_equal(observation, together[copy])


def test_a_step_needs_a_running_episode():
    env = SingleEnv(Corridor(1))
    with pytest.raises(ResetNeeded):
        env.step(1)
    env.reset(seed=0)
    for _ in range(3):
        assert not env.step(1)[2]
    assert env.step(2)[2]
    with pytest.raises(ResetNeeded):
        env.step(1)


def test_a_seed_after_an_episode_starts_that_seeds_episode():
    env = SingleEnv(Basket(1))
    env.reset(seed=0)
    assert env.step(Basket.places)[2]
    observation, _ = env.reset(seed=7)
    expected, _ = Basket(1).reset(seed=7)
    np.testing.assert_array_equal(observation, expected[0])


def test_masks_are_those_of_the_only_copy():
    env = SingleEnv(Corridor(1))
    env.reset(seed=0)
    assert env.action_masks().tolist() == [True, True, False]
    env.step(0)
    assert env.action_masks().tolist() == [False, True, True]
    with pytest.raises(AttributeError):
        SingleEnv(UnmaskedCorridor(1)).action_masks()


def test_refuses_other_batches():
    with pytest.raises(ValueError, match="num_envs=1, not 2"):
        SingleEnv(Corridor(2))
    other = Corridor(1)
    other.metadata = {"autoreset_mode": gymnasium.vector.AutoresetMode.NEXT_STEP}
    with pytest.raises(UserError, match="SAME_STEP"):
        SingleEnv(other)
