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

PRESETS = ["default", "phase1", "phase2", "phase2-flat", "backlog", "contended"]


@pytest.fixture(scope="module")
def registry():
    return Registry(PluginManager(PluginOptions(only=("mec",))))


def test_importing_it_imports_nothing_heavy():
    code = "import rlsys_mec_plugin, sys, json; print(json.dumps(list(sys.modules)))"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    loaded = set(json.loads(result.stdout))
    heavy = {"gymnasium", "matplotlib", "numpy", "pydantic", "scipy", "sklearn", "torch"}
    assert not loaded & heavy


def test_it_is_installed_as_a_plugin_and_sound(registry):
    (plugin,) = [p for p in registry.manager.plugins if p.name == "mec"]
    assert (plugin.distribution, plugin.status, plugin.error) == ("rlsys-mec", "active", None)
    assert plugin.provides == {"environment": ["mec"]}


def test_every_reference_leads_somewhere(registry):
    spec = registry.environments.get("mec")
    factories = [part.factory for part in (*spec.baselines, *spec.figures, spec.oracle)]
    for reference in (spec.config, spec.vector_env, spec.cases, *factories):
        assert callable(resolve(reference)), reference
    metrics = {metric.name for metric in spec.metrics}
    assert {figure.metric for figure in spec.learning_figures} <= metrics
    assert {figure.name for figure in spec.learning_figures} == {
        f"{name}_{metric}_over_learning"
        for name in ("sum", "per_ue", "per_cluster")
        for metric in ("qos", "energy")
    }


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_resolves_and_its_resolved_form_is_complete(registry, preset):
    plan = resolve_plan(registry, "mec", Overrides(preset=preset))
    kept = json.loads(json.dumps(plan.config.model_dump(mode="json")))
    again = plan_of(registry, Document(kept))
    assert again.cases == plan.cases
    assert again.config == plan.config


def config_of(registry, preset):
    (case,) = resolve_plan(registry, "mec", Overrides(preset=preset)).cases
    return case.config


def test_the_phases_have_the_numbers_that_they_are_known_by(registry):
    one, two = config_of(registry, "default"), config_of(registry, "phase2")
    assert (one.n_users, one.n_clusters, one.slots) == (5, None, 200)
    assert (one.data_mbit, one.cycles_g, one.deadline_s) == ((16, 80), (1.5, 3.5), (1, 2))
    assert (one.distance_m, one.local_ghz) == ((10, 50), (0.5, 1.5))
    assert (one.server_ghz, one.server_w, one.bandwidth_mhz) == (6, 5, 50)
    assert (one.transmit_w, one.noise_w_per_hz, one.kappa) == (0.08, 4e-21, 1e-27)
    assert (one.weight_qos, one.weight_energy, one.view) == (1, 1e-6, "local")
    # Short episodes: slots are independent, and users are drawn more often.
    assert (two.n_users, two.n_clusters, two.slots) == (100, 5, 20)
    assert (two.deadline_s, two.bandwidth_mhz, two.transmit_w) == ((2, 4), 20, 0.23)
    assert (two.weight_qos, two.weight_energy, two.spectrum_floor) == (1, 1e-7, 0.01)
    assert config_of(registry, "phase2-flat") == two.model_copy(update={"n_clusters": None})
    assert config_of(registry, "backlog").slot_s is not None


def test_flat_and_hierarchical_have_the_same_users_and_tasks(registry):
    environments = []
    for preset in ("phase2", "phase2-flat"):
        config = config_of(registry, preset)
        env = resolve(registry.environments.get("mec").vector_env)(config, 2)
        env.reset(seed=0)
        for _ in range(2):
            for role in env.roles:
                env.step(np.zeros((2, role.agents, *role.action_space.shape)))
        environments.append(env.situation)
    one, other = environments
    for name in ("data", "cycles", "deadline", "distance", "local_ghz"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


@pytest.mark.parametrize("clusters", [None, 2])
def test_every_metric_and_baseline_that_is_promised_is_delivered(registry, clusters):
    spec = registry.environments.get("mec")
    config = resolve(spec.config)(n_users=4, n_clusters=clusters, slots=3)
    make_env = resolve(spec.vector_env)
    names = [metric.name for metric in spec.metrics]
    parts = {"ue": 4 if clusters is None else 0, "cluster": clusters or 0}
    for baseline in spec.baselines:
        controller = resolve(baseline.factory)(config, **baseline.options)
        played = play(lambda n: make_env(config, n), controller, evaluation_seeds(2), names)
        for metric in spec.metrics:
            shape = (2, parts[metric.name.partition("_")[0]]) if metric.vector else (2,)
            assert played[metric.name].shape == shape, (baseline.name, metric.name)


def test_in_the_contended_preset_every_simple_rule_falls_clearly_short(registry):
    """Measured on 100 episodes: local 11 %, all-offload 75 %, greedy 83 % of the optimum.

    Rules that send just in time for the server (96 % and 97 %) are not simple, and do not reach
    the optimum either.
    """
    spec = registry.environments.get("mec")
    config = config_of(registry, "contended")
    make_env = resolve(spec.vector_env)
    seeds = evaluation_seeds(15)

    def reward(controller):
        return play(lambda n: make_env(config, n), controller, seeds)["reward"].mean()

    best = reward(resolve(spec.oracle.factory)(config))
    share = {b.name: reward(resolve(b.factory)(config, **b.options)) / best for b in spec.baselines}
    assert share["local-only"] < 0.2
    assert max(share["all-offload-fifo"], share["all-offload-edf"]) < 0.8
    assert max(share["greedy-fifo"], share["greedy-edf"]) < 0.87
    assert max(share.values()) < 0.985
    assert max(value for name, value in share.items() if not name.endswith("-jit")) < 0.91
