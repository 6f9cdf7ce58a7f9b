"""The example agent: found through the command line, better than the rule, resumable."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from example_files import EXAMPLES

FILE = EXAMPLES / "own_agent.py"
SMALL = (
    "--set", "agents.evolution.rounds=4", "--set", "agents.evolution.variations=12",
    "--set", "training.validation_episodes=4",
)  # fmt: skip


def rlsys(*words, cwd):
    ended = subprocess.run(
        [sys.executable, "-m", "rlsys.cli.main", "--plugin-file", str(FILE), *map(str, words)],
        cwd=cwd, capture_output=True, text=True, timeout=600, check=False,
        env={**os.environ, "RLSYS_PLUGINS": "", "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.fixture(scope="module")
def document(tmp_path_factory):
    for module in ("gymnasium", "matplotlib"):
        pytest.importorskip(module)
    folder = tmp_path_factory.mktemp("cart-pole")
    words = ("run", "cart-pole", *SMALL, "--episodes", "20", "--out", "run", "--json")
    return json.loads(rlsys(*words, cwd=folder)), folder / "run"


@pytest.mark.slow
def test_it_learns_to_hold_the_pole(document):
    found, _ = document
    means = {row["controller"]: row["mean"] for row in found["results"]}
    assert means["evolution"] > means["lean"] + 20
    (verdict,) = found["verdicts"]
    assert verdict["name"] == "evolution-better-than-lean"
    assert verdict["holds"]


@pytest.mark.slow
def test_its_network_leaves_in_every_format(document, tmp_path):
    _, run = document
    printed = rlsys("export", run, "--to", "json", "--out", tmp_path / "out", cwd=tmp_path)
    assert "policy_weights.json" in printed


def test_it_goes_on_as_if_it_had_never_stopped(tmp_path):
    """Stopped after its second round, it ends with the same weights."""
    pytest.importorskip("gymnasium")
    from rlsys.errors import Interrupted
    from rlsys.plugins.manager import PluginManager, PluginOptions
    from rlsys.training import Problem, Session

    manager = PluginManager(PluginOptions(files=(str(FILE),), only=()))
    (module,) = (plugin.module for plugin in manager.plugins if plugin.name == "own_agent")
    config = module.CartPoleConfig(max_steps=30)
    problem = Problem(lambda num_envs: module.make_cart_poles(config, num_envs))
    agent = module.Evolution(module.EvolutionConfig(rounds=4, variations=4, episodes=1))

    def session(folder, **options):
        return Session(tmp_path / folder, 3, problem, validation_episodes=1, **options)

    whole = agent.train(problem, session("whole"))
    asked = []

    def stop():
        asked.append(True)
        return len(asked) == 2

    with pytest.raises(Interrupted):
        agent.train(problem, session("parts", stop_requested=stop))
    parts = agent.train(problem, session("parts", resume=True))
    one, two = whole.body.layers[0].weight, parts.body.layers[0].weight
    assert np.array_equal(one, two)
    assert np.ptp(one) > 0
