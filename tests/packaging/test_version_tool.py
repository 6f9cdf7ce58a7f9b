"""All our distributions have one version, in every place, and one command moves it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
NOT_COPIED = shutil.ignore_patterns("__pycache__", "target", "*.egg-info", "tests")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what the distributions and the tool are made from."""
    folder = tmp_path / "checkout"
    for name in ("src", "plugins", "tools"):
        shutil.copytree(ROOT / name, folder / name, ignore=NOT_COPIED, symlinks=True)
    for name in ("pyproject.toml", "CITATION.cff", "CHANGELOG.md"):
        shutil.copy(ROOT / name, folder)
    return folder


def tool(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, checkout / "tools/version.py", *arguments],
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )


def requirements_of(table: Any) -> Iterator[Requirement]:
    """Yield whatever in a parsed pyproject.toml reads as a requirement on one of ours."""
    if isinstance(table, dict):
        for value in table.values():
            yield from requirements_of(value)
    elif isinstance(table, list):
        for value in table:
            yield from requirements_of(value)
    elif isinstance(table, str) and re.match(r"rlsys(-[\w-]+)?(\[.*\])?\s*[=<>~!]", table):
        yield Requirement(table)


def versions(checkout: Path) -> dict[str, str]:
    """Return every version field, found by search; those of TOML and YAML by their parsers."""
    cited = yaml.safe_load((checkout / "CITATION.cff").read_text(encoding="utf-8"))
    found: dict[str, str] = {"CITATION.cff": cited["version"]}
    for file in sorted(checkout.rglob("pyproject.toml")):
        if "templates" in file.parts:
            continue
        declared = tomllib.loads(file.read_text(encoding="utf-8"))
        where = str(file.relative_to(checkout))
        found[where] = declared["project"]["version"]
        for requirement in requirements_of(declared["project"]):
            (specifier,) = requirement.specifier
            assert specifier.operator == "==", f"{where}: {requirement}"
            found[f"{where}: {requirement.name}{sorted(requirement.extras)}"] = specifier.version
    for file in sorted(checkout.rglob("*.py")):
        text = file.read_text(encoding="utf-8")
        for line in re.findall(r"^_*version_*\s*(?::.*)?=\s*[\"']\d.*$", text, re.M | re.I):
            found[f"{file.relative_to(checkout)}: {line}"] = re.split("[\"']", line)[1]
    return found


def test_every_version_field_says_the_same(checkout: Path) -> None:
    found = versions(checkout)
    assert len(set(found.values())) == 1, found
    said = tool(checkout)
    assert said.stdout == f"{next(iter(found.values()))} in {len(found)} fields\n"
    assert (said.stderr, said.returncode) == ("", 0)


def test_a_distribution_asks_for_another_of_ours_in_one_version_alone(checkout: Path) -> None:
    for file in sorted(checkout.rglob("pyproject.toml")):
        declared = tomllib.loads(file.read_text(encoding="utf-8"))["project"]
        groups = [declared["dependencies"], *declared.get("optional-dependencies", {}).values()]
        for requirement in (Requirement(text) for group in groups for text in group):
            if requirement.name.startswith("rlsys") and requirement.name != declared["name"]:
                assert str(requirement.specifier) == f"=={declared['version']}", file


def test_one_command_moves_every_field_and_nothing_else(checkout: Path) -> None:
    before = {file: file.read_bytes() for file in checkout.rglob("*") if file.is_file()}
    (old,) = set(versions(checkout).values())
    moved = tool(checkout, "7.8.9rc1")
    assert moved.returncode == 0, moved.stderr
    assert set(versions(checkout).values()) == {"7.8.9rc1"}
    for file, content in before.items():
        assert file.read_bytes().replace(b"7.8.9rc1", old.encode()) == content, file
    # Back again: the file is what it was, byte for byte.
    assert tool(checkout, old).returncode == 0
    assert {file: file.read_bytes() for file in before} == before


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("plugins/rlsys-rtos/pyproject.toml", r'(?<=^version = ")[^"]*'),
        ("CITATION.cff", "(?<=^version: ).*"),
    ],
)
def test_a_field_that_differs_is_named(checkout: Path, name: str, field: str) -> None:
    file = checkout / name
    changed = re.sub(field, "0.0.9", file.read_text(), flags=re.M)
    file.write_text(changed)
    said = tool(checkout)
    assert said.returncode == 1
    line = changed[: changed.index("0.0.9")].count("\n") + 1
    assert f"{name}:{line}: 0.0.9\n" in said.stderr
    assert "python tools/version.py X.Y.Z" in said.stderr.splitlines()[-1]


def test_a_tag_must_be_the_version_and_in_the_changelog(checkout: Path) -> None:
    assert tool(checkout, "7.8.9").returncode == 0
    before = versions(checkout)
    other = tool(checkout, "--tag", "v7.8.8")
    assert (other.returncode, other.stdout) == (1, "")
    assert "'v7.8.8' is not that of version 7.8.9: v7.8.9" in other.stderr
    silent = tool(checkout, "--tag", "v7.8.9")
    assert (silent.returncode, silent.stdout) == (1, "")
    assert "CHANGELOG.md has no heading '## [7.8.9] - YYYY-MM-DD'" in silent.stderr
    with (checkout / "CHANGELOG.md").open("a", encoding="utf-8") as file:
        file.write("\n## [7.8.9] - 2030-01-31\n")
    released = tool(checkout, "--tag", "v7.8.9")
    assert (released.returncode, released.stderr) == (0, "")
    assert released.stdout.startswith("7.8.9 in ")
    assert versions(checkout) == before


@pytest.mark.parametrize("wrong", ["0.2", "v0.2.0", "0.2.0-rc1", "", "0.2.0 "])
def test_what_is_no_version_is_refused_and_changes_nothing(checkout: Path, wrong: str) -> None:
    before = versions(checkout)
    said = tool(checkout, wrong)
    assert said.returncode == 2
    assert "give one such as 0.2.0" in said.stderr
    assert versions(checkout) == before


def test_the_firmwares_crates_are_never_published() -> None:
    """That is why they keep a number of their own."""
    manifests = sorted((ROOT / "firmware").rglob("Cargo.toml"))
    assert manifests
    for file in manifests:
        package = tomllib.loads(file.read_text(encoding="utf-8")).get("package")
        assert package is None or package["publish"] is False, file
