"""Gymnasium finds the environment whatever is imported first; programs that must be light are."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from rlsys_sysctl.machine import watchdog

# The environment would need a machine. That its settings are refused proves that it is found.
FOUND = """
try:
    gymnasium.make("rlsys_sysctl:rlsys/Sysctl-v0", workloads="net-churn")
except Exception as error:
    print(type(error).__name__)
"""


def printed(*arguments: str) -> str:
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=True)
    return done.stdout


@pytest.mark.parametrize(
    "order",
    [
        "gymnasium",
        "gymnasium, rlsys_sysctl",
        "rlsys_sysctl, gymnasium",
        "rlsys_sysctl.machine.kernel, gymnasium",
        "rlsys_sysctl_plugin, rlsys_sysctl.config, gymnasium",
        "rlsys.cli.main, rlsys_sysctl_plugin, gymnasium",
        "rlsys.cli.main, rlsys_sysctl.config, rlsys_sysctl.vector_env, gymnasium",
    ],
)
def test_gymnasium_finds_it(order):
    assert printed("-c", f"import {order}\n{FOUND}") == "ConfigError\n"


LOADED = "import sys; print('gymnasium' in sys.modules)"


def test_the_command_restores_without_gymnasium():
    assert printed("-c", f"import rlsys.cli.main, rlsys_sysctl.commands.restore\n{LOADED}") == (
        "False\n"
    )


def test_the_watchdog_watches_without_gymnasium():
    watched = watchdog._BOOT.replace("watch(a)", LOADED)
    assert watched != watchdog._BOOT
    assert printed("-c", watched, json.dumps({"path": sys.path})) == "False\n"


@pytest.mark.parametrize("name", ["net_long_path", "net_churn", "memory_pressure", "dirty_pages"])
def test_a_benchmark_runs_without_gymnasium(name, tmp_path):
    (tmp_path / "gymnasium.py").write_text("raise RuntimeError('imported')")
    shown = subprocess.run(
        [sys.executable, "-m", f"rlsys_sysctl.benchmarks.{name}", "--help"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    ).stdout
    assert "--seconds" in shown
