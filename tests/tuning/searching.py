"""Runs `rlsys tune` on the plugin of this folder, as a user does, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import optuna
from patience import HANG
from program import HOLDING

PLUGIN = Path(__file__).with_name("signs.py")
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "RLSYS_PLUGINS": "", "COLUMNS": "200"}


def command(*arguments) -> list[str]:
    words = (*HOLDING, "--plugin-file", PLUGIN, *arguments)
    return [sys.executable, "-m", "rlsys.cli.main", *map(str, words)]


def rlsys(*arguments) -> subprocess.CompletedProcess[str]:
    """Run `rlsys` to its end and capture both streams."""
    return subprocess.run(
        command(*arguments), env=ENVIRONMENT, capture_output=True, text=True, timeout=HANG
    )


def start(*arguments, hold: Path) -> subprocess.Popen[str]:
    """Start `rlsys` in a process group of its own; `hold`: see tests/toy/holding.py."""
    return subprocess.Popen(
        command(*arguments),
        env={**ENVIRONMENT, "HOLD": str(hold)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def document(*arguments):
    """Run `rlsys ... --json --quiet`, which must succeed, and return the document."""
    done = rlsys(*arguments, "--json", "--quiet")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def study(path: Path) -> optuna.Study:
    """Open the study of a run directory with Optuna itself."""
    return optuna.load_study(study_name="rlsys", storage=f"sqlite:///{path / 'study.db'}")


def trials(path: Path):
    return study(path).trials


def states(path: Path) -> list[str]:
    return [trial.state.name for trial in trials(path)]
