"""Every installation command of docs/install.md, as it stands there, with plain pip and with uv."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from environments import ROOT, Environment
from jobs import JOBS, core, rtos

RTOS = JOBS["rtos"][0]
ALL = JOBS["all"][0]
FROM_WHEELS = {
    "pip install --find-links dist 'rlsys[rtos]'": RTOS,
    "uv pip install --find-links dist 'rlsys[rtos]'": RTOS,
}
FROM_A_CHECKOUT = {
    "pip install .": {"rlsys"},
    "pip install . ./plugins/rlsys-rtos ./plugins/rlsys-rust-q10": RTOS,
    "pip install '.[tune,onnx]' ./plugins/*": ALL,
    "uv pip install '.[rtos]'": RTOS,
    "uv pip install -e '.[all,dev]'": ALL,
}
NOT_OURS = {"uv pip install --torch-backend=cpu torch", "pip install -c constraints.txt uv"}


def page() -> str:
    return (ROOT / "docs" / "install.md").read_text(encoding="utf-8")


def test_what_the_page_says_is_what_is_tested() -> None:
    blocks = re.findall(r"^```sh\n(.*?)^```$", page(), re.MULTILINE | re.DOTALL)
    lines = {line for block in blocks for line in block.splitlines() if " install " in line}
    assert lines == {*FROM_WHEELS, *FROM_A_CHECKOUT, *NOT_OURS}


def test_the_page_names_every_extra() -> None:
    rows = re.findall(r"^\| (`[^|]+`) \|", page(), re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`([^`]+)`", row)}
    assert named == {*JOBS, "dev", "docs"}


def run_there(line: str, names: set[str], dist: Path, cwd: Path, env: Environment) -> None:
    """Run an installation line, then a job that needs what it brings."""
    env.make(pip=True)
    if names != {"rlsys"}:
        # pip would download gigabytes of other people's packages, which uv has in its cache: they
        # are put there before, and what remains for pip is to find ours.
        env.uv_install("--find-links", dist, "rlsys[all]")
        env.uv_remove(ALL)
    env.shell(line, cwd)
    assert set(env.ours()) == names
    (rtos if "rlsys-rtos" in names else core)(env)


@pytest.mark.matrix
@pytest.mark.slow
@pytest.mark.parametrize("line", ["pip install ."])
def test_plain_pip_installs_the_core_from_a_checkout(
    line: str, dist: Path, empty: Environment
) -> None:
    run_there(line, FROM_A_CHECKOUT[line], dist, ROOT, empty)


@pytest.mark.matrix
@pytest.mark.slow
@pytest.mark.parametrize("line", [line for line in FROM_A_CHECKOUT if line != "pip install ."])
def test_the_page_is_true_of_a_checkout(line: str, dist: Path, empty: Environment) -> None:
    run_there(line, FROM_A_CHECKOUT[line], dist, ROOT, empty)


@pytest.mark.matrix
@pytest.mark.slow
@pytest.mark.parametrize("line", FROM_WHEELS)
def test_the_page_is_true_of_wheels(line: str, dist: Path, empty: Environment) -> None:
    (empty.work / "dist").symlink_to(dist)
    run_there(line, FROM_WHEELS[line], dist, empty.work, empty)
    empty.assert_ours_are_from(dist, FROM_WHEELS[line])
