"""Configurations: what is an error and its message; a saved one needs no other file."""

from __future__ import annotations

import json

import pytest

from rlsys.config.document import validate
from rlsys.errors import ConfigError
from rlsys_rtos.config import RtosConfig, cases
from rlsys_rtos.taskset import TaskSet


def refused(text, tmp_path):
    path = tmp_path / "my.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError) as error:
        validate(RtosConfig, {"taskset": str(path)})
    return str(error.value).replace(str(tmp_path) + "/", "")


AT_LEAST = "input should be greater than or equal to"


@pytest.mark.parametrize(
    ("task", "fault"),
    [
        ("{period: -3, wcet: 1}", f"period: {AT_LEAST} 1 (got -3)"),
        ("{period: 5, wcet: 6}", "wcet: must be 1..5 (deadline), got 6"),
        ("{period: 5, deadline: 7, wcet: 1}", "deadline: must be 1..5 (period), got 7"),
        ("{period: 5, wcet: 2, bcet: 3}", "bcet: must be 1..2 (wcet), got 3"),
        ("{period: 5, wcet: 2, jitter: 5}", "jitter: must be 0..4 (deadline - 1), got 5"),
        ("{period: 5, wcet: 2, offset: -1}", f"offset: {AT_LEAST} 0 (got -1)"),
        ("{period: 5.5, wcet: 2}", "period: input should be a valid integer (got 5.5)"),
        ("{period: 5}", "wcet: missing; it must be given"),
    ],
)
def test_a_fault_in_a_file_names_file_line_key_and_range(task, fault, tmp_path):
    text = f"name: mine\ntasks:\n  - {{period: 4, wcet: 1}}\n  - {task}\n"
    assert refused(text, tmp_path) == f"my.yaml:4: tasks[1].{fault}"


def test_a_misspelt_key_in_a_file_is_named_with_its_nearest(tmp_path):
    message = refused("tasks:\n  - {period: 4, wect: 1, wcet: 1}\n", tmp_path)
    assert message.startswith("my.yaml:2: tasks[0].wect: unknown key")
    assert "did you mean 'wcet'" in message


def test_an_unknown_taskset_is_named_with_its_nearest():
    with pytest.raises(ConfigError, match=r"'nromal' \(did you mean 'normal'\?"):
        validate(RtosConfig, {"taskset": "nromal"})
    with pytest.raises(ConfigError, match=r"absent\.yaml: cannot be read"):
        validate(RtosConfig, {"taskset": "absent.yaml"})


def test_an_exploding_hyperperiod_is_refused_and_a_horizon_helps():
    tasks = [{"period": p, "wcet": 1} for p in (97, 101, 103)]
    with pytest.raises(
        ConfigError, match=r"1009091 ticks, above the limit of 20000; set `horizon`"
    ):
        validate(RtosConfig, {"taskset": {"tasks": tasks}})
    config = validate(RtosConfig, {"taskset": {"tasks": tasks}, "horizon": 500})
    assert config.taskset[0].episode_length(config.horizon) == 500
    with pytest.raises(ConfigError, match=r"generator.periods.*1009091 ticks"):
        validate(RtosConfig, {"generator": {"periods": [97, 101, 103]}})


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"taskset": "normal", "generator": {}}, "cannot be combined"),
        ({"taskset": []}, "list is empty"),
        ({"taskset": ["normal", "normal"]}, "two are named 'normal'"),
        ({"generator": {"utilization": [1.2, 0.8]}}, "low <= high"),
        ({"generator": {"min_tasks": 5, "max_tasks": 4}}, "max_tasks must be >= min_tasks"),
        ({"generator": {"periods": [5], "utilization": [0.5, 0.9]}}, "above the highest"),
        ({"generator": {"min_tasks": 2, "utilization": [2.5, 3]}}, "below the lowest"),
        ({"taskset": {"tasks": []}}, "at least 1 item"),
        (
            {"taskset": {"tasks": [{"name": "a", "period": 2, "wcet": 1}] * 2}},
            "two tasks are named 'a'",
        ),
        ({"observation": "ful"}, "observation"),
    ],
)
def test_contradictions_are_refused(data, message):
    with pytest.raises(ConfigError, match=message):
        validate(RtosConfig, data)


@pytest.mark.parametrize("data", [{}, {"generator": {}}, {"taskset": "stressed", "horizon": 40}])
def test_a_dumped_configuration_is_self_contained(data):
    config = RtosConfig(**data)
    assert validate(RtosConfig, json.loads(config.model_dump_json())) == config


def test_a_file_is_inlined_and_named_after_itself(tmp_path):
    path = tmp_path / "pump.yaml"
    path.write_text("tasks:\n  - {period: 4, wcet: 1}\n  - {period: 8, wcet: 2, jitter: 1}\n")
    config = RtosConfig(taskset=["normal", str(path)])
    path.unlink()
    assert [taskset.name for taskset in config.taskset] == ["normal", "pump"]
    pump = RtosConfig(**config.model_dump()).taskset[1]
    assert [task.name for task in pump.tasks] == ["T1", "T2"]
    assert pump.utilization == pytest.approx(0.5)
    assert pump.hyperperiod == 8
    assert pump.random


def test_the_built_in_tasksets_are_those_of_the_specification():
    normal, stressed = RtosConfig().taskset
    assert [task.period for task in normal.tasks] == [10, 15, 20, 30, 50, 100]
    assert [task.wcet for task in normal.tasks] == [2, 2, 3, 5, 10, 18]
    assert [task.wcet for task in stressed.tasks] == [2, 3, 4, 6, 9, 17]
    assert all(task.deadline == task.period for task in (*normal.tasks, *stressed.tasks))
    assert (round(normal.utilization, 2), round(stressed.utilization, 2)) == (1.03, 1.15)
    assert normal.hyperperiod == 300
    assert not normal.random


def test_cases():
    assert [(c.name, c.policy) for c in cases(RtosConfig())] == [
        ("normal", None),
        ("stressed", None),
    ]
    assert isinstance(cases(RtosConfig())[1].config.taskset[0], TaskSet)
    general = cases(RtosConfig(generator={}, observation="items"))
    assert [(c.name, c.policy) for c in general] == [
        ("general", None), ("more-tasks", "general"), ("random-execution", "general"),
    ]  # fmt: skip
    trained, larger, shorter = (c.config.generator for c in general)
    assert larger.min_tasks > trained.max_tasks
    assert shorter.execution_fraction < 1.0
    flat = cases(RtosConfig(generator={}, observation="basic"))
    assert [c.name for c in flat] == ["general", "random-execution"]
