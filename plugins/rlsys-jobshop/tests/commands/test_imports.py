"""Help is light, and each command imports no more than it needs."""

from __future__ import annotations

import pytest
from loaded import HEAVY, loaded_by_command

NEVER = {"torch", "stable_baselines3", "pandas", "optuna", "ortools", "matplotlib"}


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["solve"],
        ["compare"],
        ["check"],
        ["convert"],
        ["generate"],
        ["generate", "factory"],
        ["instances"],
    ],
)
def test_help_imports_no_solver(arguments):
    loaded = loaded_by_command("jobshop", *arguments, "--help")
    assert not loaded & (HEAVY - {"gymnasium", "numpy"} | {"ortools"})


def test_listing_converting_and_a_rule_need_no_torch(tmp_path):
    assert not loaded_by_command("jobshop", "instances", "ft") & (NEVER | {"numba"})
    converted = loaded_by_command("jobshop", "convert", "ft06", str(tmp_path / "x.fjs"))
    assert not converted & (NEVER | {"numba"})
    solved = loaded_by_command("jobshop", "solve", "ft06", "--rule", "spt", "--gantt",
                               str(tmp_path / "x.html"))  # fmt: skip
    assert not solved & NEVER
