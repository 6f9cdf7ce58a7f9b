"""Metrics as Gymnasium's own batch gathers them from the infos of its copies."""

from __future__ import annotations

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from rlsys.batched import final_metric
from rlsys.errors import UserError
from rlsys.rollout import EpisodeMeter, play


class Reports(gymnasium.Env):
    """Ends after as many steps as its seed says, and reports as environments elsewhere do."""

    observation_space = gymnasium.spaces.Box(0.0, 1.0, (1,), np.float32)
    action_space = gymnasium.spaces.Discrete(2)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed, options=options)
        self.length, self.time = (1 if seed is None else 1 + seed % 3), 0
        return np.zeros(1, np.float32), {}

    def step(self, action):
        del action
        self.time += 1
        info = {"any": True}
        if self.time == self.length:
            info = {"hits": self.time, "load": [1.0, self.time], "wide": np.full(3, self.time)}
            info |= {"won": self.time > 1, "name": "walk"}
            if self.time > 1:
                info["late"] = 0.5
        return np.zeros(1, np.float32), 1.0, self.time == self.length, False, info


def collected(count):
    return SyncVectorEnv([Reports] * count, autoreset_mode=AutoresetMode.SAME_STEP)


class Still:
    def reset(self, env):
        """Nothing to begin."""

    def act(self, env, observations):
        del env
        return np.zeros(len(observations), int)


def test_metrics_as_gymnasiums_own_batch_collects_them():
    """Lists become objects there, None where no episode ended."""
    names = ("hits", "load", "wide", "won")
    played = play(collected, Still(), [0, 1, 2, 3], names)
    assert played["length"].tolist() == [1, 2, 3, 1]
    assert played["hits"].tolist() == [1, 2, 3, 1]
    assert played["load"].tolist() == [[1, 1], [1, 2], [1, 3], [1, 1]]
    assert played["wide"].tolist() == [[1] * 3, [2] * 3, [3] * 3, [1] * 3]
    assert played["won"].tolist() == [0, 1, 1, 0]

    env, meter = collected(3), EpisodeMeter(3, names)
    env.reset(seed=[0, 1, 2])
    _, rewards, terminated, truncated, infos = env.step(np.zeros(3, int))
    meter.update(rewards, terminated | truncated, infos)
    assert meter.flush() == {
        "reward": 1.0, "hits": 1.0, "load[0]": 1.0, "load[1]": 1.0, "wide[0]": 1.0, "wide[1]": 1.0,
        "wide[2]": 1.0, "won": 0.0, "episodes": 1.0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("misses", r"without the metric 'misses'; infos\['final_info'\] has \['hits', 'late'"),
        ("late", "the episode of copy 0 ended without the metric 'late', which others have"),
        ("name", "the metric 'name' is 'walk', not a number"),
    ],
)
def test_a_metric_that_is_missing_or_no_number_is_named(name, words):
    env = collected(2)
    env.reset(seed=[0, 1])
    env.step(np.zeros(2, int))
    _, _, terminated, _, infos = env.step(np.zeros(2, int))
    with pytest.raises(UserError, match=words):
        final_metric(infos, name, terminated)


def test_an_episode_that_ends_without_infos_is_named():
    with pytest.raises(UserError, match=r"final_info'\] has \[\]"):
        final_metric({}, "hits", np.array([True]))
