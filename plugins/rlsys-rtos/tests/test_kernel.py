"""The batched kernel matches a second implementation of the rules in plain Python."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_env import PlainRtosEnv, PlainTask
from strategies import tasksets

from rlsys_rtos.config import RtosConfig
from rlsys_rtos.taskset import Task, TaskSet
from rlsys_rtos.vector_env import RtosVectorEnv


def plain_tasks(env, copy):
    t = env.tasks
    return [
        PlainTask(
            *(int(f[copy, i]) for f in (t.period, t.deadline, t.wcet, t.bcet, t.offset, t.jitter))
        )
        for i in range(int(t.count[copy]))
    ]


def plain_twin(env, copy, observation):
    table = env.job_table(copy)
    jobs = [
        [
            (int(table.release[i, k]), int(table.due[i, k]), int(table.execution[i, k]))
            for k in range(int(table.count[i]))
        ]
        for i in range(len(table.count))
    ]
    idle = env.config.idle == "always-allowed"
    return PlainRtosEnv(plain_tasks(env, copy), table.horizon, observation, jobs, idle)


@settings(max_examples=150, deadline=None)
@given(
    taskset=tasksets(),
    observation=st.sampled_from(["basic", "full"]),
    idle=st.sampled_from(["masked-while-ready", "always-allowed"]),
    seed=st.integers(0, 2**32),
)
def test_same_trajectory_as_the_plain_environment(taskset, observation, idle, seed):
    copies = 3
    env = RtosVectorEnv(RtosConfig(taskset=taskset, observation=observation, idle=idle), copies)
    observations, _ = env.reset(seed=seed)
    twins = [plain_twin(env, i, observation) for i in range(copies)]
    rng = np.random.default_rng(seed)
    for i, twin in enumerate(twins):
        assert np.array_equal(twin.reset()[0], observations[i])
    for _ in range(2 * taskset.horizon):
        masks = env.action_masks()
        for i, twin in enumerate(twins):
            assert np.array_equal(twin.action_masks(), masks[i])
        # Mostly ready tasks, so that jobs complete; sometimes any action.
        scores = rng.random(masks.shape) + masks * (rng.random((copies, 1)) < 0.8)
        actions = scores.argmax(axis=1)
        observations, rewards, terminated, truncated, infos = env.step(actions)
        assert not truncated.any()
        for i, twin in enumerate(twins):
            expected, reward, over, _, _ = twin.step(int(actions[i]))
            assert rewards[i] == pytest.approx(reward, abs=1e-9)
            assert terminated[i] == over
            if not over:
                assert np.array_equal(expected, observations[i])
                continue
            assert infos["_final_obs"][i]
            assert infos["_final_info"][i]
            assert np.array_equal(expected, infos["final_obs"][i])
            final = infos["final_info"]
            due = sum(job.due <= twin.horizon for queue in twin.queues for job in queue)
            assert final["task_misses"][i].tolist() == twin.misses
            assert final["misses"][i] == sum(twin.misses)
            assert final["completions"][i] == twin.completions
            assert final["switches"][i] == twin.switches
            assert final["miss_rate"][i] == pytest.approx(sum(twin.misses) / max(due, 1))
            twins[i] = plain_twin(env, i, observation)
            assert np.array_equal(twins[i].reset()[0], observations[i])
        if not terminated.any():
            assert infos == {}


def test_a_miss_is_seen_before_the_next_release_replaces_the_job():
    """One tick of two is done when the next job of the same task arrives: that is a miss."""
    taskset = TaskSet(tasks=(Task(period=2, wcet=2),), horizon=4)
    env = RtosVectorEnv(RtosConfig(taskset=taskset), 1)
    env.reset(seed=0)
    rewards = [float(env.step(np.array([a]))[1][0]) for a in (0, 1, 0)]
    assert rewards == pytest.approx([-0.01, -2.01, -0.01])
    assert env.state.executed[0, 0] == 1  # the second job, started from zero
    _, last, _, _, infos = env.step(np.array([0]))
    assert last[0] == pytest.approx(0.99)
    assert infos["final_info"]["misses"][0] == 1


def test_misses_are_counted_at_the_final_tick():
    env = RtosVectorEnv(RtosConfig(taskset=TaskSet(tasks=(Task(period=2, wcet=1),))), 1)
    env.reset(seed=0)
    env.step(np.array([1]))
    _, rewards, terminated, _, infos = env.step(np.array([1]))
    assert terminated[0]
    assert rewards[0] == pytest.approx(-2.01)
    assert infos["final_info"]["miss_rate"][0] == 1.0


def test_idling_between_does_not_make_a_switch_and_the_first_dispatch_is_free():
    tasks = (Task(period=8, wcet=2), Task(period=8, wcet=2))
    env = RtosVectorEnv(RtosConfig(taskset=TaskSet(tasks=tasks)), 1)
    env.reset(seed=0)
    rewards = [float(env.step(np.array([a]))[1][0]) for a in (0, 2, 0, 2, 1)]
    assert rewards == pytest.approx([-0.01, -0.01, 0.99, -0.01, -0.06])


@pytest.mark.parametrize("observation", ["basic", "full", "items"])
@pytest.mark.parametrize("generated", [False, True])
def test_a_batch_equals_single_copies_with_the_same_seeds(observation, generated):
    source = {"generator": {"execution_fraction": 0.5}} if generated else {"taskset": "normal"}
    config = RtosConfig(**source, observation=observation)
    batch = RtosVectorEnv(config, 4)
    singles = [RtosVectorEnv(config, 1) for _ in range(4)]
    together, _ = batch.reset(seed=7)
    alone = [single.reset(seed=7 + i)[0][0] for i, single in enumerate(singles)]
    assert np.array_equal(together, alone)
    rng = np.random.default_rng(0)
    for _ in range(700):
        actions = rng.integers(0, batch.max_tasks + 1, 4)
        together, rewards, ended, _, _ = batch.step(actions)
        steps = [single.step(actions[i : i + 1]) for i, single in enumerate(singles)]
        assert np.array_equal(together, [s[0][0] for s in steps])
        assert np.array_equal(rewards, [s[1][0] for s in steps])
        assert np.array_equal(ended, [s[2][0] for s in steps])


@pytest.mark.parametrize("observation", ["basic", "full", "items"])
def test_observations_lie_in_the_declared_space(observation):
    for source in ({"taskset": "stressed"}, {"generator": {"execution_fraction": 0.3}}):
        env = RtosVectorEnv(RtosConfig(**source, observation=observation), 16)
        observations, _ = env.reset(seed=0)
        rng = np.random.default_rng(0)
        for _ in range(400):
            assert env.observation_space.contains(observations)
            observations = env.step(rng.integers(0, env.max_tasks + 1, 16))[0]


def test_state_round_trip_resumes_exactly():
    config = RtosConfig(generator={"execution_fraction": 0.4}, observation="items")
    env = RtosVectorEnv(config, 5)
    env.reset(seed=1)
    rng = np.random.default_rng(1)
    actions = rng.integers(0, env.max_tasks + 1, (300, 5))
    for row in actions[:100]:
        env.step(row)
    state, seen = env.get_state(), env.observations()
    first = [env.step(row)[:3] for row in actions[100:]]
    other = RtosVectorEnv(config, 5)
    other.reset(seed=99)
    other.set_state(state)
    assert np.array_equal(other.observations(), seen)
    second = [other.step(row)[:3] for row in actions[100:]]
    for one, two in zip(first, second, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))
    with pytest.raises(ValueError, match="shape"):
        RtosVectorEnv(config, 4).set_state(state)
    with pytest.raises(ValueError, match="keys"):
        env.set_state({"now": state["state.now"]})


def test_what_step_returns_is_not_overwritten_by_the_next_step():
    env = RtosVectorEnv(RtosConfig(taskset="normal"), 2)
    observations, _ = env.reset(seed=0)
    kept = observations.copy()
    env.step(np.array([0, 1]))
    assert np.array_equal(observations, kept)


def test_reset_mask_restarts_only_these_copies():
    env = RtosVectorEnv(RtosConfig(taskset="normal"), 3)
    env.reset(seed=0)
    for _ in range(5):
        env.step(np.zeros(3, int))
    observations, _ = env.reset(options={"reset_mask": np.array([True, False, True])})
    assert env.state.now.tolist() == [0, 5, 0]
    assert np.array_equal(observations, env.observations())


def test_several_tasksets_are_all_drawn_and_padded():
    small = TaskSet(name="small", tasks=(Task(period=3, wcet=1),))
    env = RtosVectorEnv(RtosConfig(taskset=[small, "normal"], observation="items"), 64)
    observations, _ = env.reset(seed=0)
    count = env.tasks.count
    assert set(count.tolist()) == {1, 6}
    assert np.array_equal(observations[:, :, 0].sum(axis=1), count)
    assert not observations[count == 1, 1:].any()
    assert not env.action_masks()[count == 1, 1:-1].any()
