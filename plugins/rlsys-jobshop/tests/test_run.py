"""A whole tiny run and a tiny tuning, as a user starts them."""

from __future__ import annotations

import json

import pytest
from program import run_here

from rlsys_jobshop.checking import violations
from rlsys_jobshop.instances import classic
from rlsys_jobshop.playing import play
from rlsys_jobshop.trained import trained

SETTINGS = """
environment:
  random: {kind: classic, jobs: [2, 3], machines: [2, 2]}
  reference_effort: 50
  held_out: {ft: [ft06]}
agents:
  self-labelling: {rounds: 2, episodes: 16, keep: 4, instances: 4, encoder: [8], scorer: [8]}
training:
  validation_episodes: 4
evaluation:
  episodes: 2
"""


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    """Work in a folder with the settings, in which no file has the name of an instance."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.yaml").write_text(SETTINGS)


@pytest.mark.slow
def test_a_run_trains_evaluates_and_leaves_a_policy_that_solves(tmp_path):
    done = run_here("run", "jobshop", "--config", "tiny.yaml", "--out", "run", "--json")
    assert done.returncode == 0, done.stderr
    run = tmp_path / "run"
    found = json.loads(done.stdout)
    assert (found["status"], found["plugin"]) == ("complete", "jobshop")
    assert {row["case"] for row in found["results"]} == {"classic", "ft", "la"}
    broken = [row["mean"] for row in found["results"] if row["metric"] == "violations"]
    assert set(broken) == {0.0}
    drawn = {path.name for path in (run / "figures").iterdir()}
    assert {"gantt-ft.png", "utilisation-ft.png", "comparison.png"} <= drawn
    (schedule,) = play(classic("ft06"), trained(run).network)
    assert violations(classic("ft06"), schedule.entries()) == []
    solved = run_here("jobshop", "solve", "ft06", "--policy", "run", "--out", "s.json")
    assert solved.returncode == 0, solved.stderr
    assert json.loads((tmp_path / "s.json").read_text())["makespan"] == schedule.makespan


@pytest.mark.slow
def test_a_wrong_held_out_instance_ends_the_run_before_its_training():
    done = run_here("run", "jobshop", "--config", "tiny.yaml", "--set", "held_out={x: [ft99]}")
    assert done.returncode != 0
    assert "round" not in done.stderr
    assert done.stderr.splitlines()[-1].startswith(
        "rlsys: error: held_out.x: there is no published instance 'ft99'"
    )


@pytest.mark.slow
def test_tuning_searches_what_the_agent_proposes(tmp_path):
    pytest.importorskip("optuna", reason="pip install 'rlsys[tune]'")
    arguments = ("--config", "tiny.yaml", "--set", "agents.self-labelling.episodes=128")
    done = run_here("tune", "jobshop", *arguments, "--trials", "2", "--out", "tuned")
    assert done.returncode == 0, done.stderr
    assert "failed" not in done.stderr
    assert "self-labelling" in (tmp_path / "tuned" / "best.yaml").read_text()
