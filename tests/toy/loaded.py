"""What a program has imported by its end: the cost of its start, counted and not timed."""

from __future__ import annotations

import json
import subprocess
import sys

from program import environment

HEAVY = {
    "gymnasium",
    "matplotlib",
    "numba",
    "numpy",
    "optuna",
    "pandas",
    "psutil",
    "pydantic",
    "rich",
    "scipy",
    "sklearn",
    "sqlalchemy",
    "stable_baselines3",
    "torch",
    "yaml",
}
"""Packages that `--help` has no time for."""

_SHOW = """
import json, sys
{code}
print()
print(json.dumps(sorted({{name.partition(".")[0] for name in sys.modules}})))
"""
_COMMAND = """
from rlsys.cli.main import main

try:
    main(sys.argv[1:])
except SystemExit as end:
    assert end.code == 0, end.code
"""


def loaded_by(code: str, *arguments: str) -> set[str]:
    """Return the top-level packages that `code` has imported by its end."""
    done = subprocess.run(
        [sys.executable, "-c", _SHOW.format(code=code), *arguments],
        capture_output=True,
        text=True,
        env=environment(),
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def loaded_by_command(*arguments: str) -> set[str]:
    """Return the top-level packages that `rlsys` has imported by the end of a command."""
    return loaded_by(_COMMAND, *arguments)
