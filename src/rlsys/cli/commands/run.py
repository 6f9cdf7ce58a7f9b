"""`rlsys run`: train, evaluate, draw, report and export."""

from __future__ import annotations

from typing import Any

import click

from rlsys.cli.executing import ExecutingCommand, request_of
from rlsys.cli.options import (
    config_options,
    evaluation_options,
    json_option,
    pass_work,
    quiet_option,
    reporting,
    training_options,
)
from rlsys.plugins.workplace import Workplace


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
@pass_work
def command(work: Workplace, /, as_json: bool, quiet: bool, **asked: Any) -> None:
    """Train on PLUGIN, compare with baselines and optimum, draw, report and export.

    Everything goes into one run directory, by default below runs/.
    """
    from rlsys.api import run_request
    from rlsys.cli.result_table import show

    request = request_of(asked)
    show(run_request(reporting(work, quiet), request), as_json)
