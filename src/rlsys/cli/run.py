"""`rlsys run`: the whole job."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from rlsys.cli.context import App
from rlsys.cli.options import (
    config_options,
    evaluation_options,
    json_option,
    pass_app,
    quiet_option,
    training_options,
)


@click.command("run")
@click.argument("plugin")
@config_options
@training_options
@evaluation_options
@json_option
@quiet_option
@pass_app
def command(
    app: App,
    /,
    plugin: str,
    jobs: int,
    out: Path | None,
    resume: bool,
    as_json: bool,
    quiet: bool,
    **settings: Any,
) -> None:
    """Train on PLUGIN, compare with baselines and optimum, draw, report and export.

    Everything goes into one run directory, by default below runs/.
    """
    from rlsys import workflow
    from rlsys.cli.output import show_document
    from rlsys.cli.training import training
    from rlsys.policy_exports import export_policies

    outcome = training(app, plugin, settings, jobs, out, resume, quiet, whole=True)
    with outcome as (work, plan, run):
        evaluation = workflow.judge(work, plan, run)
        exports = export_policies(work, plan, run, plan.exports)
        document = workflow.publish(work, plan, run, evaluation, exports)
    show_document(document, as_json, reference=plan.environment.reference)
