"""Builds our distributions as for a release, and installs them as a stranger would."""

from __future__ import annotations

import csv
import importlib.metadata as metadata
import os
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROJECTS = [ROOT, *(path.parent for path in sorted(ROOT.glob("plugins/*/pyproject.toml")))]
CONSTRAINTS = ROOT / "constraints.txt"
BUILD = "uv build --all-packages --build-constraints constraints.txt --out-dir dist"
"""How everything is built into the folder `dist`, as the documentation and the release have it."""

Answer = subprocess.CompletedProcess[str]


def uv() -> str:
    """Return the uv of this environment, whatever is on PATH."""
    distribution = metadata.distribution("uv")
    (path,) = [file for file in distribution.files or [] if file.match("bin/uv")]
    return str(distribution.locate_file(path))


def build(folder: Path) -> None:
    """Build the sdist of every distribution, and from the sdist its wheel, into `folder`."""
    known = {"uv": uv(), "dist": str(folder)}
    built = subprocess.run(
        [known.get(word, word) for word in BUILD.split()],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr


class Environment:
    """A virtual environment that knows nothing of the checkout and of the tests' own one."""

    def __init__(self, folder: Path, work: Path) -> None:
        self.folder = folder
        self.work = work
        hidden = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "PYTEST_ADDOPTS")
        self.variables = {
            name: value
            for name, value in os.environ.items()
            if name not in hidden and not name.startswith(("RLSYS_", "TOX_", "COVERAGE_"))
        }
        self.variables |= {"OMP_NUM_THREADS": "1", "MPLBACKEND": "agg", "COLUMNS": "200"}

    def do(self, *command: str | Path, cwd: Path | None = None) -> Answer:
        """Run a command that must succeed."""
        done = subprocess.run(
            [str(part) for part in command],
            cwd=cwd or self.work,
            env=self.variables,
            capture_output=True,
            text=True,
            check=False,
        )
        told = f"{' '.join(map(str, command))}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert done.returncode == 0, told
        return done

    def make(self, *, pip: bool = False) -> None:
        """Make it, with uv, or with the standard library where pip must be in it."""
        if pip:
            self.do(sys.executable, "-m", "venv", self.folder)
        else:
            self.do(uv(), "venv", "--quiet", "--python", sys.executable, self.folder)

    def uv_install(self, *what: str | Path, cwd: Path | None = None) -> None:
        python = ("--python", self.folder / "bin" / "python")
        pinned = ("-c", CONSTRAINTS, "--build-constraints", CONSTRAINTS)
        self.do(uv(), "pip", "install", "--quiet", *python, *pinned, *what, cwd=cwd)

    def uv_remove(self, names: set[str]) -> None:
        python = ("--python", self.folder / "bin" / "python")
        self.do(uv(), "pip", "uninstall", "--quiet", *python, *sorted(names))

    def pip_install(self, *what: str | Path, cwd: Path | None = None) -> None:
        pip = (self.folder / "bin" / "pip", "--disable-pip-version-check")
        self.do(*pip, "install", "--quiet", "-c", CONSTRAINTS, *what, cwd=cwd)

    def shell(self, line: str, cwd: Path) -> Answer:
        """Run a line as somebody types it who has activated this environment."""
        where = {
            "VIRTUAL_ENV": str(self.folder),
            "PATH": f"{self.folder / 'bin'}{os.pathsep}{Path(uv()).parent}{os.pathsep}{os.defpath}",
            "PIP_CONSTRAINT": str(CONSTRAINTS),
            "UV_CONSTRAINT": str(CONSTRAINTS),
        }
        self.variables |= where
        return self.do("bash", "-c", line, cwd=cwd)

    def python(self, code: str) -> str:
        return self.do(self.folder / "bin" / "python", "-c", code).stdout

    def rlsys(self, *arguments: str | Path) -> Answer:
        return self.do(self.folder / "bin" / "rlsys", *arguments)

    def ours(self) -> dict[str, Path]:
        """Return the dist-info folder of each of our distributions by its name."""
        (library,) = self.folder.glob("lib/python3*/site-packages")
        return {
            path.name.split("-")[0].replace("_", "-"): path
            for path in library.glob("rlsys*.dist-info")
        }

    def assert_ours_are_from(self, dist: Path, names: set[str]) -> None:
        """Assert that exactly `names` of ours are there, every file as in the wheels of `dist`.

        An index may well have something of the same name: what was installed is compared by the
        hashes of its files.
        """
        ours = self.ours()
        assert set(ours) == names
        for name, info in ours.items():
            (wheel,) = dist.glob(f"{name.replace('-', '_')}-*.whl")
            with zipfile.ZipFile(wheel) as archive:
                (record,) = [n for n in archive.namelist() if n.endswith(".dist-info/RECORD")]
                shipped = archive.read(record).decode().splitlines()
            hashes = {row[0]: row[1] for row in csv.reader(shipped) if row[1]}
            installed = (info / "RECORD").read_text(encoding="utf-8").splitlines()
            assert hashes.items() <= {row[0]: row[1] for row in csv.reader(installed)}.items()
