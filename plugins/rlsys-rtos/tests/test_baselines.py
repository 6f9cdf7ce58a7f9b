"""The classical schedulers: worked examples, and the same choices as plain scalar versions."""

from __future__ import annotations

import numpy as np
import plain_schedulers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import tasksets
from test_kernel import plain_twin

from rlsys.errors import ConfigError
from rlsys.rollout import play
from rlsys.seeds import evaluation_seeds
from rlsys_rtos.baselines import factories
from rlsys_rtos.config import RtosConfig
from rlsys_rtos.gantt import record
from rlsys_rtos.taskset import Task, TaskSet
from rlsys_rtos.vector_env import RtosVectorEnv

NAMES = [
    "rate_monotonic", "deadline_monotonic", "edf", "llf", "edf_skip", "value_density",
    "best_effort", "best_effort_horizon",
]  # fmt: skip


def schedule(name, *tasks, horizon=None, **options):
    config = RtosConfig(taskset=TaskSet(tasks=tasks, horizon=horizon))
    return record(config, getattr(factories, name)(config, **options))


def as_text(played):
    return "".join("." if task < 0 else str(task + 1) for task in played.ran)


def test_rate_monotonic_misses_where_edf_does_not():
    """C = 2, 4; T = 5, 7 (U = 34/35): the textbook example, computed by hand over 35 ticks.

    Buttazzo, Hard Real-Time Computing Systems, chapter 4.4: the second task overruns at time 7
    under rate monotonic, and EDF meets every deadline.
    """
    tasks = (Task(period=5, wcet=2), Task(period=7, wcet=4))
    rm = schedule("rate_monotonic", *tasks)
    assert as_text(rm)[:7] == "1122211"
    assert rm.missed[1, 0]
    edf = schedule("edf", *tasks)
    assert not edf.missed.any()
    assert as_text(edf)[:15] == "112222112222112"


def test_deadline_monotonic_goes_by_the_deadline_not_the_period():
    tasks = (Task(period=6, wcet=2), Task(period=12, wcet=2, deadline=3))
    assert schedule("rate_monotonic", *tasks).missed[1, 0]
    assert as_text(schedule("deadline_monotonic", *tasks))[:4] == "2211"


def test_least_laxity_runs_the_job_that_has_least_time_to_spare():
    """Laxities at 0 are 10 - 2 and 12 - 9; EDF would run the first."""
    tasks = (Task(period=20, deadline=10, wcet=2), Task(period=20, deadline=12, wcet=9))
    assert as_text(schedule("edf", *tasks))[:3] == "112"
    assert as_text(schedule("llf", *tasks))[:3] == "222"


def test_edf_skip_does_not_work_on_a_lost_job():
    """After three ticks of task 1, task 2 (due at 4, needs 2) is lost; EDF still works on it."""
    tasks = (Task(period=10, deadline=3, wcet=3), Task(period=10, deadline=4, wcet=2),
             Task(period=10, deadline=6, wcet=3))  # fmt: skip
    edf, skip = schedule("edf", *tasks), schedule("edf_skip", *tasks)
    assert as_text(edf) == "111233...."
    assert as_text(skip) == "111333...."
    assert edf.missed[:, 0].tolist() == [False, True, True]
    assert skip.missed[:, 0].tolist() == [False, True, False]


def test_value_density_prefers_the_shortest_remaining_work():
    tasks = (Task(period=20, deadline=10, wcet=5), Task(period=20, wcet=3))
    assert as_text(schedule("value_density", *tasks))[:9] == "22211111."


def test_best_effort_sheds_the_longest_job_of_an_overload():
    """Due at 4 and 5 with 4 + 2 ticks of work: the longer one is dropped though it is due first."""
    tasks = (Task(period=10, deadline=4, wcet=4), Task(period=10, deadline=5, wcet=2))
    played = schedule("best_effort", *tasks)
    assert as_text(played) == "22........"
    assert played.missed[:, 0].tolist() == [True, False]


def test_best_effort_sheds_the_later_of_two_equal_jobs():
    tasks = (Task(period=10, deadline=4, wcet=3), Task(period=10, deadline=5, wcet=3))
    assert as_text(schedule("best_effort", *tasks)) == "111......."


def test_best_effort_can_know_what_cannot_complete_before_the_end():
    """The end is at tick 6: of 5 + 2 + 2 ticks of work, all due later, only the last two fit."""
    tasks = (Task(period=20, deadline=8, wcet=5), Task(period=20, deadline=9, wcet=2),
             Task(period=20, deadline=10, wcet=2))  # fmt: skip
    assert as_text(schedule("best_effort", *tasks, horizon=6)) == "111112"
    assert as_text(schedule("best_effort_horizon", *tasks, horizon=6)) == "2233.."


def test_best_effort_that_knows_the_end_prefers_a_job_that_can_still_be_missed():
    """Densities 1/3, due after the end, and 3/4, due with it: the shorter job is dropped."""
    tasks = (Task(period=20, deadline=9, wcet=3), Task(period=20, deadline=6, wcet=4))
    played = schedule("best_effort_horizon", *tasks, horizon=6)
    assert as_text(played) == "2222.."
    assert not played.missed.any()


@pytest.mark.parametrize("name", ["normal", "stressed"])
def test_knowing_the_end_changes_nothing_where_every_job_is_due_by_it(name):
    config = RtosConfig(taskset=name)
    plain, told = (
        record(config, make(config))
        for make in (factories.best_effort, factories.best_effort_horizon)
    )
    assert plain.ran.tolist() == told.ran.tolist()


def test_knowing_the_end_pays_on_random_tasksets():
    config = RtosConfig(generator={})
    plain, told = (
        play(lambda n: RtosVectorEnv(config, n), make(config), evaluation_seeds(200))["reward"]
        for make in (factories.best_effort, factories.best_effort_horizon)
    )
    # 0.57 was measured, with a standard error of 0.06.
    assert (told - plain).mean() > 0.3


def test_round_robin_takes_turns_by_the_quantum():
    tasks = (Task(period=12, wcet=3), Task(period=12, wcet=4), Task(period=12, wcet=1))
    assert as_text(schedule("round_robin", *tasks)) == "12312122...."
    assert as_text(schedule("round_robin", *tasks, quantum=2)) == "11223122...."
    with pytest.raises(ConfigError, match="quantum must be >= 1"):
        schedule("round_robin", *tasks, quantum=0)


@settings(max_examples=60, deadline=None)
@given(taskset=tasksets(), seed=st.integers(0, 999), name=st.sampled_from([*NAMES, "round_robin"]))
def test_same_choices_as_the_scalar_versions(taskset, seed, name):
    """Sometimes a different task runs, so that states off the scheduler's path count, too."""
    config = RtosConfig(taskset=taskset)
    env = RtosVectorEnv(config, 2)
    observations, _ = env.reset(seed=seed)
    twins = [plain_twin(env, i, "basic") for i in range(2)]
    disturb = name != "round_robin"
    quantum = 1 + seed % 3
    if disturb:
        controller = getattr(factories, name)(config)
        plain = [getattr(plain_schedulers, name)] * 2
    else:
        controller = factories.round_robin(config, quantum=quantum)
        plain = [plain_schedulers.RoundRobin(quantum) for _ in range(2)]
    controller.reset(env)
    for twin in twins:
        twin.reset()
    rng = np.random.default_rng(seed)
    for _ in range(taskset.horizon - 1):
        actions = controller.act(env, observations)
        assert actions.tolist() == [p(twin) for p, twin in zip(plain, twins, strict=True)]
        if disturb and rng.random() < 0.3:
            actions = rng.integers(0, env.max_tasks + 1, 2)
        observations = env.step(actions)[0]
        for twin, action in zip(twins, actions, strict=True):
            twin.step(int(action))


@pytest.mark.parametrize("name", [*NAMES, "round_robin"])
def test_only_ready_tasks_are_chosen_across_restarts(name):
    """Only schedulers that skip jobs may idle while work is ready, which the mask forbids."""
    config = RtosConfig(generator={}, idle="always-allowed")
    env = RtosVectorEnv(config, 8)
    observations, _ = env.reset(seed=0)
    controller = getattr(factories, name)(config)
    controller.reset(env)
    for _ in range(200):
        actions = controller.act(env, observations)
        assert env.action_masks()[np.arange(8), actions].all()
        observations = env.step(actions)[0]
