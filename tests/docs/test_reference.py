"""Hooks, descriptions, commands, options, settings and exit codes stand in the built reference.

What there is comes from the code, what is said from the HTML; the generators have no part in it.
"""

from __future__ import annotations

import dataclasses
import inspect
import json
import re

import click
import pytest
from pages import ROOT
from pydantic import BaseModel

from rlsys import descriptors, hookspecs
from rlsys.config.plan import RunConfig
from rlsys.descriptors import resolve
from rlsys.errors import ExitCode
from rlsys.plugins.manager import PluginManager
from rlsys.plugins.registry import Registry

pytest.importorskip("sphinx", reason="pip install 'rlsys[docs]'")
PLUGINS = ("distributed", "jobshop", "mec", "ray", "rtos", "rust_q10", "sysctl")
for extra in (f"rlsys_{plugin}" for plugin in PLUGINS):
    pytest.importorskip(extra, reason="pip install 'rlsys[all]'")


@pytest.fixture(scope="module")
def registry():
    return Registry(PluginManager())


# Hooks


def hooks_of(module):
    return {name: hook for name, hook in vars(module).items() if hasattr(hook, "rlsys_spec")}


def undocumented_hooks(site, hooks):
    """Return the hooks whose entry lacks an argument, a description, an example or a version."""
    missing = []
    for name, hook in hooks.items():
        if f"rlsys.hookspecs.{name}" not in site.inventory["py:function"]:
            missing.append(name)
            continue
        signature, said = site.entry("py:function", f"rlsys.hookspecs.{name}")
        known = inspect.signature(hook)
        wanted = [f"{one.name}: " for one in known.parameters.values()]
        returned = str(known.return_annotation).strip("'")
        whole = all(one in signature for one in wanted) and signature.endswith(f"→ {returned}")
        first = inspect.getdoc(hook).partition(";")[0].partition(".")[0].replace("`", "")
        told = "Example:" in said and re.search(r"Added in version \d", said)
        if not (whole and told and said.startswith(first)):
            missing.append(name)
    return missing


def test_every_hook_is_documented(site):
    hooks = hooks_of(hookspecs)
    assert len(hooks) >= 8
    assert undocumented_hooks(site, hooks) == []


def test_an_undocumented_hook_would_be_noticed(site):
    @hookspecs.hookspec
    def rlsys_planted(): ...

    @hookspecs.hookspec
    def rlsys_run_finished(directory, status, reason):
        """A run has ended."""

    planted = {"rlsys_planted": rlsys_planted, "rlsys_run_finished": rlsys_run_finished}
    assert undocumented_hooks(site, planted) == ["rlsys_planted", "rlsys_run_finished"]


def described(module):
    return [
        one
        for one in vars(module).values()
        if dataclasses.is_dataclass(one) and one.__module__ == module.__name__
    ]


def undocumented_fields(site, classes):
    """Return the fields of descriptions that are not in the signature of their class."""
    missing = []
    for one in classes:
        signature, said = site.entry("py:class", f"rlsys.descriptors.{one.__name__}")
        assert said, one
        missing += [
            f"{one.__name__}.{field.name}"
            for field in dataclasses.fields(one)
            if f" {field.name}: " not in signature.replace("(", " ")
        ]
    return missing


def test_every_description_is_documented_with_its_fields(site):
    assert len(described(descriptors)) >= 12
    assert undocumented_fields(site, described(descriptors)) == []


def test_an_undocumented_field_would_be_noticed(site):
    planted = dataclasses.make_dataclass("Case", [("name", str), ("planted", int)])
    assert undocumented_fields(site, [planted]) == ["Case.planted"]


# Commands


def walk(command, context):
    """Yield every command below `context` with its path and options, as the command line does."""
    options = [one for one in command.get_params(context) if isinstance(one, click.Option)]
    yield context.command_path, [one for one in options if "--help" not in one.opts]
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            yield from walk(inner, click.Context(inner, parent=context, info_name=name))


def all_commands():
    from rlsys.cli.main import cli

    context = click.Context(cli, info_name="rlsys", help_option_names=["-h", "--help"])
    cli.list_commands(context)  # loads the plugins
    return dict(walk(cli, context))


def undocumented_options(site, commands):
    """Return the commands and options that have no entry, or one that says nothing."""
    missing = []
    page = site.soup(site.folder / "reference" / "commands.html")
    for path, options in commands.items():
        section = page.find("section", id=path.replace(" ", "-"))
        if section is None or not section.find("p", recursive=False).get_text().strip():
            missing.append(path)
            continue
        for option in options:
            for flag in (*option.opts, *option.secondary_opts):
                name = f"{path.replace(' ', '-')}.{flag}"
                if name not in site.inventory["std:cmdoption"]:
                    missing.append(f"{path} {flag}")
                elif not site.entry("std:cmdoption", name)[1]:
                    missing.append(f"{path} {flag}: no help")
    return missing


def test_every_command_and_option_is_documented(site, registry):
    commands = all_commands()
    assert {"rlsys run", "rlsys plugins new", "rlsys gantt", "rlsys sysctl tune"} <= set(commands)
    assert {f"rlsys {name}" for name in registry.commands} <= set(commands)
    executors = [registry.executors.get(name) for name in registry.executors]
    added = {f"--{option.name}" for executor in executors for option in executor.options}
    assert added
    assert added <= {flag for option in commands["rlsys run"] for flag in option.opts}
    assert undocumented_options(site, commands) == []


def test_an_undocumented_command_or_option_would_be_noticed(site):
    planted = {
        "rlsys planted": [],
        "rlsys run": [click.Option(["--seed"]), click.Option(["--planted"])],
    }
    assert undocumented_options(site, planted) == ["rlsys planted", "rlsys run --planted"]


# Settings


def settings_of(model: type[BaseModel]) -> dict[str, dict]:
    """Return, by path, the schema of every setting of a model and of those inside it."""
    schema = model.model_json_schema()
    found: dict[str, dict] = {}

    def enter(node, path):
        if "$ref" in node:
            enter(schema["$defs"][node["$ref"].rpartition("/")[2]], path)
        for name, inner in node.get("properties", {}).items():
            key = f"{path}.{name}" if path else name
            found[key] = {**inner, "required": name in node.get("required", ())}
            enter(inner, key)
        for one in (*node.get("anyOf", ()), *node.get("oneOf", ())):
            enter(one, path)
        for one in (node.get("items", {}), *node.get("prefixItems", ())):
            if one:
                enter(one, f"{path}[]")
        if isinstance(node.get("additionalProperties"), dict):
            enter(node["additionalProperties"], f"{path}.NAME")

    enter(schema, "")
    return found


def all_settings(registry):
    """Return every setting by the name that it has in the inventory."""
    found = settings_of(RunConfig)
    for prefix, family in (
        ("{}: ", registry.environments),
        ("agents.{}.", registry.agents),
        ("exports.{}.", registry.exporters),
    ):
        for name in family:
            model = family.get(name).config
            keys = settings_of(resolve(model)) if model else {}
            found |= {f"{prefix.format(name)}{key}": schema for key, schema in keys.items()}
    return found


def wrong_settings(site, settings):
    """Return the settings that have no entry, no meaning, or not their default and limits."""
    wrong = []
    for name, schema in settings.items():
        if name not in site.inventory["std:setting"]:
            wrong.append(name)
            continue
        _, said = site.entry("std:setting", name)
        limits = [schema[key] for key in ("minimum", "maximum") if key in schema]
        facts = [json.dumps(value) for value in schema.get("enum", ())]
        facts += [f"{limit:.0f}" if limit == int(limit) else str(limit) for limit in limits]
        if schema["required"]:
            facts.append("required")
        elif "default" in schema and "$ref" not in schema:
            facts.append(f"default {json.dumps(schema['default'])} ")
        _, _, meaning = said.partition("required" if schema["required"] else "default ")
        if not all(fact in said for fact in facts) or len(meaning.split()) < 2:
            wrong.append(name)
    return wrong


def test_every_setting_is_documented(site, registry):
    settings = all_settings(registry)
    assert {"seed", "training.checkpoint_every", "rtos: generator.max_tasks", "mec: n_users",
            "agents.ppo.gamma", "agents.rllib-ppo.steps", "exports.rust-q10.kernel",
            "sysctl: workload.action_space[].param"} <= set(settings)  # fmt: skip
    assert wrong_settings(site, settings) == []
    assert set(site.inventory["std:setting"]) == set(settings)


def test_an_undocumented_setting_would_be_noticed(site):
    class Planted(RunConfig):
        planted: int = 1
        seed: int = 7

    keys = settings_of(Planted)
    assert wrong_settings(site, {key: keys[key] for key in ("seed", "seeds", "planted")}) == [
        "seed",
        "planted",
    ]


# Exit codes


def undocumented_codes(site, codes):
    """Return the exit codes that have no entry, or one without number or meaning."""
    missing = []
    for code in codes:
        name = f"rlsys.errors.ExitCode.{code.name}"
        if name not in site.inventory["py:attribute"]:
            missing.append(code.name)
            continue
        signature, said = site.entry("py:attribute", name)
        if not (signature.endswith(f"= {int(code)}") and said):
            missing.append(code.name)
    return missing


def test_every_exit_code_is_documented(site):
    assert undocumented_codes(site, ExitCode) == []


def test_an_undocumented_exit_code_would_be_noticed(site):
    import enum

    planted = enum.IntEnum("Planted", {"OK": 0, "USAGE": 5, "PLANTED": 6})
    assert undocumented_codes(site, planted) == ["USAGE", "PLANTED"]


# Plugins


def unmentioned(site, plugin, provided):
    """Return what the page of a plugin does not name of what it provides."""
    text = site.soup(site.folder / "plugins" / f"{plugin}.html").find("article").get_text()
    return [name for name in provided if not re.search(rf"(?<![\w-]){name}(?![\w-])", text)]


def test_every_plugin_has_a_page_that_names_what_it_provides(site, registry):
    plugins = [one for one in registry.manager.plugins if one.distribution != "rlsys"]
    folders = {folder.name for folder in (ROOT / "plugins").iterdir() if folder.is_dir()}
    assert {plugin.distribution for plugin in plugins} >= folders
    for plugin in plugins:
        if plugin.distribution not in folders:
            continue  # somebody else's, installed here
        names = [name for kind in plugin.provides.values() for name in kind]
        for name in plugin.provides.get("environment", ()):
            names += registry.environments.get(name).presets
        assert unmentioned(site, plugin.name, names) == [], plugin.name


def test_something_unmentioned_would_be_noticed(site):
    assert unmentioned(site, "ray", ["ray", "rllib-ppo", "rllib", "planted"]) == [
        "rllib",
        "planted",
    ]
