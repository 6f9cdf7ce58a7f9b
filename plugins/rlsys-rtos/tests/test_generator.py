"""Random tasksets keep what the configuration promises."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from rlsys_rtos.config import GeneratorConfig, RtosConfig
from rlsys_rtos.randomness import stream_state, uniform
from rlsys_rtos.vector_env import RtosVectorEnv


def drawn(copies=2000, **settings):
    env = RtosVectorEnv(RtosConfig(generator=settings), copies)
    env.reset(seed=0)
    return env


def test_splitmix64_gives_the_published_numbers():
    """First outputs for seed 1234567, as published with the reference implementation."""
    published = [6457827717110365317, 3203168211198807973, 9817491932198370423]
    streams = np.array([1234567], np.uint64)
    assert [uniform(streams, 0) for _ in published] == [(p >> 11) * 2.0**-53 for p in published]


def test_seeds_give_unrelated_uniform_streams():
    streams = np.array([stream_state(seed) for seed in range(2000)])
    first = np.array([uniform(streams, i) for i in range(2000)])
    assert stats.kstest(first, "uniform").pvalue > 1e-3
    assert abs(np.corrcoef(first[:-1], first[1:])[0, 1]) < 0.08


def test_drawn_tasksets_lie_in_the_stated_ranges():
    env = drawn(utilization=[0.9, 1.1], min_tasks=3, max_tasks=6, periods=[10, 15, 30])
    t = env.tasks
    present = np.arange(6) < t.count[:, None]
    assert set(t.count.tolist()) == {3, 4, 5, 6}
    assert set(t.period[present].tolist()) == {10, 15, 30}
    load = np.where(present, t.wcet / np.maximum(t.period, 1), 0.0).sum(axis=1)
    assert load.min() >= 0.9 - 1e-9
    assert load.max() <= 1.1 + 1e-9
    assert (t.wcet[present] >= 1).all()
    assert (t.wcet[present] <= t.deadline[present]).all()
    assert np.array_equal(t.deadline, t.period)
    assert ((t.offset >= 0) & (t.offset < np.maximum(t.period, 1))).all()
    assert t.offset.any()
    assert (t.horizon == 30).all()
    assert not t.wcet[~present].any()


def test_synchronous_release_and_execution_below_wcet_are_settings():
    assert not drawn(phases=False).tasks.offset.any()
    env = drawn(execution_fraction=0.5)
    table = env.job_table(0)
    wcet = env.tasks.wcet[0, : len(table.count), None]
    used = np.arange(table.execution.shape[1]) < table.count[:, None]
    assert (table.execution[used] >= np.ceil(np.broadcast_to(wcet, used.shape)[used] / 2)).all()
    assert (table.execution <= wcet).all()
    assert (table.execution[used] < np.broadcast_to(wcet, used.shape)[used]).any()


def test_utilizations_are_uniform_over_the_simplex():
    """With long periods (no rounding to speak of), u_1 / U of UUniFast is Beta(1, n - 1)."""
    env = drawn(
        copies=3000, min_tasks=4, max_tasks=4, utilization=[0.5, 0.5001], periods=[20_000],
        phases=False,
    )  # fmt: skip
    share = env.tasks.wcet / env.tasks.period / 0.5
    for task in range(4):
        assert stats.kstest(share[:, task], stats.beta(1, 3).cdf).pvalue > 1e-3


def test_an_unreachable_utilization_is_an_error_not_a_hang():
    config = RtosConfig(
        generator=GeneratorConfig(min_tasks=2, max_tasks=2, periods=(10,), utilization=(0.41, 0.49))
    )
    with pytest.raises(ValueError, match="utilization"):
        RtosVectorEnv(config, 1).reset(seed=0)


def test_the_episode_lasts_the_least_common_multiple_of_the_periods():
    assert drawn(copies=2).tasks.horizon[0] == math.lcm(*GeneratorConfig().periods)
