"""`rlsys export`: write trained policies in another format."""

from __future__ import annotations

from pathlib import Path

import click

from rlsys.cli.numbers import Count
from rlsys.cli.options import json_option, pass_work, quiet_option, reporting
from rlsys.plugins.workplace import Workplace


@click.command("export")
@click.argument("run_path", metavar="RUN", type=click.Path(path_type=Path))
@click.option("--to", multiple=True, required=True, metavar="FORMAT", help="Export format.")
@click.option("--case", multiple=True, metavar="NAME", help="Export only this trained case.")
@click.option("--seed", type=Count(), metavar="N", help="Training seed.  [default: the first]")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder to write.  [default: exports/ in the run]",
)
@click.option(
    "--set",
    multiple=True,
    metavar="KEY=VALUE",
    help="One setting of the exporter; with several formats, FORMAT.KEY=VALUE.",
)
@click.option("--build", is_flag=True, help="Compile the exported code.")
@click.option("--run", is_flag=True, help="Run it on its target and compare the results.")
@json_option
@quiet_option
@pass_work
def command(
    work: Workplace,
    /,
    run_path: Path,
    to: tuple[str, ...],
    case: tuple[str, ...],
    seed: int | None,
    out: Path | None,
    set: tuple[str, ...],
    build: bool,
    run: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Export the policies of the run directory RUN, and check that they act the same."""
    from rlsys.api import Run, export_request
    from rlsys.cli.output import print_json
    from rlsys.cli.result_table import verdict_line
    from rlsys.evaluation.verdicts import raise_failed_checks

    flags = {"build": build, "run": run}
    exports = export_request(
        reporting(work, quiet), run_path, to, case=case, seed=seed, out=out, set=set, flags=flags
    )
    verdicts = [verdict.row() for export in exports for verdict in export.verdicts]
    notes = [note for export in exports for note in export.notes]
    if as_json:
        of = Run(run_path, work)
        document = of.unevaluated()
        document["seeds"] = of.seeds[:1] if seed is None else [seed]
        document["verdicts"], document["notes"] = verdicts, notes
        for export in exports:
            document["artefacts"] |= export.artefacts(of.path)
        print_json(document)
    else:
        for path in (path for export in exports for path in export.shown):
            click.echo(path)
        for verdict in verdicts:
            click.echo(f"{verdict['case']}: {verdict_line(verdict)}")
        for note in notes:
            click.echo(f"note: {note}")
    raise_failed_checks(verdicts)
