"""What each command imports: a dry run no importance, a rescue of the machine next to nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {
    "gymnasium",
    "matplotlib",
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
NEEDED_BY_A_DRY_RUN = {"numpy", "optuna", "psutil", "pydantic", "yaml"}
SHOW = """
import json, sys
{code}
print()
print(json.dumps(sorted({{name.partition(".")[0] for name in sys.modules}})))
"""
COMMAND = """
from rlsys.cli.main import main

try:
    main(sys.argv[1:])
except SystemExit as end:
    assert end.code == 0, end.code
"""


def loaded_by(code: str, *arguments: str) -> set[str]:
    """Return the top-level packages that `code` has imported by its end."""
    done = subprocess.run(
        [sys.executable, "-c", SHOW.format(code=code), *arguments],
        capture_output=True,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize(
    "arguments",
    [
        ["sysctl", "--help"],
        ["sysctl", "tune", "--help"],
        ["sysctl", "restore", "--help"],
        ["sysctl", "status", "--help"],
        ["sysctl", "restore"],
        ["sysctl", "status"],
    ],
    ids=" ".join,
)
def test_help_and_what_rescues_a_machine_need_nothing_heavy(arguments: list[str]) -> None:
    loaded = loaded_by(COMMAND, *arguments)
    assert "rlsys_sysctl" in loaded
    assert not loaded & HEAVY


@pytest.mark.parametrize("agent", ["optuna", "random", "grid"])
def test_a_dry_run_imports_no_more_than_its_search(tmp_path: Path, agent: str) -> None:
    path = tmp_path / "my.json"
    path.write_text(
        json.dumps(
            {
                "workload_name": "mine",
                "reward_metric": "speed",
                "benchmark_command": ["true", "{seconds}"],
                "action_space": [
                    {"param": "vm.swappiness", "type": "int", "min": 0, "max": 100},
                    {"param": "vm.page-cluster", "type": "int", "min": 0, "max": 8},
                ],
            }
        )
    )
    loaded = loaded_by(COMMAND, "sysctl", "tune", str(path), "--dry-run", "--agent", agent)
    assert loaded & HEAVY == NEEDED_BY_A_DRY_RUN


def test_the_watchdog_starts_with_the_standard_library_and_errors_alone() -> None:
    loaded = loaded_by("import rlsys_sysctl.machine.watchdog")
    others = {name for name in loaded - sys.stdlib_module_names if not name.startswith("_")}
    assert not others & (HEAVY | {"click"})
