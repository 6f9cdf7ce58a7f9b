"""Every extra that a user may name, installed from the wheels into an empty environment, works."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from environments import ROOT, Environment
from jobs import CORE, JOBS, core

FOR_DEVELOPERS = {"dev", "docs"}


def test_there_is_a_job_for_every_extra_of_users() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert set(JOBS) == set(declared["optional-dependencies"]) - FOR_DEVELOPERS


@pytest.mark.matrix
@pytest.mark.slow
@pytest.mark.parametrize("extra", JOBS)
def test_an_extra_works_from_the_wheels(extra: str, dist: Path, empty: Environment) -> None:
    names, job = JOBS[extra]
    empty.make()
    empty.uv_install("--find-links", dist, f"rlsys[{extra}]")
    empty.assert_ours_are_from(dist, names)
    job(empty)


@pytest.mark.slow
def test_pip_installs_the_bare_core_from_the_wheels(dist: Path, empty: Environment) -> None:
    empty.make(pip=True)
    empty.pip_install("--find-links", dist, "rlsys")
    empty.assert_ours_are_from(dist, CORE)
    core(empty)
