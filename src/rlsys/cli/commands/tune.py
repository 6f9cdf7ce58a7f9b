"""`rlsys tune`: search for the best settings of the agents."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rlsys.cli.context import App
from rlsys.cli.executing import ExecutingCommand, Place, make_executor
from rlsys.cli.options import (
    config_options,
    json_option,
    overrides,
    pass_app,
    quiet_option,
    training_options,
)

if TYPE_CHECKING:
    from optuna import Study

_SHOWN = 5


@click.command("tune", cls=ExecutingCommand)
@click.argument("plugin")
@config_options
@training_options
@click.option(
    "--trials",
    type=click.IntRange(min=1),
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
@pass_app
def command(
    app: App,
    /,
    plugin: str,
    trials: int,
    searches: tuple[str, ...],
    executor: str,
    jobs: int | None,
    out: Path | None,
    resume: bool,
    as_json: bool,
    quiet: bool,
    **settings: Any,
) -> None:
    """Search settings of PLUGIN's agents with Optuna.

    A trial trains on every case and scores its mean reward on the validation episodes, never on
    those of the evaluation. The first trial has the settings as they are. Trials that fall below
    the median are pruned. The best settings are in best.yaml, for `--config` of `run` and `train`.
    """
    import json

    from rlsys import workflow
    from rlsys.cli.output import print_json
    from rlsys.cli.progress import announce
    from rlsys.cli.training import plan_with_steps
    from rlsys.errors import UserError
    from rlsys.plugins.requirements import check_requirements
    from rlsys.storage import write_atomically
    from rlsys.tuning.result import search_document
    from rlsys.tuning.search import Search, trial_plan
    from rlsys.tuning.space import search_space
    from rlsys.tuning.study import OPTUNA, STUDY_FILE

    work = app.workplace(announce(quiet))
    steps = settings.pop("steps")
    plan = trial_plan(plan_with_steps(app, plugin, overrides(**settings), steps))
    space = search_space(plan, searches)
    check_requirements("rlsys tune", (OPTUNA,))
    check_requirements(plan.environment.name, plan.environment.requires)
    for spec, _ in plan.agents:
        check_requirements(spec.name, spec.requires)
    where = make_executor(app, Place(executor, jobs), plan)
    path = _directory(plugin, plan.config.preset, out, resume)
    if resume and path.exists() and not (path / STUDY_FILE).exists():
        raise UserError(f"{path}: has no {STUDY_FILE}, so it is not a search; choose another --out")
    run = workflow.begin(work, plan, path, resume=resume)
    work.progress(f"run directory: {run.path}")
    search = Search(work, plan, run.path, run.append_metrics, space, trials, where)
    with run.writing():
        study = search.execute()
        document = search_document(plan, run.path, study)
        write_atomically(run.path / "result.json", json.dumps(document, indent=2) + "\n")
    if as_json:
        print_json(document)
    else:
        _show(study, document)


def _directory(plugin: str, preset: str, out: Path | None, resume: bool) -> Path:
    """Return the run directory; searches have their own folder, so `run --resume` skips them."""
    from rlsys.workflow.run_home import RUNS, default_directory, newest_unfinished

    choose = newest_unfinished if resume else default_directory
    return out or choose(plugin, preset, RUNS / "tune")


def _show(study: Study, document: dict[str, Any]) -> None:
    from rich.table import Table

    from rlsys.cli.output import console
    from rlsys.tuning.outcome import best_trials, shown_value

    shown = best_trials(study, _SHOWN)
    table = Table(title="best trials", title_justify="left", title_style="bold")
    table.add_column("trial")
    for trial in shown:
        table.add_column(str(trial.number), justify="right")
    table.add_row("validation reward", *(f"{trial.value:.4g}" for trial in shown), style="bold")
    for name in shown[0].params:
        table.add_row(name, *(shown_value(trial.params[name]) for trial in shown))
    out = console()
    out.print(table)
    for note in document["notes"]:
        out.print(note, markup=False, soft_wrap=True)
    best = f"{document['run']}/{document['artefacts']['best']}"
    out.print(f"\nbest settings: {best}", markup=False, soft_wrap=True)
