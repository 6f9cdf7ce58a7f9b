"""Belady's optimum and its action values, compared with trying every eviction."""

from __future__ import annotations

import numpy as np
import pytest
from plain_caches import best_hits
from playing import config_of, hits

from rlsys_cache import baselines
from rlsys_cache.config import CacheConfig
from rlsys_cache.oracle import Belady
from rlsys_cache.vector_env import CacheVectorEnv


def tiny(seed):
    """Return a short list of keys and a number of places for which the cache has to evict."""
    rng = np.random.default_rng(seed)
    places = int(rng.integers(2, 5))
    while True:
        keys = rng.integers(places + 4, size=int(rng.integers(8, 15))).tolist()
        if len(set(keys)) > places:
            return keys, places


@pytest.mark.parametrize("seed", range(25))
def test_the_optimum_is_that_of_brute_force(seed, tmp_path):
    keys, places = tiny(seed)
    config = config_of(tmp_path, keys, places)
    assert hits(config, Belady(config)) == [best_hits(tuple(keys), places)]


def test_every_action_value_is_that_of_brute_force(tmp_path):
    """Also in states that another player has reached."""
    differing = 0
    for seed in range(60):
        keys, places = tiny(seed)
        env = CacheVectorEnv(config_of(tmp_path, keys, places), 1)
        env.reset(seed=0)
        oracle, rng, done = Belady(env.config), np.random.default_rng(seed), False
        while not done:
            played = env.keys[0].tolist()
            now, cached = int(env.now[0]), frozenset(env.cached[0].tolist())
            expected = [
                best_hits(tuple(played), places, now + 1, (cached - {out}) | {played[now]})
                for out in env.cached[0].tolist()
            ]
            assert oracle.action_values(env)[0].tolist() == expected
            differing += len(set(expected)) > 1
            done = bool(env.step(rng.integers(places, size=1))[2][0])
    assert differing > 50


def test_the_values_of_a_batch_are_those_of_its_copies():
    config = CacheConfig(sizes=(8,), requests=120)
    env = CacheVectorEnv(config, 5)
    observations, _ = env.reset(seed=3)
    rule, oracle = baselines.lru(config), Belady(config)
    for _ in range(30):
        observations, *_ = env.step(rule.act(env, observations))
    whole = oracle.action_values(env)
    state = env.get_state()
    for copy in range(5):
        single = CacheVectorEnv(config, 1)
        single.set_state({k: v[copy : copy + 1] if v.ndim else v for k, v in state.items()})
        assert oracle.action_values(single)[0].tolist() == whole[copy].tolist()


def test_the_optimum_earns_the_value_that_it_promises():
    config = CacheConfig(sizes=(16,), requests=300)
    env = CacheVectorEnv(config, 4)
    observations, _ = env.reset(seed=1)
    oracle = Belady(config)
    promised = oracle.action_values(env).max(axis=1)
    earned, running = np.zeros(4), np.ones(4, bool)
    while running.any():
        observations, rewards, done, _, _ = env.step(oracle.act(env, observations))
        earned += np.where(running, rewards, 0)
        running &= ~done
    assert earned.tolist() == promised.tolist()


def test_an_eviction_costs_one_hit_at_most():
    env = CacheVectorEnv(CacheConfig(sizes=(32,)), 8)
    env.reset(seed=0)
    values = Belady(env.config).action_values(env)
    assert np.ptp(values, axis=1).tolist() == [1.0] * 8
