"""Whatever a user can name is described on its page, with the truth about it."""

from __future__ import annotations

import dataclasses
import inspect
import json
import re

import pytest
from pages import DOCS, ROOT, read, section, table

from rlsys import hookspecs
from rlsys.agents import rlsys_agents
from rlsys.cli.main import BUILT_IN
from rlsys.errors import ExitCode
from rlsys.exporters import rlsys_exporters
from rlsys.runconfig import EvaluationConfig, RunConfig, TrainingConfig

AGENTS = {spec.name: spec for spec in rlsys_agents()}


def settings_of(agent):
    module, _, name = AGENTS[agent].config.partition(":")
    return getattr(__import__(module, fromlist=[name]), name)


def code(cell: str) -> str:
    return cell.strip("`")


def bounds(schema: dict) -> set[str]:
    """Return the numbers that limit a value, from its JSON schema."""
    found = set()
    for key, value in schema.items():
        if key in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"):
            found.add(f"{value:.0f}" if value == int(value) else str(value))
        elif key == "anyOf":
            found |= set().union(*map(bounds, value))
        elif key == "items":
            found |= bounds(value)
    return found


def assert_describes(rows, column, model, skip=()):
    """The rows have the model's keys with their defaults and limits, and no others."""
    described = {code(key): row for key, row in rows.items() if row[column] != "–"}
    assert described.keys() == model.model_fields.keys() - set(skip)
    schema = model.model_json_schema()["properties"]
    for key, row in described.items():
        field = model.model_fields[key]
        if row[column].startswith("`") and not field.is_required():
            default = json.loads(json.dumps(field.get_default(call_default_factory=True)))
            said = code(row[column])
            assert (json.loads(said) if said[:1] not in "bm" else said) == default, key
        for bound in bounds(schema[key]):
            assert re.search(rf"(?<![\d.]){re.escape(bound)}(?![\d.]*\d)", row["allowed"]), key


def test_every_key_of_a_run_is_described():
    text = read("configuration.md")
    top = table(section(text, "## Run configuration"), "key")
    assert {code(key) for key in top} == set(RunConfig.model_fields)
    assert code(top["`seed`"]["default"]) == str(RunConfig.model_fields["seed"].default)
    assert_describes(table(section(text, "### `training`"), "key"), "default", TrainingConfig)
    assert_describes(table(section(text, "### `evaluation`"), "key"), "default", EvaluationConfig)


@pytest.mark.parametrize(
    ("agent", "heading"),
    [
        ("ppo", "### `ppo` and `maskable-ppo`"),
        ("maskable-ppo", "### `ppo` and `maskable-ppo`"),
        ("dqn", "### `dqn` and `sac`"),
        ("sac", "### `dqn` and `sac`"),
        ("self-labelling", "### `self-labelling`"),
        ("imitation", "### `imitation`"),
    ],
)
def test_every_setting_of_an_agent_is_described(agent, heading):
    from rlsys.agents.settings import NetworkSettings

    text = read("configuration.md")
    shared = table(section(text, "### The network: every agent"), "key")
    assert_describes(shared, "every agent", NetworkSettings)
    own = table(section(text, heading), "key")
    assert_describes(own, f"`{agent}`", settings_of(agent), skip=NetworkSettings.model_fields)


def test_every_agent_is_described():
    text = read("agents.md")
    rows = table(text, "agent")
    assert {code(name) for name in rows} == set(AGENTS)
    for name, spec in AGENTS.items():
        row = rows[f"`{name}`"]
        assert row["actions"].split(", ") == list(spec.actions)
        assert row["masks"].startswith("obeyed") == spec.uses_masks
        assert ("oracle" in row["needs"]) == spec.needs_oracle
        assert row["begins from a network"] == ("yes" if spec.starts_from_network else "no")


def test_what_tune_searches_is_described():
    rows = table(section(read("agents.md"), "## Tuning"), "agent")
    assert {code(name) for name in rows} == set(AGENTS)
    for name, spec in AGENTS.items():
        cell = rows[f"`{name}`"]["searched by default"]
        if cell == "the same":
            cell = rows["`ppo`"]["searched by default"]
        assert set(re.findall(r"`(\w+)`", cell)) == {proposal.key for proposal in spec.search}


def test_every_exporter_is_described():
    headings = re.findall(r"^## `(\w+)`: `([\w.]+)`$", read("network.md"), re.MULTILINE)
    assert {name for name, _ in headings} == {spec.name for spec in rlsys_exporters()}


def test_every_key_of_the_json_export_is_described():
    np = pytest.importorskip("numpy")
    from rlsys.exporters import policy_json
    from rlsys.network import Dense, Network, Stack

    text = section(read("network.md"), "## `json`: `policy_weights.json`")
    document = policy_json.to_document(Network(Stack((Dense(np.ones((2, 2)), np.zeros(2)),))))
    for key in (*document, *document["layers"][0], *document["decoding"]):
        if key != "format":
            assert f"`{key}`" in text, key
    assert policy_json.FORMAT in text
    assert f"`{policy_json.Q10_ROUNDING}`" in text
    # The page's own example of the rule for negative halves.
    assert policy_json.q10(np.array([-0.5 / 1024])).tolist() == [0]


def test_every_command_and_option_is_described():
    import importlib

    text = read("command-line.md")
    for name in BUILT_IN:
        assert re.search(rf"^### .*`{name}`|^### `{name}`", text, re.MULTILINE), name
        command = importlib.import_module(f"rlsys.cli.{name}").command
        for parameter in command.params:
            if parameter.param_type_name == "option":
                for option in parameter.opts:
                    assert re.search(rf"`{option}[ `]", text), f"{name} {option}"


def test_every_option_before_the_command_is_described():
    from rlsys.cli.main import cli

    rows = " ".join(table(read("command-line.md"), "option"))
    for parameter in cli.params:
        assert any(f"`{option}" in rows for option in parameter.opts), parameter.name


def test_every_exit_code_is_described():
    rows = table(read("command-line.md"), "code")
    assert {(int(key), code(row["name"])) for key, row in rows.items()} == {
        (int(one), one.name) for one in ExitCode
    }


def test_every_environment_variable_is_described():
    source = "".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "src" / "rlsys").rglob("*.py")
    )
    read_ones = set(re.findall(r'environ\.\w+\(\s*"(\w+)"', source))
    assert "RLSYS_PLUGINS" in read_ones
    rows = table(read("command-line.md"), "variable")
    assert {code(key) for key in rows} == read_ones


def test_every_hook_is_described_with_its_signature():
    text = read("write-a-plugin.md")
    hooks = [name for name in dir(hookspecs) if name.startswith("rlsys_")]
    for name in hooks:
        signature = str(inspect.signature(getattr(hookspecs, name))).replace("'", "")
        assert f"`{name}{signature}`" in text, f"{name}{signature}"


def test_every_field_of_a_description_is_described():
    from rlsys.descriptors import AgentSpec, EnvironmentSpec

    text = read("write-a-plugin.md")
    fields = " ".join(table(section(text, "### `EnvironmentSpec`"), "field"))
    for field in dataclasses.fields(EnvironmentSpec):
        assert f"`{field.name}`" in fields, field.name
    agents = section(text, "### Agents")
    for field in dataclasses.fields(AgentSpec):
        if field.name not in ("name", "summary"):
            assert f"`{field.name}" in agents, field.name


class TestRtos:
    """The page of the plugin."""

    text = (DOCS / "plugins" / "rtos.md").read_text(encoding="utf-8")

    @pytest.fixture
    def spec(self):
        pytest.importorskip("rlsys_rtos", reason="pip install 'rlsys[rtos]'")
        from rlsys_rtos.plugin import rlsys_environments

        return rlsys_environments()[0]

    def test_every_preset_is_described_with_its_agents(self, spec):
        from rlsys.config import load_resource

        rows = table(self.text, "preset")
        assert {code(name) for name in rows} == set(spec.presets)
        for name, resource in spec.presets.items():
            preset = load_resource(resource).data
            row = rows[f"`{name}`"]
            assert row["observation"] == f"`{preset['environment']['observation']}`"
            known = self.agents_said(rows, row["agents"])
            assert known == list(preset["agents"])

    @staticmethod
    def agents_said(rows, cell):
        if cell == "the same":
            cell = rows["`default`"]["agents"]
        return [name for name in re.findall(r"`([\w-]+)`", cell) if name in AGENTS]

    def test_every_baseline_and_the_oracle_are_described(self, spec):
        rows = table(section(self.text, "## Baselines"), "name")
        assert [code(name) for name in rows] == [baseline.name for baseline in spec.baselines]
        oracle = section(self.text, "## The oracle")
        assert f"`{spec.oracle.name}`" in oracle
        assert "`clairvoyant-bound`" in oracle

    def test_every_metric_is_described(self, spec):
        rows = table(self.text, "metric")
        assert {code(name): (row["unit"], row["better"]) for name, row in rows.items()} == {
            metric.name: (metric.unit, metric.better) for metric in spec.metrics
        }

    def test_every_key_is_described(self, spec):
        from rlsys_rtos.config import GeneratorConfig, RtosConfig
        from rlsys_rtos.taskset import Task, TaskSet

        rows = table(section(self.text, "## Settings"), "key")
        assert {code(key) for key in rows} == set(RtosConfig.model_fields)
        generator = table(section(self.text, "### Random tasksets"), "key")
        assert_describes(generator, "default", GeneratorConfig)
        tasks = table(section(self.text, "### Your own taskset"), "key")
        assert {re.match(r"`(\w+)`", key)[1] for key in tasks} == {
            *TaskSet.model_fields,
            *Task.model_fields,
        }

    def test_every_choice_of_a_setting_is_described(self, spec):
        from rlsys_rtos.config import RtosConfig

        rows = table(section(self.text, "## Settings"), "key")
        schema = RtosConfig.model_json_schema()["properties"]
        for key in ("observation", "idle"):
            said = {code(choice) for choice in rows[f"`{key}`"]["allowed"].split(", ")}
            assert said == set(schema[key]["enum"])
            assert code(rows[f"`{key}`"]["default"]) == schema[key]["default"]

    def test_every_feature_of_an_item_is_described_with_its_bounds(self, spec):
        from rlsys_rtos.items import ITEM_FEATURES, WIDTH

        assert f"### `items`: shape (M, {WIDTH})" in self.text
        rows = table(section(self.text, f"### `items`: shape (M, {WIDTH})"), "feature")
        said = {name: "−1..1" in cell for cell in rows for name in re.findall(r"`([^`]+)`", cell)}
        assert said == {name: low == -1.0 for name, low, _ in ITEM_FEATURES}

    def test_every_option_of_gantt_is_described(self, spec):
        from rlsys_rtos.cli import gantt

        text = section(self.text, "## rlsys gantt")
        for parameter in gantt.params:
            if parameter.param_type_name == "option":
                assert re.search(rf"`{parameter.opts[0]}[ `]", text), parameter.name

    def test_rewards_are_what_the_page_says(self, spec):
        from rlsys_rtos.rewards import COMPLETION, MISS, SWITCH, TICK

        rows = table(section(self.text, "### Rewards"), "event")
        said = [float(row["reward"].replace("−", "-")) * 100 for row in rows.values()]
        assert said == pytest.approx([COMPLETION, MISS, TICK, SWITCH])
