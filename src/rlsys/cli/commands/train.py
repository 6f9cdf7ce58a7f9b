"""`rlsys train`: train, without evaluation and exports."""

from __future__ import annotations

from typing import Any

import click

from rlsys.cli.executing import ExecutingCommand, request_of
from rlsys.cli.options import (
    config_options,
    json_option,
    pass_work,
    quiet_option,
    reporting,
    training_options,
)
from rlsys.plugins.workplace import Workplace


@click.command("train", cls=ExecutingCommand)
@click.argument("plugin")
@config_options
@training_options
@json_option
@quiet_option
@pass_work
def command(work: Workplace, /, as_json: bool, quiet: bool, **asked: Any) -> None:
    """Train on PLUGIN and keep the policies in a run directory."""
    from rlsys.api import train_request
    from rlsys.cli.output import print_json

    request = request_of(asked)
    run = train_request(reporting(work, quiet), request)
    if as_json:
        print_json(run.unevaluated())
    else:
        click.echo(run.path)
