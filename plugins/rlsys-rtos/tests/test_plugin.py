"""The plugin describes what it has without importing it, and everything it names exists."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

from rlsys.config.document import Document
from rlsys.config.plan import Overrides, plan_of, resolve_plan
from rlsys.descriptors import resolve
from rlsys.plugins.manager import PluginManager, PluginOptions
from rlsys.plugins.registry import Registry
from rlsys.rollout import play
from rlsys.seeds import evaluation_seeds


@pytest.fixture(autouse=True)
def exports_are_optional(monkeypatch):
    """In continuous integration the presets require the exporter of another plugin."""
    monkeypatch.delenv("CI", raising=False)


@pytest.fixture(scope="module")
def registry():
    return Registry(PluginManager(PluginOptions(only=("rtos",))))


def test_importing_it_imports_nothing_heavy():
    code = "import rlsys_rtos_plugin, sys, json; print(json.dumps(list(sys.modules)))"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    loaded = set(json.loads(result.stdout))
    assert not loaded & {"gymnasium", "matplotlib", "numba", "numpy", "pydantic", "torch"}


def test_it_is_installed_as_a_plugin_and_sound(registry):
    (plugin,) = [p for p in registry.manager.plugins if p.name == "rtos"]
    assert (plugin.distribution, plugin.status, plugin.error) == ("rlsys-rtos", "active", None)
    assert plugin.provides == {"environment": ["rtos"], "command": ["gantt"]}


def test_every_reference_leads_somewhere(registry):
    spec = registry.environments.get("rtos")
    factories = [part.factory for part in (*spec.baselines, *spec.figures, spec.oracle)]
    for reference in (spec.config, spec.vector_env, spec.cases, spec.application, *factories):
        assert callable(resolve(reference)), reference


@pytest.mark.parametrize("preset", ["default", "normal", "stressed", "plain-ppo", "general"])
def test_every_preset_resolves_and_its_resolved_form_needs_no_other_file(registry, preset):
    plan = resolve_plan(registry, "rtos", Overrides(preset=preset))
    kept = json.loads(json.dumps(plan.config.model_dump(mode="json")))
    again = plan_of(registry, Document(kept))
    assert again.cases == plan.cases
    assert again.config == plan.config
    assert all(export.spec or export.optional for export in plan.exports)


def test_the_two_tasksets_have_a_policy_each(registry):
    plan = resolve_plan(registry, "rtos", Overrides())
    assert [case.name for case in plan.trained_cases] == ["normal", "stressed"]


def test_every_metric_and_baseline_that_is_promised_is_delivered(registry):
    plan = resolve_plan(registry, "rtos", Overrides(preset="normal"))
    (case,) = plan.cases
    spec = plan.environment
    names = [metric.name for metric in spec.metrics]
    make_env = resolve(spec.vector_env)
    for baseline in spec.baselines:
        controller = resolve(baseline.factory)(case.config, **baseline.options)
        played = play(lambda n: make_env(case.config, n), controller, evaluation_seeds(2), names)
        tasks = len(case.config.taskset[0].tasks)
        for metric in spec.metrics:
            shape = (2, tasks) if metric.vector else (2,)
            assert played[metric.name].shape == shape, (baseline.name, metric.name)
        np.testing.assert_array_equal(played["misses"], played["task_misses"].sum(axis=1))
