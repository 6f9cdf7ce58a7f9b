"""No command imports what it does not need: checked by the loaded modules, not by time.

The tests of plugins with their own commands do the same for these.
"""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from program import environment

from rlsys.cli.built_in import BUILT_IN

HEAVY = {
    "gymnasium",
    "matplotlib",
    "numba",
    "numpy",
    "optuna",
    "pandas",
    "pydantic",
    "rich",
    "scipy",
    "sklearn",
    "sqlalchemy",
    "stable_baselines3",
    "torch",
    "yaml",
}
SHOW = """
import json, sys
from rlsys.cli.main import main

try:
    main(sys.argv[1:])
except SystemExit as end:
    assert end.code == 0, end.code
print()
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""


def loaded_by(*arguments) -> set[str]:
    """Return the top-level packages that a command has imported by its end."""
    done = subprocess.run(
        [sys.executable, "-c", SHOW, *arguments],
        capture_output=True,
        text=True,
        env=environment(),
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("command", [*BUILT_IN, "plugins new"])
def test_the_help_of_a_command_needs_nothing_heavy(command):
    loaded = loaded_by(*command.split(), "--help")
    assert "rlsys" in loaded
    assert not loaded & HEAVY
