"""Fixtures for the tests of plugins; nothing of what the machine has installed leaks into them.

Loaded by pytest wherever rlsys is installed, so importing this imports nothing heavy.
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
    """Return a function that loads plugins on their own.

    ``rlsys_plugins("my_package.plugin", "my_file.py")`` returns the `rlsys.plugins.Registry` of
    these entry modules and plugin files and of what rlsys itself provides. Plugins that happen to
    be installed are left out, and one that cannot be loaded is an error.
    """
    from rlsys.testing.isolation import isolated

    return isolated


@pytest.fixture
def rlsys_cli(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Return a function that runs the command line in a process of its own.

    ``rlsys_cli("run", "valve", "--out", "runs/a", plugins=("valve",))`` returns a
    `subprocess.CompletedProcess` with ``returncode``, ``stdout`` and ``stderr`` (text). Keywords:

    * ``plugins``: names of installed plugins that it sees; none by default. Files are given with
      ``--plugin-file`` among the arguments;
    * ``cwd``: its working directory, by default the test's ``tmp_path``;
    * ``timeout``: seconds until it is ended, 300 by default.

    Variables of the environment that begin with ``RLSYS_`` are not handed on.
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
