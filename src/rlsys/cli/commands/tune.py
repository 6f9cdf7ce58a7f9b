"""`rlsys tune`: search for the best settings of the agents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from rlsys.cli.executing import ExecutingCommand, request_of
from rlsys.cli.numbers import CountFrom
from rlsys.cli.options import (
    config_options,
    json_option,
    pass_work,
    quiet_option,
    reporting,
    training_options,
)
from rlsys.plugins.workplace import Workplace

if TYPE_CHECKING:
    from optuna import Study

_SHOWN = 5


@click.command("tune", cls=ExecutingCommand)
@click.argument("plugin")
@config_options
@training_options
@click.option(
    "--trials",
    type=CountFrom(min=1),
    required=True,
    metavar="N",
    help="Total number of trials; with --resume, finished ones count.",
)
@click.option(
    "--search",
    "searches",
    multiple=True,
    metavar="KEY=RANGE",
    help="AGENT.KEY=LOW..HIGH[:log] or AGENT.KEY=a,b,c.  [default: what the agents propose]",
)
@json_option
@quiet_option
@pass_work
def command(
    work: Workplace,
    /,
    trials: int,
    searches: tuple[str, ...],
    as_json: bool,
    quiet: bool,
    **asked: Any,
) -> None:
    """Search settings of PLUGIN's agents with Optuna.

    A trial trains on every case and scores its mean reward on the validation episodes, never on
    those of the evaluation. The first trial has the settings as they are. Trials that fall below
    the median are pruned. The best settings are in best.yaml, for `--config` of `run` and `train`.
    """
    from rlsys.api.searching import tune_request
    from rlsys.cli.output import print_json

    request = request_of(asked)
    study, document = tune_request(reporting(work, quiet), request, trials, searches)
    if as_json:
        print_json(document)
    else:
        _show(study, document)


def _show(study: Study, document: dict[str, Any]) -> None:
    from rich.table import Table

    from rlsys.cli.output import console
    from rlsys.tuning.outcome import best_trials, shown_value

    shown = best_trials(study, _SHOWN)
    table = Table(title="best trials", title_justify="left", title_style="bold")
    table.add_column("trial")
    for trial in shown:
        table.add_column(str(trial.number), justify="right")
    table.add_row("validation reward", *(f"{trial.value:z.4g}" for trial in shown), style="bold")
    for name in shown[0].params:
        table.add_row(name, *(shown_value(trial.params[name]) for trial in shown))
    out = console()
    out.print(table)
    for note in document["notes"]:
        out.print(note, markup=False, soft_wrap=True)
    best = f"{document['run']}/{document['artefacts']['best']}"
    out.print(f"\nbest settings: {best}", markup=False, soft_wrap=True)
