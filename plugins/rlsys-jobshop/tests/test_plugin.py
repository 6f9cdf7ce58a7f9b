"""The plugin describes what it has without importing it, and everything it names exists."""

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
from rlsys.rollout import play
from rlsys.seeds import evaluation_seeds
from rlsys_jobshop.env.measured import NAMES as METRICS
from rlsys_jobshop_plugin import rlsys_environments

(SPEC,) = rlsys_environments()


@pytest.fixture(autouse=True)
def exports_are_optional(monkeypatch):
    """In continuous integration the presets require the exporter of another plugin."""
    monkeypatch.delenv("CI", raising=False)


@pytest.fixture(scope="module")
def registry():
    return Registry(PluginManager(PluginOptions(only=("jobshop",))))


def test_importing_it_imports_nothing_heavy():
    code = "import rlsys_jobshop_plugin, sys, json; print(json.dumps(list(sys.modules)))"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    loaded = set(json.loads(result.stdout))
    heavy = {"gymnasium", "matplotlib", "numba", "numpy", "pydantic", "torch", "ortools"}
    assert not loaded & heavy


def test_checking_and_reading_an_instance_needs_no_compiler():
    code = (
        "import rlsys_jobshop.checking, rlsys_jobshop.formats, rlsys_jobshop.instances, sys\n"
        "import rlsys_jobshop.env.config\n"
        "print('numba' in sys.modules)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout == "False\n"


def test_it_is_installed_as_a_plugin_and_sound(registry):
    (plugin,) = [p for p in registry.manager.plugins if p.name == "jobshop"]
    assert (plugin.distribution, plugin.status, plugin.error) == ("rlsys-jobshop", "active", None)
    assert plugin.provides == {"environment": ["jobshop"], "command": ["jobshop"]}


def test_every_reference_leads_somewhere():
    factories = [part.factory for part in (*SPEC.baselines, *SPEC.figures, SPEC.oracle)]
    for reference in (SPEC.config, SPEC.vector_env, SPEC.cases, *factories):
        assert callable(resolve(reference)), reference


def test_every_metric_is_described():
    assert [metric.name for metric in SPEC.metrics] == list(METRICS)


@pytest.mark.parametrize("preset", SPEC.presets)
def test_every_preset_resolves_and_its_resolved_form_is_complete(registry, preset):
    plan = resolve_plan(registry, "jobshop", Overrides(preset=preset))
    kept = json.loads(json.dumps(plan.config.model_dump(mode="json")))
    again = plan_of(registry, Document(kept))
    assert again.cases == plan.cases
    assert again.config == plan.config


@pytest.mark.parametrize("preset", [name for name in SPEC.presets if name != "full"])
def test_every_case_of_every_preset_can_be_played(registry, preset):
    plan = resolve_plan(registry, "jobshop", Overrides(preset=preset))
    for case in plan.cases:
        env = resolve(SPEC.vector_env)(case.config, 1)
        observations, _ = env.reset(seed=0)
        assert env.single_observation_space.contains(observations[0])


def test_the_presets_are_the_sizes_of_the_curriculum(registry):
    sizes = {
        name: resolve_plan(registry, "jobshop", Overrides(preset=name)).trained_cases[0]
        for name in ("toy", "medium", "scaled", "full")
    }
    assert {name: case.name for name, case in sizes.items()} == {name: name for name in sizes}
    assert {case.config.random.kind for case in sizes.values()} == {"factory"}
    assert {case.config.objective for case in sizes.values()} == {"weighted-tardiness"}


def test_every_metric_and_baseline_that_is_promised_is_delivered(registry):
    (case,) = resolve_plan(registry, "jobshop", Overrides(preset="toy")).cases
    make_env = resolve(SPEC.vector_env)
    for baseline in SPEC.baselines:
        controller = resolve(baseline.factory)(case.config, **baseline.options)
        seeds = evaluation_seeds(2)
        played = play(lambda n: make_env(case.config, n), controller, seeds, METRICS)
        for metric in METRICS:
            assert played[metric].shape == (2,), (baseline.name, metric)
        assert not played["violations"].any()
