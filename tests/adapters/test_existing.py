"""An existing single environment in a batch: the same episodes as in a plain loop over it."""

from __future__ import annotations

import copy
import importlib

import numpy as np
import pytest

gymnasium = pytest.importorskip("gymnasium")

import single_envs  # noqa: E402
from gymnasium import spaces  # noqa: E402
from gymnasium.vector import AutoresetMode  # noqa: E402
from registered import newest  # noqa: E402

from rlsys.adapters.existing import rlsys_environments  # noqa: E402
from rlsys.adapters.existing.random_actions import RandomActions  # noqa: E402
from rlsys.adapters.existing.settings import GymnasiumSettings, cases  # noqa: E402
from rlsys.adapters.making import make_env_of, single_env_of  # noqa: E402
from rlsys.rollout import play  # noqa: E402

(SPEC,) = rlsys_environments()
SEEDS = (11, 3, 2**31 + 5)


def settings(name, **more):
    return GymnasiumSettings(
        id=name if ":" in name or "-" in name else f"single_envs:{name}", **more
    )


def batch(name, count=1, **more):
    return make_env_of(SPEC, settings(name, **more))(count)


def identity(value):
    return value


def nested_vector(seen):
    """The layout of `Nested`, written out: keys sorted, one-hot from each space's start."""
    place = np.eye(4)[seen["place"] - 2]
    left, right = seen["gear"] - np.array([1, -1])
    arms = np.concatenate([seen["arms"][0], seen["arms"][1].ravel()])
    return np.concatenate([arms, np.eye(2)[left], np.eye(3)[right], place])


# What the network's action means in the environment, worked out by hand.
ACTS = {
    "Recording": identity,
    "FromTwo": identity,
    "Nested": identity,
    "Image": identity,
    "Gears": lambda row: np.array([[row[0], row[1] + 1], [row[2] - 1, row[3] + 5]]),
    "Switches": lambda row: np.array(row, np.int8),
    "Whole": lambda row: np.array([row[0] - 1, row[1] + 2], np.int32),
    "Joints": lambda row: np.array([[row[0], row[1]], [row[2], row[3]]], np.float64),
    "Both": lambda row: {"turn": row[0] - 1, "lamps": np.array(row[1:], np.int8).reshape(2, 2)},
    "Pair": lambda row: (np.array(row[:2], np.float32), np.array(row[2], np.float32)),
}
SEES = {"Nested": nested_vector, "Image": np.ravel}


def plain(name, seed, actions):
    """Play `actions` in a plain loop over the environment, resetting it whenever it ends."""
    env = getattr(single_envs, name)()
    see, act = SEES.get(name, identity), ACTS[name]
    seen, _ = env.reset(seed=seed)
    told = [(see(seen), None)]
    for action in actions:
        seen, reward, ends, cut, _ = env.step(act(action))
        last = see(seen)
        if ends or cut:
            seen, _ = env.reset()
        told.append((see(seen), (reward, ends, cut, last)))
    return told


@pytest.mark.parametrize(
    ("name", "processes"), [*((name, 0) for name in ACTS), ("Recording", 2), ("Both", 3)]
)
def test_same_episodes_as_a_plain_loop(name, processes):
    env = batch(name, len(SEEDS), processes=processes)
    try:
        space = copy.deepcopy(env.single_action_space)
        space.seed(4)
        actions = [[space.sample() for _ in SEEDS] for _ in range(17)]
        expected = [plain(name, s, [a[i] for a in actions]) for i, s in enumerate(SEEDS)]
        observations, _ = env.reset(seed=list(SEEDS))
        assert observations.dtype == np.float32
        ended = 0
        for step, action in enumerate(actions):
            for index in range(len(SEEDS)):
                np.testing.assert_allclose(observations[index], expected[index][step][0], 1e-6)
            observations, rewards, terminated, truncated, infos = env.step(np.stack(action))
            for index in range(len(SEEDS)):
                reward, ends, cut, last = expected[index][step + 1][1]
                assert rewards[index] == pytest.approx(reward, rel=1e-6)
                assert (terminated[index], truncated[index]) == (ends, cut)
                assert bool(infos.get("_final_obs", [False] * 3)[index]) == (ends or cut)
                if ends or cut:
                    ended += 1
                    np.testing.assert_allclose(infos["final_obs"][index], last, 1e-6)
                    assert 4 <= infos["final_info"]["length"][index] <= single_envs.STEPS
        assert ended > 6
    finally:
        env.close()


@pytest.mark.parametrize("name", ["CartPole-v1", "Pendulum-v1", "FrozenLake-v1", newest("Taxi")])
def test_gymnasiums_own_environments_play_as_in_a_plain_loop(name):
    env, one = batch(name, 2), gymnasium.make(name)
    batch_seen, _ = env.reset(seed=[7, 8])
    seen, info = one.reset(seed=8)
    for step in range(60):
        flat = gymnasium.spaces.flatten(one.observation_space, seen)
        np.testing.assert_array_equal(batch_seen[1], np.asarray(flat, np.float32))
        if "action_mask" in info:
            np.testing.assert_array_equal(env.action_masks()[1], info["action_mask"].astype(bool))
            action = np.flatnonzero(info["action_mask"])[step % info["action_mask"].sum()]
            rows = np.array([np.flatnonzero(row)[0] for row in env.action_masks()])
        else:
            one.action_space.seed(step)
            action = one.action_space.sample()
            rows = np.stack([action, action])
        rows[1] = action
        batch_seen, rewards, terminated, truncated, _ = env.step(rows)
        seen, reward, ends, cut, info = one.step(action)
        assert (rewards[1], terminated[1], truncated[1]) == (float(reward), ends, cut)
        if ends or cut:
            seen, info = one.reset()
    env.close()


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("Recording", [-1, -1, -1], [1, 1, 1]),
        ("Nested", [0, 0] + [-np.inf] * 4 + [0] * 9, [1, 1] + [5.0] * 4 + [1] * 9),
        ("Image", [0] * 36, [255] * 36),
        ("FrozenLake-v1", [0] * 16, [1] * 16),
    ],
)
def test_the_bounds_are_those_of_the_parts(name, low, high):
    space = batch(name).single_observation_space
    assert (space.low.tolist(), space.high.tolist()) == (low, high)
    assert space.dtype == np.float32


def test_the_largest_float_is_an_open_bound():
    from rlsys.adapters.existing.observations import ObservationCode

    most = np.finfo(np.float64).max
    wide = spaces.Box(np.array([-most, -1.0]), np.array([1.0, most]), dtype=np.float64)
    space = ObservationCode(wide).space
    assert (space.low.tolist(), space.high.tolist()) == ([-np.inf, -1.0], [1.0, np.inf])
    one = float(np.finfo(np.float32).max)
    assert ObservationCode(spaces.Box(-one, one, (1,))).space.high[0] == np.inf


@pytest.mark.parametrize(
    ("name", "space"),
    [
        ("FromTwo", spaces.Discrete(3, start=2)),
        ("Gears", spaces.MultiDiscrete([2, 3, 4, 2])),
        ("Switches", spaces.MultiDiscrete([2, 2, 2])),
        ("Whole", spaces.MultiDiscrete([5, 3])),
        ("Both", spaces.MultiDiscrete([3, 2, 2, 2, 2])),
        ("Joints", spaces.Box(-2.0, np.array([1, 2, 3, 4], np.float32))),
        ("Pair", spaces.Box(np.array([0, 0, -3], np.float32), np.array([1, 1, 3], np.float32))),
    ],
)
def test_agents_see_an_action_space_that_they_know(name, space):
    assert batch(name).single_action_space == space


def test_the_layout_says_what_inputs_and_entries_mean():
    layout = batch("Nested").layouts[""]
    assert layout["observation"] == (
        "inputs 0 to 1: ['arms'][0], MultiBinary(2), 0 or 1 each",
        "inputs 2 to 5: ['arms'][1], Box(2, 2) of float64, flattened row by row",
        "inputs 6 to 10: ['gear'], MultiDiscrete([2 3], start=[ 1 -1]), one-hot",
        "inputs 11 to 14: ['place'], Discrete(4, start=2), one-hot",
    )
    (gears,) = batch("Gears").layouts[""]["action"]
    assert gears.startswith("entries 0 to 3: MultiDiscrete(")
    assert gears.endswith(", to which [0, 1, -1, 5] is added")


@pytest.mark.parametrize("name", ["ByMethod", "ByInfo", "ByObservation"])
def test_masks_are_understood_however_they_are_given(name):
    env = batch(name, 2)
    env.reset(seed=[1, 2])
    time = np.zeros(2, int)
    for _ in range(20):
        masks = env.action_masks()
        for index in range(2):
            np.testing.assert_array_equal(masks[index], single_envs.mask_at(time[index]) == 1)
        _, _, terminated, truncated, _ = env.step(masks.argmax(axis=1))
        time = np.where(terminated | truncated, 0, time + 1)
    assert env.single_observation_space.shape == (3,)


def test_a_mask_is_found_inside_wrappers_and_one_per_entry_is_one_vector():
    env = batch("MaskedGears", max_episode_steps=2)
    env.reset(seed=0)
    assert env.action_masks().tolist() == [[True, False, False, True, True]]
    _, _, terminated, truncated, _ = env.step(np.array([[0, 2]]))
    _, _, terminated, truncated, infos = env.step(np.array([[0, 1]]))
    assert (terminated[0], truncated[0]) == (False, True)  # cut off by max_episode_steps
    assert infos["final_info"]["length"].tolist() == [2.0]


def test_wrappers_stand_around_the_environment():
    wrappers = [{"FilterObservation": {"filter_keys": ["place", "gear"]}}, "FlattenObservation"]
    env = batch("Nested", wrappers=wrappers)
    assert env.layouts[""]["observation"][0].startswith("inputs 0 to 8: Box(9) of ")
    assert batch("CartPole-v1", wrappers=["single_envs:Halved"]).reset(seed=1)[0][
        0
    ] == pytest.approx(batch("CartPole-v1").reset(seed=1)[0][0] / 2)


def test_an_environment_without_masks_has_none():
    assert not hasattr(batch("Recording"), "action_masks")


def test_returned_arrays_are_not_changed_later():
    env = batch("ByMethod", 2)
    kept, _ = env.reset(seed=[1, 2])
    masks = env.action_masks()
    before, masked = kept.copy(), masks.copy()
    env.step(masks.argmax(axis=1))
    np.testing.assert_array_equal(kept, before)
    np.testing.assert_array_equal(masks, masked)
    assert env.metadata["autoreset_mode"] == AutoresetMode.SAME_STEP


def test_truncation_reaches_sb3_as_one_and_termination_does_not():
    pytest.importorskip("stable_baselines3", reason="pip install 'rlsys[sb3]'")
    from rlsys.adapters.sb3 import Sb3VecEnv
    from rlsys.rollout import EpisodeMeter

    env = Sb3VecEnv(batch("Recording", 2), EpisodeMeter(2))
    env.seed(3)
    env.reset()
    twin = batch("Recording", 2)
    from rlsys.seeds import training_seeds

    twin.reset(seed=training_seeds(3, 2))
    kinds = set()
    for _ in range(30):
        _, _, done, told = env.step(np.array([0, 1]))
        _, _, terminated, truncated, infos = twin.step(np.array([0, 1]))
        for index in np.flatnonzero(done):
            assert told[index]["TimeLimit.truncated"] == bool(truncated[index])
            np.testing.assert_array_equal(
                told[index]["terminal_observation"], infos["final_obs"][index]
            )
            kinds.add(bool(terminated[index]))
    assert kinds == {True, False}


def test_one_environment_can_be_shown_and_recorded():
    env = single_env_of(SPEC, settings("CartPole-v1"), render_mode="rgb_array")
    pytest.importorskip("pygame", reason="pip install pygame")
    seen, _ = env.reset(seed=3)
    expected, _ = gymnasium.make("CartPole-v1").reset(seed=3)
    np.testing.assert_array_equal(seen, expected)
    assert env.render().shape[2] == 3
    assert env.render_mode == "rgb_array"
    shown = make_env_of(SPEC, settings("CartPole-v1"), render_mode="rgb_array")(2)
    shown.reset(seed=3)
    assert np.shape(shown.render())[0] == 2
    for closing in (env, shown):
        closing.close()


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("CartPole-v1", "CartPole-v1"),
        ("ALE/Pong-v5", "ALE-Pong-v5"),
        ("minigrid:MiniGrid-Empty-5x5-v0", "MiniGrid-Empty-5x5-v0"),
        ("my.module:MyEnv", "MyEnv"),
        ("pettingzoo:mpe2.simple_spread_v3", "simple_spread_v3"),
    ],
)
def test_the_case_is_named_after_the_environment(given, name):
    (case,) = cases(GymnasiumSettings(id=given))
    assert case.name == name


@pytest.mark.parametrize("name", ["Gears", "ByMethod", "MaskedGears", "Joints"])
def test_random_actions_are_allowed_and_depend_on_the_episodes_seed_alone(name):
    """A forbidden or impossible action is an error in these environments."""
    make_env = make_env_of(SPEC, settings(name))
    together = play(make_env, RandomActions(None), [4, 5, 6, 7])["reward"]
    alone = [play(make_env, RandomActions(None), [seed])["reward"][0] for seed in (4, 5, 6, 7)]
    assert together.tolist() == alone
    assert len(set(alone)) == 4


def test_random_actions_are_drawn_evenly_among_those_allowed():
    env = batch("ByMethod", 200)
    env.reset(seed=0)
    controller = RandomActions(None)
    controller.reset(env)
    drawn = np.bincount(controller.act(env, np.zeros(0)), minlength=4)
    # Two of four are allowed; 200 fair coins are beyond 60 and 140 once in 10 ** 8 times.
    assert drawn[2:].tolist() == [0, 0]
    assert 60 < drawn[0] < 140


def test_importing_the_description_imports_nothing_heavy():
    assert importlib.import_module("rlsys.adapters.existing").rlsys_environments() == (SPEC,)
