"""Programs and environments are learned from by different agents; each refuses the other."""

from __future__ import annotations

import importlib.util
import subprocess
import sys

import pytest
from click.testing import CliRunner

from rlsys_distributed.commands.group import distributed
from rlsys_distributed.plugin import SERVER

LIVE = (
    "--set", "model=p", "--set", "observation={box: {shape: [4]}}",
    "--set", "action={discrete: {n: 2}}",
)  # fmt: skip


def refusal(*words, folder):
    done = subprocess.run(
        [sys.executable, "-m", "rlsys.cli.main", *words, "--out", str(folder / "run")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    return done.stderr.splitlines()[-1]


@pytest.mark.slow
@pytest.mark.parametrize("agent", ["distributed-ppo", "distributed-dqn"])
def test_the_agents_are_started_by_a_server(tmp_path, agent):
    line = refusal("train", "distributed", *LIVE, "--agent", agent, folder=tmp_path)
    assert line == (
        "rlsys: error: the agents of rlsys-distributed learn from running programs: start them "
        "with `rlsys distributed serve`"
    )


@pytest.mark.slow
@pytest.mark.parametrize("agent", ["distributed-ppo", "distributed-dqn"])
def test_they_do_not_play(tmp_path, agent):
    line = refusal(
        "train", "gymnasium", "--set", "id=CartPole-v1", "--agent", agent, folder=tmp_path
    )
    assert "learn from running programs; for an environment use ppo or dqn" in line


@pytest.mark.slow
@pytest.mark.parametrize("agent", ["ppo", "dqn", "self-labelling"])
def test_agents_that_play_cannot_learn_from_a_program(tmp_path, agent):
    line = refusal("train", "distributed", *LIVE, "--agent", agent, folder=tmp_path)
    assert "distributed cannot be played here: it is a running program" in line


@pytest.mark.slow
def test_a_space_that_is_none_is_named(tmp_path):
    wrong = [word.replace("shape: [4]", "shape: [0]") for word in LIVE]
    line = refusal("train", "distributed", *wrong, folder=tmp_path)
    assert "observation={box: {shape: [0]}}: observation: " in line
    assert "every size must be at least 1" in line


@pytest.mark.parametrize("missing", [requirement.name for requirement in SERVER])
def test_a_client_alone_says_what_a_server_needs(monkeypatch, missing):
    known = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == missing else known(name)
    )
    done = CliRunner().invoke(distributed, ["serve"])
    assert str(done.exception) == (
        f"rlsys distributed serve needs the module '{missing}', which is missing; "
        "install it with: pip install 'rlsys[distributed]'"
    )
