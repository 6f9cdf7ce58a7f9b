"""The page of the plugin `rtos` says the truth about what a user can name there."""

from __future__ import annotations

import re

import pytest
from pages import assert_describes, code, read, section, table

pytest.importorskip("rlsys_rtos", reason="pip install 'rlsys[rtos]'")

from rlsys.agents import rlsys_agents
from rlsys.config.document import load_resource
from rlsys_rtos.cli import gantt
from rlsys_rtos.config import GeneratorConfig, RtosConfig
from rlsys_rtos.items import ITEM_FEATURES, WIDTH
from rlsys_rtos.rewards import COMPLETION, MISS, SWITCH, TICK
from rlsys_rtos.taskset import Task, TaskSet
from rlsys_rtos_plugin import rlsys_environments

TEXT = read("plugins/rtos.md")
SPEC = rlsys_environments()[0]
AGENTS = {spec.name for spec in rlsys_agents()}


def test_every_preset_is_described_with_its_agents():
    rows = table(TEXT, "preset")
    assert {code(name) for name in rows} == set(SPEC.presets)
    for name, resource in SPEC.presets.items():
        preset = load_resource(resource).data
        row = rows[f"`{name}`"]
        assert row["observation"] == f"`{preset['environment']['observation']}`"
        known = agents_said(rows, row["agents"])
        assert known == list(preset["agents"])


def agents_said(rows, cell):
    if cell == "the same":
        cell = rows["`default`"]["agents"]
    return [name for name in re.findall(r"`([\w-]+)`", cell) if name in AGENTS]


def test_every_baseline_and_the_oracle_are_described():
    rows = table(section(TEXT, "## Baselines"), "name")
    assert [code(name) for name in rows] == [baseline.name for baseline in SPEC.baselines]
    oracle = section(TEXT, "## The oracle")
    assert f"`{SPEC.oracle.name}`" in oracle
    assert "`clairvoyant-bound`" in oracle


def test_every_metric_is_described():
    rows = table(TEXT, "metric")
    assert {code(name): (row["unit"], row["better"]) for name, row in rows.items()} == {
        metric.name: (metric.unit, metric.better) for metric in SPEC.metrics
    }


def test_every_key_is_described():
    rows = table(section(TEXT, "## Settings"), "key")
    assert {code(key) for key in rows} == set(RtosConfig.model_fields)
    generator = table(section(TEXT, "### Random tasksets"), "key")
    assert_describes(generator, "default", GeneratorConfig)
    tasks = table(section(TEXT, "### Your own taskset"), "key")
    assert {re.match(r"`(\w+)`", key)[1] for key in tasks} == {
        *TaskSet.model_fields,
        *Task.model_fields,
    }


def test_every_choice_of_a_setting_is_described():
    rows = table(section(TEXT, "## Settings"), "key")
    schema = RtosConfig.model_json_schema()["properties"]
    for key in ("observation", "idle"):
        said = {code(choice) for choice in rows[f"`{key}`"]["allowed"].split(", ")}
        assert said == set(schema[key]["enum"])
        assert code(rows[f"`{key}`"]["default"]) == schema[key]["default"]


def test_every_feature_of_an_item_is_described_with_its_bounds():
    assert f"### `items`: shape (M, {WIDTH})" in TEXT
    rows = table(section(TEXT, f"### `items`: shape (M, {WIDTH})"), "feature")
    said = {name: "-1..1" in cell for cell in rows for name in re.findall(r"`([^`]+)`", cell)}
    assert said == {name: low == -1.0 for name, low, _ in ITEM_FEATURES}


def test_every_option_of_gantt_is_described():
    text = section(TEXT, "## rlsys gantt")
    for parameter in gantt.params:
        if parameter.param_type_name == "option":
            assert re.search(rf"`{parameter.opts[0]}[ `]", text), parameter.name


def test_rewards_are_what_the_page_says():
    rows = table(section(TEXT, "### Rewards"), "event")
    said = [float(row["reward"]) * 100 for row in rows.values()]
    assert said == pytest.approx([COMPLETION, MISS, TICK, SWITCH])
