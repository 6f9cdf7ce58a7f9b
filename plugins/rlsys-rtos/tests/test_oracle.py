"""The optimum is the optimum: compared with brute force and every scheduler, and when played."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import tasksets

from rlsys.errors import UserError
from rlsys.rollout import play
from rlsys_rtos.baselines import factories
from rlsys_rtos.config import RtosConfig
from rlsys_rtos.optimum import ValueTable, optimum
from rlsys_rtos.oracle import RtosOracle
from rlsys_rtos.taskset import Task, TaskSet
from rlsys_rtos.vector_env import RtosVectorEnv

BASELINES = [
    "round_robin", "rate_monotonic", "deadline_monotonic", "edf", "llf", "edf_skip",
    "value_density", "best_effort", "best_effort_horizon",
]  # fmt: skip


def brute_force(jobs, work_first=False):
    """Try every action in every tick; jobs as (release, due, execution, executed) tuples."""
    n = len(jobs.count)
    todo = [
        [tuple(int(a[i, k]) for a in (jobs.release, jobs.due, jobs.execution)) for k in range(c)]
        for i, c in enumerate(jobs.count)
    ]

    def releases(now, active, after):
        active, after = list(active), list(after)
        for i in range(n):
            if after[i] < len(todo[i]) and todo[i][after[i]][0] <= now:
                active[i] = (todo[i][after[i]][1], todo[i][after[i]][2])
                after[i] += 1
        return tuple(active), tuple(after)

    @cache
    def best(now, active, after, last):
        if now == jobs.horizon:
            return 0.0
        choices = [i for i in range(n) if active[i] is not None]
        if not work_first or not choices:
            choices.append(None)
        results = []
        for choice in choices:
            reward, state, ran = -0.01, list(active), last
            if choice is not None:
                reward -= 0.05 * (last is not None and last != choice)
                ran = choice
                due, left = state[choice]
                state[choice] = (due, left - 1) if left > 1 else None
                reward += left == 1
            for i in range(n):
                if state[i] is not None and state[i][0] <= now + 1:
                    state[i] = None
                    reward -= 2.0
            following, released = tuple(state), after
            if now + 1 < jobs.horizon:
                following, released = releases(now + 1, following, after)
            results.append(reward + best(now + 1, following, released, ran))
        return max(results)

    return best(0, *releases(0, (None,) * n, (0,) * n), None)


tiny = tasksets(most=3, periods=(2, 3, 4, 6), longest=12)


@settings(max_examples=150, deadline=None)
@given(taskset=tiny, seed=st.integers(0, 99), work_first=st.booleans())
def test_equals_brute_force(taskset, seed, work_first):
    env = RtosVectorEnv(RtosConfig(taskset=taskset), 1)
    env.reset(seed=seed)
    jobs = env.job_table(0)
    assert optimum(jobs, work_first=work_first).reward == pytest.approx(
        brute_force(jobs, work_first), abs=1e-9
    )


def returns(env, controller, seed):
    return play(lambda n: RtosVectorEnv(env.config, n), controller, [seed])["reward"][0]


@settings(max_examples=60, deadline=None)
@given(taskset=tasksets(most=4, longest=30), seed=st.integers(0, 99))
def test_is_reached_and_no_baseline_beats_it(taskset, seed):
    config = RtosConfig(taskset=taskset)
    env = RtosVectorEnv(config, 1)
    env.reset(seed=seed)
    best = optimum(env.job_table(0)).reward
    assert returns(env, RtosOracle(config), seed) == pytest.approx(best, abs=1e-9)
    for name in BASELINES:
        assert returns(env, getattr(factories, name)(config), seed) <= best + 1e-9


@settings(max_examples=60, deadline=None)
@given(taskset=tasksets(most=4, longest=30), seed=st.integers(0, 99))
def test_the_best_action_value_is_earned_from_any_state(taskset, seed):
    """Act at random for some ticks; from there greedy play earns the promised value."""
    env = RtosVectorEnv(RtosConfig(taskset=taskset, idle="always-allowed"), 1)
    env.reset(seed=seed)
    oracle = RtosOracle(env.config)
    rng = np.random.default_rng(seed)
    for _ in range(int(rng.integers(0, taskset.horizon))):
        env.step(rng.integers(0, env.max_tasks + 1, 1))
    promised, earned, over = oracle.action_values(env).max(), 0.0, False
    while not over:
        values = oracle.action_values(env)
        assert np.array_equal(np.isfinite(values), env.action_masks())
        _, rewards, ended, _, _ = env.step(values.argmax(axis=1))
        earned += rewards[0]
        over = ended[0]
    assert earned == pytest.approx(promised, abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(taskset=tiny, seed=st.integers(0, 99))
def test_every_action_value_is_that_action_followed_by_the_best(taskset, seed):
    config = RtosConfig(taskset=taskset, idle="always-allowed")
    env, oracle = RtosVectorEnv(config, 1), RtosOracle(config)
    env.reset(seed=seed)
    for _ in range(taskset.horizon - 1):
        values = oracle.action_values(env)[0]
        state = env.get_state()
        for action in np.flatnonzero(env.action_masks()[0]):
            env.set_state(state)
            _, rewards, _, _, _ = env.step(np.array([action]))
            assert values[action] == pytest.approx(
                rewards[0] + oracle.action_values(env).max(), abs=1e-9
            )
        env.set_state(state)
        env.step(values.argmax(keepdims=True))


@pytest.mark.parametrize(
    ("name", "best", "work_first"), [("normal", 75.05, 74.75), ("stressed", 69.05, 68.90)]
)
def test_the_built_in_tasksets_keep_their_optimum(name, best, work_first):
    """Both schedules, replayed in the environment, earn what the tables say."""
    env = RtosVectorEnv(RtosConfig(taskset=name), 1)
    for mode, expected in ((False, best), (True, work_first)):
        env.reset(seed=0)
        plan = optimum(env.job_table(0), work_first=mode)
        assert plan.reward == pytest.approx(expected)
        total = 0.0
        for action in plan.actions:
            if mode:
                assert env.action_masks()[0, action]
            total += env.step(np.array([action]))[1][0]
        assert total == pytest.approx(expected)


def test_copies_that_restart_get_a_new_plan_and_new_values():
    config = RtosConfig(generator={"min_tasks": 2, "max_tasks": 3, "periods": [4, 6]})
    env, oracle = RtosVectorEnv(config, 3), RtosOracle(config)
    observations, _ = env.reset(seed=0)
    oracle.reset(env)
    for _ in range(3):
        expected = [optimum(env.job_table(i)).reward for i in range(3)]
        total = np.zeros(3)
        for tick in range(12):
            if tick:
                assert (
                    total + oracle.action_values(env).max(axis=1) <= np.add(expected, 1e-9)
                ).all()
            observations, rewards, _, _, _ = env.step(oracle.act(env, observations))
            total += rewards
        assert total == pytest.approx(expected)


def test_a_table_that_does_not_fit_is_an_error_with_its_size():
    env = RtosVectorEnv(RtosConfig(taskset="normal"), 1)
    env.reset(seed=0)
    jobs = env.job_table(0)
    with pytest.raises(UserError, match=r"every action needs a table of 97 MiB.*limit of 10 MiB"):
        ValueTable(jobs, memory_limit=10 * 2**20)
    assert optimum(jobs, memory_limit=10 * 2**20).reward == pytest.approx(75.05)
    with pytest.raises(UserError, match=r"optimum needs a table of \d+ MiB.*limit of 5 MiB"):
        optimum(jobs, memory_limit=5 * 2**20)
    big = TaskSet(tasks=tuple(Task(period=1000, wcet=90) for _ in range(20)))
    env = RtosVectorEnv(RtosConfig(taskset=big), 1)
    observations, _ = env.reset(seed=0)
    oracle = RtosOracle(env.config)
    oracle.reset(env)
    with pytest.raises(UserError, match="MiB"):
        oracle.act(env, observations)
    with pytest.raises(UserError, match="MiB"):
        oracle.action_values(env)


def test_tables_of_many_episodes_share_one_limit():
    config = RtosConfig(generator={"min_tasks": 5, "max_tasks": 5})
    env = RtosVectorEnv(config, 8)
    env.reset(seed=0)
    sizes = [ValueTable(env.job_table(i)).nbytes for i in range(8)]
    limit = -(-max(sizes) // 2**20)
    assert limit * 2**20 < sum(sizes)
    tight = config.model_copy(update={"oracle_memory": limit})
    with pytest.raises(UserError, match="different episodes"):
        RtosOracle(tight).action_values(env)


def test_it_is_called_a_bound_if_it_knows_what_is_random():
    assert RtosOracle(RtosConfig(taskset="normal")).name == "optimum"
    jittery = TaskSet(tasks=(Task(period=9, wcet=2, jitter=3),))
    assert RtosOracle(RtosConfig(taskset=jittery)).name == "clairvoyant-bound"
    loose = RtosConfig(generator={"execution_fraction": 0.5})
    assert RtosOracle(loose).name == "clairvoyant-bound"


def test_planning_during_an_episode_is_an_error():
    env = RtosVectorEnv(RtosConfig(taskset="normal"), 1)
    env.reset(seed=0)
    env.step(np.array([0]))
    with pytest.raises(ValueError, match="tick 1"):
        RtosOracle(env.config).reset(env)
