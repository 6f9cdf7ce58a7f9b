"""The files that a Git host and pre-commit read: valid, and in step with the rest."""

from __future__ import annotations

import configparser
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from environments import BUILD, ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
TESTS, RELEASE = (ROOT / ".github" / "workflows" / f"{name}.yml" for name in ("tests", "release"))
VERSION: str = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
    "version"
]


def read(path: Path) -> Any:
    # A plain YAML loader takes the key `on` for True.
    return yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)


def full() -> list[str]:
    """Return the tox environments of the label `full`."""
    tox = configparser.ConfigParser(interpolation=None)
    tox.read(ROOT / "tox.ini", encoding="utf-8")
    (line,) = re.findall(r"^full = (.*)$", tox["tox"]["labels"], re.MULTILINE)
    return str(line).split(", ")


def steps(workflow: Path) -> list[dict[str, Any]]:
    return [step for job in read(workflow)["jobs"].values() for step in job.get("steps", [])]


def shell(workflow: Path) -> list[str]:
    return [line for step in steps(workflow) for line in step.get("run", "").splitlines()]


def test_there_is_a_workflow_for_tests_and_one_for_releases() -> None:
    assert {TESTS, RELEASE} == set(WORKFLOWS)


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_is_whole(workflow: Path) -> None:
    told = read(workflow)
    assert {"name", "on", "permissions", "jobs"} <= set(told)
    assert told["permissions"] == {"contents": "read"}
    for job in told["jobs"].values():
        assert set(job.get("needs", [])) <= set(told["jobs"]) or job["needs"] in told["jobs"]
        assert ("uses" in job) != ("steps" in job)
        assert (ROOT / job.get("uses", ".")).exists()


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_actions_are_pinned_by_major_version(workflow: Path) -> None:
    used = [step["uses"] for step in steps(workflow) if "uses" in step]
    assert used
    for action in used:
        assert re.fullmatch(r"[\w-]+/[\w-]+@(v\d+|release/v\d+)", action), action


def test_the_workflow_runs_the_full_matrix() -> None:
    (job,) = read(TESTS)["jobs"].values()
    assert job["strategy"]["matrix"]["environment"] == full()
    (line,) = [line for line in shell(TESTS) if "tox" in line]
    # Else an environment whose Python is missing would pass without a test.
    assert line == './setup.sh tox run --skip-missing-interpreters false -e "$ENVIRONMENT"'
    (setup,) = [step for step in steps(TESTS) if "setup-python@" in step.get("uses", "")]
    pythons = setup["with"]["python-version"].split()
    asked = {f"py{version.replace('.', '')}" for version in pythons}
    assert asked == {name for name in full() if re.fullmatch(r"py\d+", name)}


def test_a_tag_is_checked_tested_and_published_without_a_secret() -> None:
    told = read(RELEASE)
    assert list(told["on"]) == ["push"]
    assert list(told["on"]["push"]) == ["tags"]
    commands = shell(RELEASE)
    assert commands.index('python tools/version.py --tag "$GITHUB_REF_NAME"') < commands.index(
        BUILD
    )
    jobs = told["jobs"]
    assert jobs["tests"]["uses"] == f"./{TESTS.relative_to(ROOT)}"
    assert "workflow_call" in read(TESTS)["on"]
    publish = jobs["publish"]
    assert set(publish["needs"]) == {"build", "tests"}
    assert publish["environment"] == "pypi"
    assert publish["permissions"] == {"id-token": "write"}
    assert publish["steps"][-1]["uses"].startswith("pypa/gh-action-pypi-publish@")
    assert "secrets." not in RELEASE.read_text(encoding="utf-8")


@pytest.mark.parametrize("page", ["install", "releasing"])
def test_the_documentation_builds_as_the_release_does(page: str) -> None:
    text = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
    assert [line for line in text.splitlines() if "uv build" in line] == [BUILD]


def test_pre_commit_runs_the_ruff_that_is_pinned() -> None:
    (repository,) = read(ROOT / ".pre-commit-config.yaml")["repos"]
    assert repository["repo"].endswith("/ruff-pre-commit")
    assert {hook["id"] for hook in repository["hooks"]} == {"ruff-check", "ruff-format"}
    constraints = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert f"ruff=={repository['rev'].removeprefix('v')}" in constraints


def test_the_citation_has_what_it_must_have() -> None:
    told = read(ROOT / "CITATION.cff")
    assert told["cff-version"] == "1.2.0"
    assert told["message"]
    assert told["title"]
    assert all("name" in author or "family-names" in author for author in told["authors"])
    assert told["authors"]
    assert told["version"] == VERSION
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert told["license"] == project["license"]


def test_the_changelog_has_the_version() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    first, *released = re.findall(r"^## \[(.+?)\](?: - \d{4}-\d\d-\d\d)?$", text, re.MULTILINE)
    assert len(released) + 1 == len(re.findall("^## ", text, re.MULTILINE)), "an odd heading"
    assert first == "Unreleased"
    assert VERSION in released[:1] or f"Becomes {VERSION}," in text.partition("\n### ")[0]
