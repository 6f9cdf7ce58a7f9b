"""A stranger's environment: outside the repository, with a pip of its own, torch not copied.

What is installed for the tests is seen through a path file, which takes no time and no disk; what
the stranger installs goes into their own environment alone.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).parents[2]
MODULES = {"mypy": "mypy", "pytest": "pytest", "rlsys": "rlsys.cli.main"}
PROGRAMS = ("ruff", "uv")


class Stranger:
    """Runs command lines as they stand in a document.

    Args:
        folder: where the environment is made.
    """

    def __init__(self, folder: Path) -> None:
        self.environment = folder / "environment"
        self._do(
            [
                _program("uv"),
                "venv",
                "--quiet",
                "--seed",
                "--python",
                sys.executable,
                self.environment,
            ]
        )
        seen = sysconfig.get_paths()["purelib"]
        (own,) = self.environment.glob("lib/python*/site-packages")
        (own / "seen.pth").write_text(f"import site; site.addsitedir({seen!r})\n")
        for name, module in MODULES.items():
            script = self.environment / "bin" / name
            script.write_text(f'#!/bin/sh\nexec {self.environment}/bin/python -m {module} "$@"\n')
            script.chmod(0o755)
        for name in PROGRAMS:
            (self.environment / "bin" / name).symlink_to(_program(name))

    def run(self, line: str, folder: Path, timeout: float = 600) -> subprocess.CompletedProcess:
        """Run a line of shell in `folder`."""
        return self._do(["/bin/sh", "-c", line], folder, timeout, check=False)

    def succeed(self, line: str, folder: Path) -> str:
        """Run a line that must end with 0 and return what it printed."""
        ended = self.run(line, folder)
        assert ended.returncode == 0, f"{line}\n{ended.stdout}\n{ended.stderr}"
        return ended.stdout

    def _do(self, command, folder=None, timeout=600, check=True):
        pins = str(ROOT / "constraints.txt")
        variables = {
            **{name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
            "PATH": f"{self.environment / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "VIRTUAL_ENV": str(self.environment),
            "OMP_NUM_THREADS": "1",
            "MPLBACKEND": "agg",
            "COLUMNS": "200",
            "PIP_CONSTRAINT": pins,
            "PIP_BUILD_CONSTRAINT": pins,
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "UV_BUILD_CONSTRAINT": pins,
        }
        return subprocess.run(
            list(map(str, command)),
            cwd=folder,
            env=variables,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=check,
        )


def _program(name: str) -> str:
    """Return a program that these tests' environment has installed, whatever is on PATH."""
    distribution = metadata.distribution(name)
    (path,) = [file for file in distribution.files or [] if file.match(f"bin/{name}")]
    return str(distribution.locate_file(path))
