"""`rlsys export`: a trained policy in another form."""

from __future__ import annotations

import contextlib
from pathlib import Path

import click

from rlsys.cli.context import App
from rlsys.cli.options import json_option, pass_app, quiet_option


@click.command("export")
@click.argument("run_path", metavar="RUN", type=click.Path(path_type=Path))
@click.option("--to", "formats", multiple=True, required=True, metavar="FORMAT", help="Exporter.")
@click.option("--case", "cases", multiple=True, metavar="NAME", help="Only this trained case.")
@click.option("--seed", type=int, metavar="N", help="Of the training.  [default: the first]")
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help="Where to.")
@json_option
@quiet_option
@pass_app
def command(
    app: App,
    /,
    run_path: Path,
    formats: tuple[str, ...],
    cases: tuple[str, ...],
    seed: int | None,
    out: Path | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Export the policies of the run directory RUN, and check that they act the same."""
    from rlsys import workflow
    from rlsys.cli.output import print_json
    from rlsys.cli.progress import announce
    from rlsys.report import result_document

    work = app.workplace(announce(quiet))
    plan, run = workflow.reopen(work, run_path)
    # Inside the run directory, its manifest has to learn of the new files.
    with contextlib.nullcontext() if out else run.adding():
        reports = workflow.export(
            work, plan, run, formats, cases=cases or None, seed=seed, directory=out
        )
    if not as_json:
        click.echo("\n".join(str(file) for report in reports for file in report.files))
        return
    artefacts: dict[str, str] = {}
    for report in reports:
        artefacts |= workflow.artefacts_of(report, run)
    print_json(
        result_document(
            plugin=plan.config.plugin,
            preset=plan.config.preset,
            run=str(run.path),
            status=run.status,
            seeds=[plan.config.seed if seed is None else seed],
            evaluation=None,
            verdicts=[check for report in reports for check in report.checks],
            artefacts=artefacts,
        )
    )
