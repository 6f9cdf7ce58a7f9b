"""The wheels hold the package's files, all of them, and nothing else."""

from __future__ import annotations

import importlib.metadata as metadata
import os
import subprocess
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECTS = [ROOT, *(path.parent for path in sorted(ROOT.glob("plugins/*/pyproject.toml")))]


def uv() -> str:
    """The uv of this environment, whatever is on PATH."""
    distribution = metadata.distribution("uv")
    (path,) = [file for file in distribution.files or [] if file.match("bin/uv")]
    return str(distribution.locate_file(path))


@pytest.fixture(scope="module", params=PROJECTS, ids=lambda path: path.name)
def wheel(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, zipfile.ZipFile]:
    """A distribution's directory and the wheel that an installer would build from it."""
    folder = tmp_path_factory.mktemp("wheel")
    pinned = f"--build-constraints={ROOT / 'constraints.txt'}"
    build = subprocess.run(
        [uv(), "build", "--wheel", pinned, "--out-dir", folder, request.param],
        capture_output=True,
        text=True,
        check=False,
    )
    assert build.returncode == 0, build.stderr
    (path,) = folder.glob("*.whl")
    return request.param, zipfile.ZipFile(path)


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
            if name not in ("__pycache__", "target")
            and not name.endswith(".egg-info")
            and (here / name).as_posix() not in NOT_SHIPPED
        ]
        found |= {(here / name).as_posix() for name in names}
    return found


@pytest.mark.slow
def test_a_wheel_holds_exactly_the_files_of_its_package(
    wheel: tuple[Path, zipfile.ZipFile],
) -> None:
    project, archive = wheel
    held = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert held == package_files(project)
    (package,) = {name.split("/")[0] for name in held}
    assert f"{package}/py.typed" in held  # else type checkers ignore the annotations


@pytest.mark.slow
def test_a_wheel_says_what_pyproject_says(wheel: tuple[Path, zipfile.ZipFile]) -> None:
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
def test_a_wheel_declares_its_entry_points(wheel: tuple[Path, zipfile.ZipFile]) -> None:
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
