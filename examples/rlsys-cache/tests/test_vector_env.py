"""The batched environment: what a step is, what it earns, what is observed."""

from __future__ import annotations

import numpy as np
import pytest
from playing import config_of

from rlsys_cache.baselines import lru
from rlsys_cache.config import CacheConfig
from rlsys_cache.features import FEATURES
from rlsys_cache.vector_env import CacheVectorEnv

SMALL = CacheConfig(sizes=(8,), requests=120)


def column(observations, name):
    return observations[..., FEATURES.index(name)]


def test_it_asks_only_when_a_full_cache_misses(tmp_path):
    #       fill      hit hit miss     hit  miss
    keys = ["a", "b", "a", "b", "c", "b", "a", "b", "c"]
    env = CacheVectorEnv(config_of(tmp_path, keys, 2), 1)
    env.reset(seed=0)
    assert env.now.tolist() == [4], "the first eviction is for c"
    assert env.cached.tolist() == [[0, 1]], "a and b fill it"
    _, rewards, done, _, _ = env.step(np.array([0]))
    assert (rewards.tolist(), env.now.tolist(), done.tolist()) == ([1.0], [6], [False])
    assert env.cached.tolist() == [[2, 1]], "c for a, and b has been a hit"
    _, rewards, done, _, infos = env.step(np.array([0]))
    assert (rewards.tolist(), env.now.tolist(), done.tolist()) == ([1.0], [8], [False])
    _, rewards, done, _, infos = env.step(np.array([1]))
    assert (rewards.tolist(), done.tolist()) == ([0.0], [True])
    assert infos["final_info"]["misses"].tolist() == [5.0]
    assert infos["final_info"]["hit_ratio"].tolist() == [4 / 9]
    assert infos["_final_info"].tolist() == [True]


def test_rewards_are_all_hits_after_the_first_eviction():
    env = CacheVectorEnv(SMALL, 6)
    observations, _ = env.reset(seed=7)
    keys, now = env.keys.copy(), env.now.copy()
    rule, earned, running = lru(SMALL), np.zeros(6), np.ones(6, bool)
    misses = np.zeros(6)
    while running.any():
        observations, rewards, done, _, infos = env.step(rule.act(env, observations))
        earned += np.where(running, rewards, 0.0)
        ended = running & done
        if ended.any():
            misses[ended] = infos["final_info"]["misses"][ended]
        running &= ~done
    before = [n - len(set(k[:n].tolist())) for k, n in zip(keys, now, strict=True)]
    assert (earned + before).tolist() == (SMALL.requests - misses).tolist()


def test_features_of_a_case_computed_by_hand(tmp_path):
    keys = [10, 11, 10, 10, 40, 12]
    env = CacheVectorEnv(config_of(tmp_path, keys, 2), 1)
    observations, _ = env.reset(seed=0)  # at time 4: places hold 10 and 11

    def time(requests):
        return np.log2(1 + 4 * requests / 2) / 8

    def recent(ages, half_life):
        total = sum(2 ** -(age / half_life) for age in ages)
        return total / (1 + total)

    expected = {
        "present": [1, 1],
        "time since the last request": [time(1), time(3)],
        "time between the last two requests": [time(1), 1],
        "time between the two requests before": [time(2), 1],
        "requests in the episode": [np.log2(4) / 8, np.log2(2) / 8],
        "hits since admission": [np.log2(3) / 8, 0],
        "time since admission": [time(4), time(3)],
        "recent requests, short half-life": [recent([4, 2, 1], 2), recent([3], 2)],
        "recent requests, long half-life": [recent([4, 2, 1], 16), recent([3], 16)],
        # Block 11 was requested one request after block 10; nobody has asked for 9.
        "time between the request for the block before it and its own": [time(6), time(1)],
        "rank of the time since the last request": [0, 1],
        "rank of the requests in the episode": [1, 0],
    }
    assert tuple(expected) == FEATURES
    for name, values in expected.items():
        assert column(observations, name)[0] == pytest.approx(values, rel=1e-6), name


def test_a_block_is_remembered_when_it_comes_back(tmp_path):
    keys = ["a", "b", "c", "a", "d", "e"]
    env = CacheVectorEnv(config_of(tmp_path, keys, 2), 1)
    env.reset(seed=0)
    env.step(np.array([0]))  # c for a
    observations, *_ = env.step(np.array([0]))  # a for c
    counts = column(observations, "requests in the episode")[0] * 8
    assert np.exp2(counts) - 1 == pytest.approx([2, 1])
    assert column(observations, "hits since admission")[0].tolist() == [0, 0]


def test_what_a_cache_holds_is_what_it_says():
    """With random actions, the tables agree with sets that are computed separately."""
    env = CacheVectorEnv(SMALL, 4)
    env.reset(seed=3)
    rng = np.random.default_rng(0)
    for _ in range(300):
        now, keys = env.now.copy(), env.keys.copy()
        for copy in range(4):
            held = set(env.cached[copy].tolist())
            assert len(held) == 8, "full, without duplicates"
            assert keys[copy, now[copy]] not in held, "and the request misses"
            later = keys[copy, now[copy] :].tolist()
            expected = [
                now[copy] + later.index(key) if key in later else SMALL.requests
                for key in env.cached[copy].tolist()
            ]
            assert env.upcoming[copy].tolist() == expected
        env.step(rng.integers(8, size=4))


def test_it_continues_from_a_saved_state_as_if_uninterrupted():
    env, other = CacheVectorEnv(SMALL, 3), CacheVectorEnv(SMALL, 3)
    env.reset(seed=5)
    other.reset(seed=99)
    rng = np.random.default_rng(1)
    for _ in range(40):
        env.step(rng.integers(8, size=3))
    other.set_state(env.get_state())
    for _ in range(200):
        actions = rng.integers(8, size=3)
        mine, theirs = env.step(actions), other.step(actions)
        for one, two in zip(mine[:4], theirs[:4], strict=True):
            assert np.array_equal(one, two)


def test_the_same_features_whatever_the_size():
    for size in (4, 8, 16):
        env = CacheVectorEnv(CacheConfig(sizes=(size,), requests=200), 2)
        observations, _ = env.reset(seed=0)
        assert observations.shape == (2, size, len(FEATURES))
        assert env.observation_space.contains(observations)
