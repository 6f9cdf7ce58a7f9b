"""The folder `runs`: picks a new name in it, or finds the run to resume."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from rlsys.errors import UserError
from rlsys.workflow.run_directory import RunDirectory

RUNS = Path("runs")


def default_directory(plugin: str, preset: str, home: Path = RUNS) -> Path:
    """Return ``HOME/PLUGIN-PRESET-TIME``, made unique."""
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    base = home / f"{plugin}-{preset}-{stamp}"
    path, number = base, 2
    while path.exists():
        path = base.with_name(f"{base.name}-{number}")
        number += 1
    return path


def newest_unfinished(plugin: str, preset: str, home: Path = RUNS) -> Path:
    """Return the newest run in `home` of this plugin and preset that is not complete.

    Raises:
        UserError: there is none.
    """
    candidates = []
    for manifest in home.glob("*/manifest.json"):
        try:
            run = RunDirectory.open(manifest.parent)
        except UserError:  # not a run directory
            continue
        same = (run.manifest["plugin"], run.manifest["preset"]) == (plugin, preset)
        if same and run.status != "complete":
            candidates.append((str(run.manifest["created"]), run.path))
    if not candidates:
        raise UserError(
            f"no unfinished run of {plugin}, preset {preset}, in {home}; "
            "give its directory with --out, or leave out --resume"
        )
    return max(candidates)[1]
