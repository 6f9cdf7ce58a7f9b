"""`rlsys run --sweep`: one complete run for every value of a setting, and one result for all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rlsys.cli.context import App
from rlsys.cli.executing import Place
from rlsys.cli.progress import announce
from rlsys.cli.whole_job import whole_job
from rlsys.errors import UserError
from rlsys.figures.sweep import sweep_figure
from rlsys.workflow.run_directory import RunDirectory
from rlsys.workflow.run_home import default_directory
from rlsys.workflow.sweep import curves, merged, parse_sweep, write_result

FIGURE = "figures/sweep.png"


def whole_series(
    app: App,
    plugin: str,
    settings: Mapping[str, Any],
    text: str,
    place: Place,
    out: Path | None,
    resume: bool,
    quiet: bool,
) -> tuple[dict[str, Any], str | None]:
    """Run every point in its own run directory below `out`; return the merged document.

    With `resume`, points that are already complete are not run again.

    Raises:
        UserError: `out` exists and `resume` is not set, or a point cannot be run.
    """
    sweep = parse_sweep(text)
    if resume and out is None:
        raise UserError("--resume needs the directory of the sweep; give it with --out")
    preset = f"{settings.get('preset') or 'default'}-{sweep.name}"
    home = out or default_directory(plugin, preset)
    if home.exists() and any(home.iterdir()) and not resume:
        raise UserError(f"{home}: already exists; choose another --out, or continue with --resume")
    say = announce(quiet)
    documents: dict[Any, Mapping[str, Any]] = {}
    reference: str | None = app.registry.environments.get(plugin).reference
    for value in sweep.values:
        path = sweep.directory(home, value)
        if path.exists() and RunDirectory.open(path).status == "complete":
            documents[value] = json.loads((path / "result.json").read_text(encoding="utf-8"))
            continue
        say(f"sweep: {sweep.label(value)}")
        point = {
            **settings,
            "assignments": (*settings["assignments"], sweep.assignment(value)),
        }
        documents[value], _ = whole_job(app, plugin, point, place, path, path.exists(), quiet)
    document = merged(sweep, documents, home)
    sweep_figure(sweep.name, sweep.values, curves(sweep, document), home / FIGURE)
    document["artefacts"]["sweep"] = FIGURE
    write_result(home, document)
    return document, reference
