"""The scheduling environment keeps the contract, with every kind of observation."""

from __future__ import annotations

from rlsys.testing import EnvironmentConformance

TASKS = {
    "name": "short",
    "tasks": [
        {"name": "a", "period": 4, "wcet": 2},
        {"name": "b", "period": 6, "wcet": 2},
        {"name": "c", "period": 12, "wcet": 3},
    ],
}


class TestTaskset(EnvironmentConformance):
    plugin = "rlsys_rtos_plugin"
    environment = "rtos"
    overrides = {"taskset": [TASKS]}  # noqa: RUF012
    seeds_matter = False


class TestRandomExecution(TestTaskset):
    overrides = {  # noqa: RUF012
        "taskset": [
            {**TASKS, "tasks": [{**task, "bcet": 1, "jitter": 1} for task in TASKS["tasks"]]}
        ],
        "observation": "full",
        "idle": "always-allowed",
    }
    seeds_matter = True


class TestGenerated(EnvironmentConformance):
    plugin = "rlsys_rtos_plugin"
    environment = "rtos"
    preset = "general"
    overrides = {  # noqa: RUF012
        "generator": {"min_tasks": 2, "max_tasks": 4, "periods": [4, 6, 12]}
    }
