"""`rlsys evaluate`: evaluate the policies of a run again."""

from __future__ import annotations

from pathlib import Path

import click

from rlsys.cli.numbers import Count
from rlsys.cli.options import evaluation_options, json_option, pass_work, quiet_option, reporting
from rlsys.plugins.workplace import Workplace


@click.command("evaluate")
@click.argument("run_path", metavar="RUN", type=click.Path(path_type=Path))
@evaluation_options
@click.option(
    "--first-episode", type=Count(), metavar="N", help="Number of the first held-out episode."
)
@json_option
@quiet_option
@pass_work
def command(
    work: Workplace,
    /,
    run_path: Path,
    episodes: int | None,
    no_oracle: bool,
    first_episode: int | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Evaluate the policies of the run directory RUN, and rewrite its figures and report."""
    from rlsys.api import evaluate_request
    from rlsys.cli.result_table import show

    oracle = False if no_oracle else None
    given = {"episodes": episodes, "first_episode": first_episode, "oracle": oracle}
    show(evaluate_request(reporting(work, quiet), run_path, given), as_json)
