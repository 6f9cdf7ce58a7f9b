"""Fixtures for the tests of plugins, isolated from other installed plugins.

pytest loads this module wherever rlsys is installed, so it imports nothing heavy.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from rlsys.plugins.registry import Registry


@pytest.fixture
def rlsys_plugins() -> Callable[..., Registry]:
    """Return a function that loads the given plugins and no others.

    ``rlsys_plugins("my_package.plugin", "my_file.py")`` returns the `rlsys.plugins.Registry` with
    what these entry modules, these plugin files and rlsys itself provide. Other installed plugins
    are left out. A plugin that cannot be loaded is an error.
    """
    from rlsys.testing.isolation import isolated

    return isolated


@pytest.fixture
def rlsys_cli(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Return a function that runs the command line in a separate process.

    ``rlsys_cli("run", "valve", "--out", "runs/a", plugins=("valve",))`` returns a
    `subprocess.CompletedProcess` with ``returncode``, ``stdout`` and ``stderr`` (text). Keywords:

    * ``plugins``: names of the installed plugins to load; none by default. Pass plugin files with
      ``--plugin-file`` among the arguments;
    * ``cwd``: its working directory, by default the test's ``tmp_path``;
    * ``timeout``: seconds after which it is killed, 300 by default.

    Environment variables that begin with ``RLSYS_`` are not passed on.
    """

    def run(
        *arguments: object,
        plugins: Sequence[str] = (),
        cwd: str | Path | None = None,
        timeout: float = 300.0,
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "rlsys.cli.main", *map(str, arguments)],
            cwd=tmp_path if cwd is None else cwd,
            env=_plain_environment({"RLSYS_PLUGINS": ",".join(plugins)}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    return run


def _plain_environment(changes: dict[str, Any]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RLSYS_")}
    return {**kept, "MPLBACKEND": "agg", **changes}
