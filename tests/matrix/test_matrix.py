"""Each cell of the matrix works or is refused in one line, and docs/matrix.md says which.

The whole matrix takes many minutes: `pytest -m full tests/matrix`. With RLSYS_WRITE_MATRIX=1 that
writes docs/measured/matrix.json anew; `python tools/matrix.py` then writes the page.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("rlsys_ray")

from cells import AGENTS, ENVIRONMENTS, EXECUTORS, EXPORTERS, WORKS, play

from rlsys.plugins.manager import PluginManager, PluginOptions
from rlsys.plugins.registry import Registry

KEPT = Path(__file__).parents[2] / "docs" / "measured" / "matrix.json"
SHORT = [("CartPole", "ppo"), ("CartPole", "sac"), ("Pendulum", "dqn"), ("lamps", "maskable-ppo")]
LIVE = {"distributed-ppo", "distributed-dqn", "remote"}
"""Need a running server; plugins/rlsys-distributed tests them."""
ALL = [(e, a) for e in ENVIRONMENTS for a in AGENTS]


@pytest.fixture(autouse=True)
def _own_journal(tmp_path, monkeypatch):
    monkeypatch.setenv("RLSYS_SYSCTL_STATE", str(tmp_path / "state"))


def kept():
    return json.loads(KEPT.read_text())


@pytest.fixture(scope="module")
def found():
    """Collect what was found; written to `KEPT` if that was asked for."""
    outcomes = {}
    yield outcomes
    if os.environ.get("RLSYS_WRITE_MATRIX"):
        KEPT.write_text(json.dumps(outcomes, indent=1, sort_keys=True) + "\n")


def check(found, environment, agent, executor, folder):
    """All executors must give the same, so one outcome is kept for all."""
    outcome = play(environment, agent, executor, folder).document()
    found.setdefault(environment, {}).setdefault(agent, outcome)
    wanted = found if os.environ.get("RLSYS_WRITE_MATRIX") else kept()
    assert outcome == wanted[environment][agent]


@pytest.mark.parametrize(("environment", "agent"), SHORT)
def test_a_few_cells_are_as_the_page_says(environment, agent, tmp_path):
    check({}, environment, agent, "local", tmp_path)


@pytest.mark.full
@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize(("environment", "agent"), ALL)
def test_every_cell_is_as_the_page_says(found, environment, agent, executor, tmp_path):
    check(found, environment, agent, executor, tmp_path)


def test_the_matrix_has_every_agent_exporter_and_executor_that_there_is():
    registry = Registry(PluginManager(PluginOptions()))
    assert set(AGENTS) | LIVE == {*registry.agents, "hill-climbing"}
    assert set(EXPORTERS) == set(registry.exporters)
    assert set(EXECUTORS) == set(registry.executors)
    assert set(registry.environments) <= {*ENVIRONMENTS, "gymnasium", "distributed"}


def test_the_page_is_made_from_the_result():
    check = [sys.executable, KEPT.parents[2] / "tools" / "matrix.py", "--check"]
    assert subprocess.run(check, check=False).returncode == 0


def test_every_agent_and_exporter_works_somewhere():
    cells = [item for agents in kept().values() for item in agents.items()]
    trained = {agent for agent, cell in cells if cell["training"] == WORKS}
    exported = {n for _, cell in cells for n, said in cell["exports"].items() if said == WORKS}
    assert trained == set(AGENTS)
    assert exported == set(EXPORTERS)
