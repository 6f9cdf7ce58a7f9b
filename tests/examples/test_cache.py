"""A complete third-party plugin: installed with pip, it does everything that a plugin can."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from example_files import EXAMPLES

PROJECT = EXAMPLES / "rlsys-cache"
TINY = (
    "--set", "sizes=[8, 6]", "--set", "requests=120", "--set", "agents.imitation.rounds=3",
    "--set", "agents.imitation.instances=16", "--set", "agents.imitation.updates=40",
    "--set", "training.validation_episodes=4",
)  # fmt: skip

pytestmark = pytest.mark.slow


def output(*words: object, folder: Path, cwd: Path, timeout: float = 900) -> str:
    """Run Python with the installed plugin, and no other, in reach; return what it printed."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("RLSYS_")}
    ended = subprocess.run(
        [sys.executable, *map(str, words)],
        cwd=cwd,
        env={
            **environment,
            "PYTHONPATH": str(folder),
            "RLSYS_PLUGINS": "cache",
            "OMP_NUM_THREADS": "1",
            "MPLBACKEND": "agg",
        },
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """Return a folder into which the distribution has been built and installed."""
    for module in ("stable_baselines3", "matplotlib"):
        if importlib.util.find_spec(module) is None:
            pytest.skip("pip install 'rlsys[sb3,figures]'")
    project = tmp_path_factory.mktemp("project") / "rlsys-cache"
    ignored = shutil.ignore_patterns("__pycache__", ".*_cache", "runs")
    shutil.copytree(PROJECT, project, ignore=ignored)
    folder = tmp_path_factory.mktemp("installed")
    if importlib.util.find_spec("uv") is not None:
        command = [sys.executable, "-m", "uv", "pip", "install", "--python", sys.executable]
    else:
        command = [sys.executable, "-m", "pip", "install"]
    ended = subprocess.run(
        [*command, "--no-deps", "--target", str(folder), str(project)],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return folder


@pytest.fixture(scope="module")
def run(installed, tmp_path_factory) -> tuple[Path, dict]:
    """Return a tiny run and its result document."""
    cwd = tmp_path_factory.mktemp("cache")
    words = ("run", "cache", *TINY, "--episodes", 20, "--out", "run", "--json")
    printed = output("-m", "rlsys.cli.main", *words, folder=installed, cwd=cwd)
    return cwd / "run", json.loads(printed)


def test_it_is_listed_with_what_it_provides(installed, tmp_path):
    printed = output("-m", "rlsys.cli.main", "plugins", "--json", folder=installed, cwd=tmp_path)
    (found,) = (
        plugin
        for plugin in json.loads(printed)["plugins"]
        if plugin["distribution"] == "rlsys-cache"
    )
    assert found["status"] == "active"
    assert found["version"] == "0.1.0"
    assert found["error"] is None
    assert Path(found["location"]).is_relative_to(installed)


def test_it_trains_and_is_judged_on_sizes_that_it_was_not_trained_on(run):
    _, document = run
    assert [row["case"] for row in document["results"] if row["metric"] == "reward"].count(
        "size-6"
    ) == 8
    for case in ("size-8", "size-6"):
        means = {
            row["controller"]: row["mean"]
            for row in document["results"]
            if row["case"] == case and row["metric"] == "hit_ratio"
        }
        assert set(means) == {
            "imitation", "random", "fifo", "lru", "lfu", "perfect-lfu", "sieve", "belady",
        }  # fmt: skip
        assert means["belady"] == max(means.values())


def test_even_a_tiny_training_beats_lru(run):
    _, document = run
    holds = {v["name"]: v["holds"] for v in document["verdicts"] if v["case"] == "size-8"}
    assert holds["imitation-better-than-lru"]
    assert not holds["imitation-reaches-belady"]


def test_it_is_exported_and_judged_again(run, installed, tmp_path):
    path, _ = run
    assert (path / "exports" / "json" / "size-8" / "policy_weights.json").exists()
    words = ("evaluate", path, "--episodes", 4, "--json")
    printed = output("-m", "rlsys.cli.main", *words, folder=installed, cwd=tmp_path)
    assert {row["n"] for row in json.loads(printed)["results"]} == {4}


def test_its_command_writes_a_trace_that_it_plays(installed, tmp_path):
    rlsys = ("-m", "rlsys.cli.main")
    output(*rlsys, "cache-trace", "a.lis", "--requests", 2000, folder=installed, cwd=tmp_path)
    words = (
        "compare", "cache", "--preset", "trace", "--set", "trace=a.lis", "--set", "sizes=[8]",
        "--set", "requests=300", "--episodes", 2, "--json",
    )  # fmt: skip
    document = json.loads(output(*rlsys, *words, folder=installed, cwd=tmp_path))
    assert {row["case"] for row in document["results"]} == {"past-8", "future-8"}


def test_a_bad_trace_is_one_line(installed, tmp_path):
    (tmp_path / "bad.spc").write_text("0,1,512,R,0\n0,1,512,Q,0\n")
    environment = {**os.environ, "PYTHONPATH": str(installed), "RLSYS_PLUGINS": "cache"}
    ended = subprocess.run(
        [sys.executable, "-m", "rlsys.cli.main", "compare", "cache", "--preset", "trace",
         "--set", "trace=bad.spc"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert ended.returncode == 1
    (line,) = ended.stderr.strip().splitlines()[-1:]
    assert "bad.spc:2: the opcode must be R or W, not 'Q'" in line
    assert "Traceback" not in ended.stderr


def test_its_own_tests_pass(installed, tmp_path):
    """Those of the distribution, the conformance suite of rlsys among them."""
    tests = tmp_path / "tests"
    shutil.copytree(PROJECT / "tests", tests)
    for file in ("pyproject.toml", "README.md"):
        shutil.copy(PROJECT / file, tmp_path)
    words = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "--import-mode=importlib", "tests")
    assert " passed" in output(*words, folder=installed, cwd=tmp_path, timeout=1800)
