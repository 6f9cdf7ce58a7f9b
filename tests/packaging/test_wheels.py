"""The sdists and wheels hold the package's files, all of them, and nothing else."""

from __future__ import annotations

import os
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest
from environments import PROJECTS

Built = tuple[Path, zipfile.ZipFile]


@pytest.fixture(params=PROJECTS, ids=lambda path: path.name)
def project(request: pytest.FixtureRequest) -> Path:
    """A distribution's directory."""
    assert isinstance(request.param, Path)
    return request.param


def stem(project: Path) -> str:
    declared = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return f"{declared['name'].replace('-', '_')}-{declared['version']}"


@pytest.fixture
def wheel(project: Path, dist: Path) -> Built:
    """A distribution's directory, and the wheel that was built from its sdist."""
    return project, zipfile.ZipFile(dist / f"{stem(project)}-py3-none-any.whl")


ENDINGS = (".tar.gz", "-py3-none-any.whl")

# The repository's own policy and what it must print: an export has its own.
NOT_SHIPPED = {"rlsys_rust_q10/firmware/policy", "rlsys_rust_q10/firmware/expected"}


def package_files(project: Path) -> set[str]:
    source = project / "src"
    found = set()
    # A folder may be a link to one elsewhere in the repository, which pathlib would not follow.
    for folder, subfolders, names in os.walk(source, followlinks=True):
        here = Path(folder).relative_to(source)
        subfolders[:] = [
            name
            for name in subfolders
            if name != "__pycache__"
            # What cargo built; a Python package may be called like that as well.
            and not (name == "target" and "firmware" in here.parts)
            and not name.endswith(".egg-info")
            and (here / name).as_posix() not in NOT_SHIPPED
        ]
        found |= {(here / name).as_posix() for name in names}
    return found


@pytest.mark.slow
def test_every_distribution_is_built_and_nothing_else(dist: Path) -> None:
    expected = {f"{stem(project)}{end}" for project in PROJECTS for end in ENDINGS}
    assert {path.name for path in dist.iterdir() if path.name != ".gitignore"} == expected


@pytest.mark.slow
def test_an_sdist_holds_what_the_wheel_is_made_from_alone(project: Path, dist: Path) -> None:
    with tarfile.open(dist / f"{stem(project)}.tar.gz") as archive:
        held = {member.name.partition("/")[2] for member in archive if not member.isdir()}
        assert all(member.isfile() for member in archive if not member.isdir())  # no links
    extra = {"pyproject.toml", "README.md", "PKG-INFO", ".gitignore"}
    extra |= {"LICENSE"} if (project / "LICENSE").exists() else set()
    assert held == extra | {f"src/{file}" for file in package_files(project)}


@pytest.mark.slow
def test_a_wheel_holds_exactly_the_files_of_its_package(wheel: Built) -> None:
    project, archive = wheel
    held = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert held == package_files(project)
    package = stem(project).partition("-")[0]
    # The entry module of a package that is not light to import lies beside it.
    assert {name.split("/")[0] for name in held} - {f"{package}_plugin.py"} == {package}
    assert f"{package}/py.typed" in held  # else type checkers ignore the annotations


@pytest.mark.slow
def test_a_wheel_says_what_pyproject_says(wheel: Built) -> None:
    project, archive = wheel
    declared = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
    text = archive.read(name).decode()
    header = text.split("\n\n", 1)[0].splitlines()
    assert f"Name: {declared['name']}" in header
    assert f"Version: {declared['version']}" in header
    assert f"Requires-Python: {declared['requires-python']}" in header
    assert "file://" not in text


@pytest.mark.slow
def test_a_wheel_declares_its_entry_points(wheel: Built) -> None:
    project, archive = wheel
    declared = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (name,) = [name for name in archive.namelist() if name.endswith("entry_points.txt")]
    text = archive.read(name).decode()
    entries = {**declared.get("entry-points", {}), "console_scripts": declared.get("scripts", {})}
    for group, points in entries.items():
        for point, target in points.items():
            assert f"[{group}]" in text
            assert f"{point} = {target}" in text
            # An entry point that names no module would only fail on the user's machine.
            module = target.partition(":")[0].replace(".", "/")
            files = set(archive.namelist())
            assert {f"{module}.py", f"{module}/__init__.py"} & files, f"{point}: no module {target}"
