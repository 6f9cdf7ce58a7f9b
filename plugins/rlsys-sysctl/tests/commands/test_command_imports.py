"""What each command imports: a dry run no importance, a rescue of the machine next to nothing."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from loaded import HEAVY, loaded_by, loaded_by_command

NEEDED_BY_A_DRY_RUN = {"numpy", "optuna", "psutil", "pydantic", "yaml"}


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
    loaded = loaded_by_command(*arguments)
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
    loaded = loaded_by_command("sysctl", "tune", str(path), "--dry-run", "--agent", agent)
    assert loaded & HEAVY == NEEDED_BY_A_DRY_RUN


def test_the_watchdog_starts_with_the_standard_library_and_errors_alone() -> None:
    # As the watchdog's own process begins, which says by this that it needs no environment.
    loaded = loaded_by("import sys; sys.argv[0] = '-m'; import rlsys_sysctl.machine.watchdog")
    others = {name for name in loaded - sys.stdlib_module_names if not name.startswith("_")}
    assert not others & (HEAVY | {"click"})
