"""Every example runs as its first lines say, and prints what it promises."""

from __future__ import annotations

import ast
import importlib.util
import re
import sys

import pytest
from example_files import EXAMPLES

FILES = sorted(EXAMPLES.glob("*.py"))


def rows(printed: str) -> dict[str, list[str]]:
    """Return the words of each line by its first one."""
    return {line.split()[0]: line.split()[1:] for line in printed.splitlines() if line.strip()}


def need(*modules: str) -> None:
    for module in modules:
        if importlib.util.find_spec(module) is None:
            pytest.skip(f"needs {module}")


@pytest.mark.slow
def test_scheduling_is_compared_with_edf_and_the_optimum(run_example):
    need("rlsys_rtos", "sb3_contrib")
    found = rows(run_example("schedule_tasks.py", "--quick"))
    assert set(found) == {"maskable-ppo", "edf", "rate-monotonic", "optimum"}
    rewards = {name: float(words[words.index("reward") + 1]) for name, words in found.items()}
    assert rewards["optimum"] >= max(rewards.values())
    assert rewards["edf"] + 2 < rewards["maskable-ppo"] <= rewards["optimum"]
    assert next(iter(found)) == "optimum", "the best comes first"


@pytest.mark.slow
def test_offloading_is_compared_with_greedy(run_example):
    need("rlsys_mec", "stable_baselines3")
    printed = run_example("offload_tasks.py", "--quick")
    rewards = {
        line.split()[0]: float(line.split()[2])
        for line in printed.splitlines()
        if " reward " in line
    }
    assert set(rewards) == {"sb3-shared", "local-only", "selfish-edf", "greedy-edf"}
    assert rewards["sb3-shared"] > rewards["local-only"]
    assert "sb3-shared-better-than-local-only: yes" in printed
    assert re.search(r"sb3-shared-better-than-greedy-edf: (yes|not shown)", printed)


@pytest.mark.slow
def test_tuning_finds_the_better_setting_and_leaves_everything_as_it_was(run_example):
    need("rlsys_sysctl", "optuna")
    if sys.platform != "linux":
        pytest.skip("sysctl is of Linux")
    printed = run_example("tune_kernel.py", "--quick")
    still = [line for line in printed.splitlines() if line.startswith("still:")]
    assert still == ["still: {'vm.swappiness': '60', 'vm.page-cluster': '3'}"] * 2
    assert re.search(r"a dry run: [1-9]\d* writes", printed)
    improvement = re.search(r"new runs: ([+-][\d.]+)%", printed)
    assert improvement
    assert float(improvement[1]) > 5, "the best is 2.3 times the default"
    assert "recommended: {" in printed


def test_tuning_never_looks_at_the_kernel_of_this_machine():
    """Errors must show here, not on the reader's machine."""
    text = (EXAMPLES / "tune_kernel.py").read_text(encoding="utf-8")
    calls = [
        node
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "optimize"
    ]
    assert len(calls) == 2
    for call in calls:
        given = {word.arg: ast.unparse(word.value) for word in call.keywords}
        assert given["environment"] == "environment"
    assert "environment = {'proc_sys': str(kernel)" in ast.unparse(ast.parse(text))


@pytest.mark.slow
def test_every_check_of_the_rust_export_holds(run_example):
    need("rlsys_rust_q10", "rlsys_rtos", "sb3_contrib")
    printed = run_example("export_to_rust.py", "--quick", "--out", "crate")
    checks = rows(printed)
    assert {"rust-q10-no-overflow:", "rust-q10-golden:"} <= set(checks)
    assert "DOES NOT HOLD" not in printed
    assert "the crate is in crate" in printed


@pytest.mark.full
def test_ray_trains_the_same_networks(run_example):
    need("rlsys_ray", "ray", "rlsys_rtos", "sb3_contrib")
    assert re.fullmatch(
        r"[1-9]\d* arrays of 2 networks: identical\n", run_example("train_on_ray.py", "--quick")
    )


def test_without_ray_the_example_says_so(run_example, tmp_path, monkeypatch):
    """It is skipped with a word where Ray is not installed."""
    need("gymnasium")
    (tmp_path / "sitecustomize.py").write_text(
        "import importlib.util as u\n"
        "find = u.find_spec\n"
        "u.find_spec = lambda name, *a: None if name == 'ray' else find(name, *a)\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert run_example("train_on_ray.py").startswith("skipped: Ray is missing; pip install")


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_an_example_says_what_it_shows_and_how_it_is_run(file):
    text = file.read_text(encoding="utf-8")
    doc = ast.get_docstring(ast.parse(text)) or ""
    commands = [line for line in doc.splitlines() if line.startswith("    ")]
    assert commands, "the command that runs it"
    assert all(f"examples/{file.name}" in command for command in commands)
    assert "pip install" in doc
    assert len(text.splitlines()) < 200, "an example is read from top to bottom"


def test_the_examples_are_listed():
    listed = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    for file in FILES:
        assert f"`{file.name}`" in listed
    assert "`rlsys-cache`" in listed
