"""Every rule decides like a second, plain implementation."""

from __future__ import annotations

import numpy as np
import pytest
from plain_caches import fifo_hits, lfu_hits, lru_hits, perfect_lfu_hits, sieve_hits
from playing import config_of, hits
from rlsys.rollout import play

from rlsys_cache import baselines
from rlsys_cache.config import CacheConfig
from rlsys_cache.sieve import Sieve
from rlsys_cache.vector_env import CacheVectorEnv

RULES = {
    "fifo": (baselines.fifo, fifo_hits),
    "lru": (baselines.lru, lru_hits),
    "lfu": (baselines.lfu, lfu_hits),
    "perfect-lfu": (baselines.perfect_lfu, perfect_lfu_hits),
    "sieve": (Sieve, sieve_hits),
}


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("places", [2, 5, 16])
def test_a_rule_has_the_hits_of_its_plain_twin(name, places, tmp_path):
    make, plain = RULES[name]
    rng = np.random.default_rng(places)
    keys = np.minimum(rng.zipf(1.3, size=400), 60).tolist()
    config = config_of(tmp_path, keys, places)
    assert hits(config, make(config)) == [plain(keys, places)]


@pytest.mark.parametrize("name", RULES)
def test_a_rule_copes_with_episodes_that_start_midway(name):
    """In a batch, copies whose episode has ended continue with others; every episode counts."""
    make, plain = RULES[name]
    config = CacheConfig(sizes=(8,), requests=200)
    env = CacheVectorEnv(config, 3)
    observations, _ = env.reset(seed=11)
    rule = make(config)
    rule.reset(env)
    expected = [[plain(keys.tolist(), 8)] for keys in env.keys]
    found = [[], [], []]
    while not all(len(one) >= 3 for one in found):
        observations, _, done, _, infos = env.step(rule.act(env, observations))
        for copy in np.flatnonzero(done):
            found[copy].append(200 - int(infos["final_info"]["misses"][copy]))
            expected[copy].append(plain(env.keys[copy].tolist(), 8))
    for mine, twin in zip(found, expected, strict=True):
        assert mine == twin[: len(mine)]


def test_the_rules_differ_from_one_another():
    """Otherwise the comparisons above would prove little."""
    config = CacheConfig(sizes=(16,))
    means = {
        name: np.mean(hits(config, make(config), range(20))) for name, (make, _) in RULES.items()
    }
    assert len(set(means.values())) == len(means)


def test_random_eviction_repeats_itself_and_depends_on_its_seed():
    config = CacheConfig(sizes=(16,), requests=200)

    def rewards(seed):
        rule = baselines.RandomEviction(config, seed)
        return play(lambda n: CacheVectorEnv(config, n), rule, list(range(8)))["reward"].tolist()

    assert rewards(0) == rewards(0)
    assert rewards(0) != rewards(1)
