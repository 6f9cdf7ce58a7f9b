"""`rlsys train`: train, without evaluation and exports."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from rlsys.cli.context import App
from rlsys.cli.executing import ExecutingCommand, Place
from rlsys.cli.options import (
    config_options,
    json_option,
    pass_app,
    quiet_option,
    training_options,
)


@click.command("train", cls=ExecutingCommand)
@click.argument("plugin")
@config_options
@training_options
@json_option
@quiet_option
@pass_app
def command(
    app: App,
    /,
    plugin: str,
    executor: str,
    jobs: int | None,
    out: Path | None,
    resume: bool,
    as_json: bool,
    quiet: bool,
    **settings: Any,
) -> None:
    """Train on PLUGIN and keep the policies in a run directory."""
    from rlsys.cli.output import print_json
    from rlsys.cli.training import training
    from rlsys.evaluation.report import result_document

    with training(app, plugin, settings, Place(executor, jobs), out, resume, quiet) as (
        _,
        plan,
        run,
    ):
        pass
    if as_json:
        print_json(
            result_document(
                plugin=plugin,
                preset=plan.config.preset,
                run=str(run.path),
                status=run.status,
                seeds=plan.config.training_seeds(),
                evaluation=None,
            )
        )
    else:
        click.echo(run.path)
