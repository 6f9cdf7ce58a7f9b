"""`rlsys run`: train, evaluate, draw, report and export."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from rlsys.cli.context import App
from rlsys.cli.executing import ExecutingCommand, Place
from rlsys.cli.options import (
    config_options,
    evaluation_options,
    json_option,
    pass_app,
    quiet_option,
    training_options,
)


@click.command("run", cls=ExecutingCommand)
@click.argument("plugin")
@config_options
@training_options
@evaluation_options
@click.option(
    "--sweep",
    metavar="KEY=RANGE",
    help="Do one complete run per value of a setting: KEY=2..7 or KEY=a,b,c.",
)
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
    sweep: str | None,
    as_json: bool,
    quiet: bool,
    **settings: Any,
) -> None:
    """Train on PLUGIN, compare with baselines and optimum, draw, report and export.

    Everything goes into one run directory, by default below runs/.
    """
    from rlsys.cli.result_table import show_document
    from rlsys.cli.whole_job import whole_job

    place = Place(executor, jobs)
    if sweep is None:
        document, reference = whole_job(app, plugin, settings, place, out, resume, quiet)
    else:
        from rlsys.cli.sweeping import whole_series

        document, reference = whole_series(app, plugin, settings, sweep, place, out, resume, quiet)
    show_document(document, as_json, reference=reference)
