"""The example of a program that learns from a server, as its first lines say."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from live_server import LIMIT, LiveServer

EXAMPLES = Path(__file__).parents[3] / "examples"


@pytest.mark.slow
def test_two_programs_share_the_model_that_is_named_after_the_environment(tmp_path):
    settings = yaml.safe_load((EXAMPLES / "lunar_lander.yaml").read_text(encoding="utf-8"))
    server = LiveServer(tmp_path / "home", **settings)
    words = [sys.executable, EXAMPLES / "lunar_lander.py", "--id", "CartPole-v1", "--quick"]
    programs = [
        subprocess.Popen(
            [*words, "--server", server.address, "--name", f"cart-{number}"],
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(2)
    ]
    said = [program.communicate(timeout=LIMIT)[0] for program in programs]
    server.stop()
    assert [program.returncode for program in programs] == [0, 0]
    for text in said:
        assert re.match(r"20 episodes, version [1-9]", text)
        assert "acknowledged=20" in text
    assert (tmp_path / "home" / "CartPole-v1" / "manifest.json").exists()


@pytest.mark.slow
def test_a_batch_scheduler_learns_and_is_judged(tmp_path):
    folder = EXAMPLES / "hpc-jobs"
    settings = yaml.safe_load((folder / "server.yaml").read_text(encoding="utf-8"))
    settings["settings"]["ppo"] |= {"n_steps": 128, "batch_size": 64}
    server = LiveServer(tmp_path / "home", **settings)

    def run(*words):
        return subprocess.run(
            [sys.executable, *words],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=LIMIT,
            check=True,
        ).stdout

    said = run("learn.py", "--server", server.address, "--jobs", "64", "--episodes", "100")
    server.stop()
    assert re.search(r"100 windows: mean slowdown \d", said)
    assert int(re.search(r"version (\d+)", said)[1]) >= 2
    (network,) = (tmp_path / "home" / "hpc-jobs").glob("policies/*/seed-0/network.npz")
    judged = run("judge.py", network, "--jobs", "64", "--windows", "5").splitlines()
    assert [line.split(":")[0] for line in judged] == [
        "learned", "fcfs", "sjf", "easy", "sjf-easy", "f1-easy",
    ]  # fmt: skip
