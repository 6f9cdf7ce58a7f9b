"""Whatever a user can name is described on its page, with the truth about it."""

from __future__ import annotations

import dataclasses
import inspect
import re

import click
import pytest
from pages import ROOT, assert_describes, code, read, section, table

from rlsys import hookspecs
from rlsys.agents import rlsys_agents
from rlsys.cli.main import BUILT_IN
from rlsys.config.plan import EvaluationConfig, RunConfig, TrainingConfig
from rlsys.errors import ExitCode
from rlsys.exporters import rlsys_exporters

AGENTS = {spec.name: spec for spec in rlsys_agents()}


def settings_of(agent):
    module, _, name = AGENTS[agent].config.partition(":")
    return getattr(__import__(module, fromlist=[name]), name)


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
        ("sb3-shared", "### `sb3-shared` and `mappo`"),
        ("mappo", "### `sb3-shared` and `mappo`"),
    ],
)
def test_every_setting_of_an_agent_is_described(agent, heading):
    from rlsys.agents.settings import NetworkSettings

    text = read("configuration.md")
    shared = table(section(text, "### The network: every agent"), "key")
    assert_describes(shared, "every agent", NetworkSettings)
    own = table(section(text, heading), "key")
    model = settings_of(agent)
    skip = NetworkSettings.model_fields if issubclass(model, NetworkSettings) else ()
    assert_describes(own, f"`{agent}`", model, skip=skip)


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
    import numpy as np

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
        command = importlib.import_module(f"rlsys.cli.commands.{name}").command
        names = command.list_commands(None) if isinstance(command, click.Group) else ()
        inner = [command.get_command(None, one) for one in names]
        for parameter in [one for each in (command, *inner) for one in each.params]:
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
    read_ones |= set(re.findall(r'^\w*VARIABLE = "(\w+)"', source, re.MULTILINE))
    assert {"RLSYS_PLUGINS", "RLSYS_PLUGIN_TIMEOUT"} <= read_ones
    rows = table(read("command-line.md"), "variable")
    assert {code(key) for key in rows} == read_ones


def test_every_hook_is_described_with_its_signature():
    text = read("write-a-plugin.md")
    hooks = [name for name in dir(hookspecs) if name.startswith("rlsys_")]
    for name in hooks:
        signature = str(inspect.signature(getattr(hookspecs, name))).replace("'", "")
        assert f"`{name}{signature}`" in text, f"{name}{signature}"


def test_every_field_of_a_description_is_described():
    from rlsys.descriptors import AgentSpec, EnvironmentSpec, ExporterSpec

    text = read("write-a-plugin.md")
    fields = " ".join(table(section(text, "### `EnvironmentSpec`"), "field"))
    for field in dataclasses.fields(EnvironmentSpec):
        assert f"`{field.name}`" in fields, field.name
    agents = section(text, "### Agents")
    for field in dataclasses.fields(AgentSpec):
        if field.name not in ("name", "summary"):
            assert f"`{field.name}" in agents, field.name
    exporters = section(text, "### Exporters")
    for field in dataclasses.fields(ExporterSpec):
        if field.name not in ("name", "summary"):
            assert f"`{field.name}" in exporters, field.name
