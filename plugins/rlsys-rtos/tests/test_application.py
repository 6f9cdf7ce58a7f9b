"""The data for a scheduler on a device, and the trace that it must follow."""

from __future__ import annotations

import json

import numpy as np
import pytest

from rlsys.controllers import NetworkController
from rlsys.network import Dense, Network, Stack
from rlsys.rollout import play
from rlsys_rtos.application import RtosApplication
from rlsys_rtos.baselines.factories import edf, rate_monotonic, round_robin
from rlsys_rtos.config import GeneratorConfig, RtosConfig
from rlsys_rtos.gantt import record
from rlsys_rtos.oracle import RtosOracle
from rlsys_rtos.vector_env import RtosVectorEnv

RANDOM = RtosConfig(
    generator=GeneratorConfig(execution_fraction=0.5, max_tasks=5), observation="items"
)


def test_a_fixed_taskset_is_described_as_it_was_written():
    config = RtosConfig(taskset="normal")
    data = RtosApplication(config, 7).data
    assert data["case"] == "normal"
    keys = ("name", "period", "deadline", "wcet", "offset")
    assert data["tasks"] == [
        {key: getattr(task, key) for key in keys} for task in config.taskset[0].tasks
    ]
    assert (data["horizon"], data["observation"], data["capacity"]) == (300, "basic", 6)
    assert data["jobs"] is None
    assert len(data["table"]) == 300
    assert data["table_note"] == ""
    assert json.loads(json.dumps(dict(data))) == data


def test_a_drawn_taskset_is_that_of_the_seed():
    env = RtosVectorEnv(RANDOM, 1)
    env.reset(seed=11)
    data = RtosApplication(RANDOM, 11).data
    count = int(env.tasks.count[0])
    assert data["case"] == "random"
    assert data["capacity"] == 5
    assert [task["period"] for task in data["tasks"]] == env.tasks.period[0, :count].tolist()
    assert [task["offset"] for task in data["tasks"]] == env.tasks.offset[0, :count].tolist()
    jobs = env.job_table(0)
    for task, pairs in enumerate(data["jobs"]):
        assert len(pairs) == jobs.count[task]
        assert [e for _, e in pairs] == jobs.execution[task, : len(pairs)].tolist()
        assert [r for r, _ in pairs] == jobs.release[task, : len(pairs)].tolist()
    assert RtosApplication(RANDOM, 12).data["tasks"] != data["tasks"]


@pytest.mark.parametrize(
    ("config", "seed"),
    [(RtosConfig(taskset="normal"), 0), (RtosConfig(taskset="stressed"), 5), (RANDOM, 11)],
)
def test_the_trace_is_the_schedule_that_others_record(config, seed):
    """Compare with the Gantt chart's own record and with the totals of a played episode."""
    application = RtosApplication(config, seed)
    factories = {"round-robin": round_robin, "rate-monotonic": rate_monotonic, "edf": edf}
    for name, controller in application.controllers.items():
        trace = application.trace(controller)
        twin = RtosOracle(config) if name == "table" else factories[name](config)
        schedule = record(config, twin, seed)
        np.testing.assert_array_equal(trace.actions, schedule.ran)
        horizon, tasks = trace.counters["completions"].shape
        for now in range(horizon):
            done = (schedule.completed >= 0) & (schedule.completed <= now + 1)
            np.testing.assert_array_equal(trace.counters["completions"][now], done.sum(axis=1))
            gone = schedule.missed & (schedule.jobs.due <= now + 1)
            np.testing.assert_array_equal(trace.counters["misses"][now], gone.sum(axis=1))
        ran = trace.actions[trace.actions >= 0]
        assert trace.counters["switches"][-1] == np.count_nonzero(np.diff(ran))
        totals = play(
            lambda n: RtosVectorEnv(config, n), twin, [seed], ("misses", "completions", "switches")
        )
        assert totals["misses"][0] == trace.counters["misses"][-1].sum()
        assert totals["completions"][0] == trace.counters["completions"][-1].sum()
        assert totals["switches"][0] == trace.counters["switches"][-1]
        assert tasks == len(application.data["tasks"])


def test_the_table_is_the_optimal_schedule():
    config = RtosConfig(taskset="stressed")
    application = RtosApplication(config, 0)
    table = application.trace(application.controllers["table"])
    assert table.actions.tolist() == application.data["table"]
    reward = play(lambda n: RtosVectorEnv(config, n), RtosOracle(config), [0])["reward"][0]
    earned = (
        table.counters["completions"][-1].sum()
        - 2 * table.counters["misses"][-1].sum()
        - 0.01 * 300
        - 0.05 * table.counters["switches"][-1]
    )
    assert reward == pytest.approx(earned)


def test_without_room_for_the_oracle_there_is_no_table_and_a_reason():
    generator = GeneratorConfig(min_tasks=14, max_tasks=14, utilization=(1.2, 1.3))
    config = RtosConfig(generator=generator, oracle_memory=1)
    application = RtosApplication(config, 0)
    assert application.data["table"] is None
    assert "MiB" in application.data["table_note"]
    assert "table" not in application.controllers


def test_a_network_can_be_traced():
    config = RtosConfig(taskset="normal")
    rng = np.random.default_rng(0)
    dense = Dense(rng.normal(size=(7, 24)), np.zeros(7))
    network = Network(Stack((dense,)), masked=True)
    trace = RtosApplication(config, 0).trace(NetworkController(network))
    np.testing.assert_array_equal(trace.actions, record(config, NetworkController(network)).ran)
