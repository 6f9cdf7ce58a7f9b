"""The features of `items` match their definitions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_items import features
from strategies import tasksets
from test_kernel import plain_twin

from rlsys_rtos.baselines.best_effort import BestEffort
from rlsys_rtos.config import RtosConfig
from rlsys_rtos.items import ITEM_FEATURES
from rlsys_rtos.taskset import Task, TaskSet
from rlsys_rtos.vector_env import RtosVectorEnv

NAMES = [name for name, _, _ in ITEM_FEATURES]


def column(observations, name):
    return observations[..., NAMES.index(name)]


def busy_action(env, rng):
    """Mostly a ready task, so that jobs progress; sometimes any action."""
    masks = env.action_masks()
    return (rng.random(masks.shape) + masks * (rng.random((len(masks), 1)) < 0.8)).argmax(axis=1)


def assert_features_as_defined(env, seed):
    observations, _ = env.reset(seed=seed)
    twin = plain_twin(env, 0, "basic")
    twin.reset()
    rng = np.random.default_rng(seed)
    for _ in range(twin.horizon - 1):
        expected = features(twin)
        assert observations[0, : len(expected)] == pytest.approx(np.array(expected), abs=1e-6)
        assert not observations[0, len(expected) :].any()
        action = busy_action(env, rng)
        observations = env.step(action)[0]
        twin.step(int(action[0]) if action[0] < len(twin.tasks) else len(twin.tasks))


@settings(max_examples=100, deadline=None)
@given(taskset=tasksets(), seed=st.integers(0, 1000))
def test_features_against_their_definitions(taskset, seed):
    env = RtosVectorEnv(RtosConfig(taskset=taskset, observation="items"), 1)
    assert_features_as_defined(env, seed)


@pytest.mark.parametrize("fraction", [1.0, 0.5])
def test_features_against_their_definitions_on_random_tasksets(fraction):
    generator = {"execution_fraction": fraction}
    env = RtosVectorEnv(RtosConfig(generator=generator, observation="items"), 1)
    for seed in range(15):
        assert_features_as_defined(env, seed)


@settings(max_examples=60, deadline=None)
@given(
    wcets=st.lists(st.integers(1, 20), min_size=1, max_size=6),
    deadlines=st.lists(st.integers(20, 60), min_size=6, max_size=6),
    seed=st.integers(0, 1000),
)
def test_without_future_jobs_the_first_kept_is_what_best_effort_runs(wcets, deadlines, seed):
    tasks = tuple(
        Task(period=500, deadline=deadline, wcet=wcet)
        for wcet, deadline in zip(wcets, deadlines, strict=False)
    )
    env = RtosVectorEnv(
        RtosConfig(taskset=TaskSet(tasks=tasks, horizon=200), observation="items"), 1
    )
    observations, _ = env.reset(seed=seed)
    baseline = BestEffort()
    rng = np.random.default_rng(seed)
    for _ in range(80):
        first = column(observations[0], "first of the kept")
        chosen = int(baseline.act(env, observations)[0])
        assert first.tolist() == [float(i == chosen) for i in range(len(tasks))]
        observations = env.step(busy_action(env, rng))[0]


def test_a_case_computed_by_hand():
    """At time 0: A (3 ticks by 6), B (4 ticks by 8), and A's next job (3 ticks) is due by 12.

    Up to the end at 10: A has 3 spare ticks, with B one. Nothing is shed.
    """
    tasks = (Task(period=6, wcet=3), Task(period=20, deadline=8, wcet=4))
    config = RtosConfig(taskset=TaskSet(tasks=tasks, horizon=10), observation="items")
    env = RtosVectorEnv(config, 1)
    observations, _ = env.reset(seed=0)
    assert column(observations[0], "first of the kept").tolist() == [1.0, 0.0]
    assert column(observations[0], "kept").tolist() == [1.0, 1.0]
    assert column(observations[0], "least slack / L") == pytest.approx([1 / 8, 1 / 8])
    assert column(observations[0], "slack of the jobs before / L") == pytest.approx([1.0, 3 / 8])
    assert column(observations[0], "slack of the jobs before, less remaining / L")[
        1
    ] == pytest.approx(-1 / 8)
    # After two idle ticks there are 7 ticks of work and 6 ticks left. B is longer and is dropped.
    for _ in range(2):
        observations = env.step(np.array([2]))[0]
    assert column(observations[0], "kept").tolist() == [1.0, 0.0]


def test_work_that_cannot_complete_before_the_end_is_not_kept():
    tasks = (Task(period=30, wcet=5), Task(period=30, wcet=9))
    config = RtosConfig(taskset=TaskSet(tasks=tasks, horizon=8), observation="items")
    observations, _ = RtosVectorEnv(config, 1).reset(seed=0)
    assert column(observations[0], "kept").tolist() == [1.0, 0.0]
    assert column(observations[0], "deadline within the episode").tolist() == [0.0, 0.0]
    assert column(observations[0], "laxity / L") == pytest.approx([3 / 30, -1 / 30])
