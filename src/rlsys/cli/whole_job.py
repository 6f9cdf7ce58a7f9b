"""`rlsys run`: train, evaluate, draw, report and export into one run directory."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rlsys import workflow
from rlsys.cli.context import App
from rlsys.cli.executing import Place
from rlsys.cli.training import training
from rlsys.workflow.exports import export_policies


def whole_job(
    app: App,
    plugin: str,
    settings: Mapping[str, Any],
    place: Place,
    out: Path | None,
    resume: bool,
    quiet: bool,
) -> tuple[dict[str, Any], str | None]:
    """Do everything that `rlsys run` does; return the result document and the reference."""
    outcome = training(app, plugin, settings, place, out, resume, quiet, whole=True)
    with outcome as (work, plan, run):
        evaluation = workflow.judge(work, plan, run)
        exports = export_policies(work, plan, run, plan.exports)
        document = workflow.publish(work, plan, run, evaluation, exports)
    return document, plan.environment.reference
