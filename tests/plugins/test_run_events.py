"""Listeners receive the events of a run in order, and none can harm it or the others."""

from __future__ import annotations

import itertools
import json
import warnings

import pytest
from program import LAMPS, run_here

from rlsys import hookimpl
from rlsys.plugins.manager import PluginManager, PluginOptions
from rlsys.plugins.run_events import RunEvents

NUMBERS = itertools.count()

LISTENER = """
import json
from rlsys import hookimpl

def note(directory, **line):
    with open({notes!r}, "a") as file:
        file.write(json.dumps(line) + "\\n")

@hookimpl
def rlsys_run_started(directory, config):
    note(directory, event="started", plugin=config["plugin"], exists=directory.is_dir())
    {trouble}

@hookimpl
def rlsys_run_metrics(directory, metrics):
    note(directory, event="metrics", **metrics)
    {trouble}

@hookimpl
def rlsys_run_finished(directory, status):
    note(directory, event="finished", status=status)
    {trouble}
"""


def heard(tmp_path, *settings, trouble="pass"):
    """Train with a listener in a plugin of its own; return what it heard and the outcome."""
    file = tmp_path / f"ear_{next(NUMBERS)}.py"  # a module is loaded once per process
    notes = tmp_path / "notes.jsonl"
    file.write_text(LISTENER.format(notes=str(notes), trouble=trouble))
    out = tmp_path / "run"
    result = run_here(
        *LAMPS, "--plugin-file", file, "train", "lamps", "--steps", "288", *settings, "--out", out
    )
    return [json.loads(line) for line in notes.read_text().splitlines()], result, out


def test_started_metrics_finished(tmp_path):
    lines, result, out = heard(tmp_path)
    assert result.returncode == 0, result.stderr
    assert lines[0] == {"event": "started", "plugin": "lamps", "exists": True}
    assert lines[-1] == {"event": "finished", "status": "complete"}
    metrics = [{k: v for k, v in line.items() if k != "event"} for line in lines[1:-1]]
    assert metrics == [json.loads(line) for line in (out / "metrics.jsonl").open()]
    assert [line["step"] for line in metrics if "reward" in line] == [96, 192, 288]
    for line in metrics:
        assert {"time", "case", "seed", "agent", "step", "total"} <= set(line)


def test_a_training_that_fails_is_finished_too(tmp_path):
    lines, result, out = heard(tmp_path, "--set", "agents.hill-climbing.fail_at=192")
    assert result.returncode == 4
    assert "RuntimeError: the agent broke down" in result.stderr
    assert lines[-1] == {"event": "finished", "status": "failed"}
    assert json.loads((out / "manifest.json").read_text())["status"] == "failed"


@pytest.mark.filterwarnings("ignore:a listener of")
def test_a_listener_that_fails_does_not_end_the_training(tmp_path):
    lines, result, _ = heard(tmp_path, trouble="raise RuntimeError('no network')")
    assert result.returncode == 0
    assert [line["event"] for line in lines][-1] == "finished"
    assert sum("reward" in line for line in lines) == 3


def test_a_listener_that_fails_is_reported_once_and_does_not_silence_the_others(tmp_path):
    class Ear:
        def __init__(self):
            self.heard = []

        @hookimpl
        def rlsys_run_metrics(self, metrics):
            self.heard.append(metrics["step"])

    class Broken:
        @hookimpl
        def rlsys_run_metrics(self):
            raise OSError("no network")

    manager = PluginManager(PluginOptions(only=()))
    before, after = Ear(), Ear()
    for listener in (before, Broken(), after):
        manager.register_listener(listener)
    events = RunEvents(manager, tmp_path)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        events.metrics({"step": 1})
        events.metrics({"step": 2})
    (warning,) = seen
    assert "rlsys_run_metrics failed: OSError: no network" in str(warning.message)
    assert before.heard == after.heard == [1, 2]
