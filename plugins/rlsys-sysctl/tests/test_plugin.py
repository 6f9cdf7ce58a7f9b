"""The plugin says what it has without importing it, and everything it names is there."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from rlsys.config.document import Document
from rlsys.config.plan import Overrides, plan_of, resolve_plan
from rlsys.descriptors import resolve
from rlsys.plugins.manager import PluginManager, PluginOptions
from rlsys.plugins.registry import Registry

PRESETS = ["default", "net-long-path", "net-churn", "memory-pressure", "dirty-pages"]


@pytest.fixture(scope="module")
def registry():
    return Registry(PluginManager(PluginOptions(only=("sysctl",))))


def test_importing_it_imports_nothing_heavy():
    code = "import rlsys_sysctl_plugin, sys, json; print(json.dumps(list(sys.modules)))"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    heavy = {"gymnasium", "numpy", "optuna", "psutil", "pydantic", "sqlalchemy", "torch"}
    assert not set(json.loads(result.stdout)) & heavy


def test_it_is_installed_as_a_plugin_and_sound(registry):
    (plugin,) = [p for p in registry.manager.plugins if p.name == "sysctl"]
    assert (plugin.distribution, plugin.status, plugin.error) == ("rlsys-sysctl", "active", None)
    assert plugin.provides == {
        "environment": ["sysctl"],
        "agent": ["optuna", "random", "grid"],
        "exporter": ["sysctl-d"],
        "command": ["sysctl"],
    }


def test_every_reference_leads_somewhere(registry):
    spec = registry.environments.get("sysctl")
    references = [spec.config, spec.vector_env, spec.cases]
    references += [baseline.factory for baseline in spec.baselines]
    for name in ("optuna", "random", "grid"):
        agent = registry.agents.get(name)
        references += [agent.config, agent.factory]
        assert resolve(agent.factory)(resolve(agent.config)()).name == name
    exporter = registry.exporters.get("sysctl-d")
    references += [exporter.factory, exporter.config]
    for reference in references:
        assert callable(resolve(reference)), reference
    group = resolve(registry.commands.get("sysctl").command)
    assert {"tune", "restore", "status"} <= set(group.commands)


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_resolves_and_its_resolved_form_is_complete(registry, preset):
    plan = resolve_plan(registry, "sysctl", Overrides(preset=preset))
    kept = json.loads(json.dumps(plan.config.model_dump(mode="json")))
    again = plan_of(registry, Document(kept))
    assert again.config == plan.config
    assert again.cases == plan.cases
    wanted = "net-long-path" if preset == "default" else preset
    assert [case.name for case in plan.cases] == [wanted]


def test_gymnasium_finds_it_when_the_package_is_imported():
    code = "import gymnasium, rlsys_sysctl; print('rlsys/Sysctl-v0' in gymnasium.registry)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "True"


def test_the_metrics_that_are_promised_are_delivered(registry):
    from rlsys_sysctl.vector_env import METRICS

    spec = registry.environments.get("sysctl")
    assert {metric.name for metric in spec.metrics} == set(METRICS)
    assert spec.costly
