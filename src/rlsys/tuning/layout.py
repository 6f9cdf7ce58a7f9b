"""Where the files of a search lie in its run directory."""

from __future__ import annotations

from pathlib import Path

BEST_FILE = "best.yaml"
"""Settings of the best trial, for ``--config``."""


def trial_directory(run: Path, number: int) -> Path:
    """Return the folder of trial `number`."""
    return run / "trials" / f"{number:03d}"


def policy_directory(trial: Path, case: str, seed: int) -> Path:
    """Return where a trial's policy for `case` and `seed` is."""
    return trial / "policies" / case / f"seed-{seed}"
