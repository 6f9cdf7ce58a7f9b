"""What the tests of the command line share: the real program, and runs that many tests read."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from program import LAMPS, run


@dataclass(frozen=True)
class Whole:
    """One `rlsys run lamps --json` with two seeds: its directory and what it printed."""

    path: Path
    printed: subprocess.CompletedProcess[str]

    @property
    def document(self):
        return json.loads(self.printed.stdout)


@pytest.fixture(scope="session")
def whole(tmp_path_factory) -> Whole:
    """Return a complete run; treat it as read-only."""
    path = tmp_path_factory.mktemp("whole") / "run"
    printed = run(
        *LAMPS, "run", "lamps", "--preset", "two-rooms", "--seeds", "2", "--steps", "1920",
        "--set", "training.checkpoint_every=192", "--set", "exports=[json]",
        "--episodes", "40", "--json", "--out", path,
    )  # fmt: skip
    assert printed.returncode == 0, printed.stderr
    return Whole(path, printed)


@pytest.fixture
def copied(whole, tmp_path) -> Path:
    """Return a copy of the complete run that a test may change."""
    subprocess.run(["cp", "-a", whole.path, tmp_path / "run"], check=True)
    return tmp_path / "run"
