"""What the command line cannot do is refused in one line, before anything is written."""

from __future__ import annotations

import re

import pytest
from program import LAMPS, refused, run, run_here

TRAIN = ("train", "lamps")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("run", "lamp"), "unknown environment 'lamp' (did you mean 'lamps'?"),
        ((*TRAIN, "--preset", "two-room"), "has no preset 'two-room' (did you mean 'two-rooms'?"),
        ((*TRAIN, "--agent", "hill-climb"), "unknown agent 'hill-climb' (did you mean 'hill-cl"),
        ((*TRAIN, "--set", "nois=1"), "--set nois=1: nois: unknown key (did you mean 'noise'?"),
        ((*TRAIN, "--set", "agents.ppo.gama=1", "--agent", "ppo"), "gama: unknown key (did you"),
        ((*TRAIN, "--set", "noise"), "--set 'noise': must be key=value"),
        ((*TRAIN, "--steps", "0"), "--steps: steps: input should be greater than or equal to 1"),
        ((*TRAIN, "--seeds", "1001"), "--seeds: seeds: input should be less than or equal to 1000"),
        ((*TRAIN, "--agent", "self-labelling", "--steps", "5"), "has no setting 'steps'"),
        (("compare", "lamps", "nowhere"), "nowhere: not a run directory"),
        (("evaluate", "nowhere"), "nowhere: not a run directory"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_bad_input_is_one_line_with_code_1(tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    assert message in refused(*LAMPS, *arguments)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("rum", "lamps"), r"unknown command 'rum' \(did you mean 'run'\?"),
        (("train",), "Missing argument 'PLUGIN'"),
        # Click's own words, which differ from version to version.
        (("train", "lamps", "--step", "1"), "No such option:? '?--step"),
        (("train", "lamps", "--steps", "many"), "'many' is not a valid integer"),
        (("train", "lamps", "--jobs", "0"), "0 is not in the range x>=1"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_wrong_usage_has_code_2(arguments, message):
    result = run_here(*LAMPS, *arguments)
    assert result.returncode == 2
    assert re.search(message, result.stderr)
    assert result.stdout == ""


def test_a_wrong_file_is_told_with_line_key_and_range(tmp_path):
    file = tmp_path / "my.yaml"
    file.write_text("seed: 1\nenvironment:\n  noise: 3\n")
    message = refused(*LAMPS, *TRAIN, "--config", file)
    assert message == (
        f"rlsys: error: {file}:3: noise: input should be less than or equal to 1 (got 3)"
    )


def test_what_figures_and_exports_need_is_asked_for_before_training(tmp_path, monkeypatch):
    from rlsys.plugins import requirements

    monkeypatch.setattr(requirements, "is_met", lambda need: need.name != "onnxruntime")
    whole = (*LAMPS, "run", "lamps", "--set", "exports=[onnx]", "--out", tmp_path / "run")
    assert "exporter 'onnx' needs the module 'onnxruntime'" in refused(*whole)
    monkeypatch.setattr(requirements, "is_met", lambda need: need.name != "matplotlib")
    assert "needs the module 'matplotlib', which is missing; install it" in refused(*whole)
    assert not (tmp_path / "run").exists()


def test_a_bug_shows_its_traceback_and_has_a_code_of_its_own(tmp_path):
    result = run(
        *LAMPS, *TRAIN, "--set", "agents.hill-climbing.fail_at=96", "--out", tmp_path / "run"
    )
    assert result.returncode == 4
    assert "RuntimeError: the agent broke down" in result.stderr
    assert "bug in rlsys or a plugin" in result.stderr
