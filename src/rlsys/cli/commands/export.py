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

    flags = {"build": build, "run": run}
    exports = export_request(
        reporting(work, quiet), run_path, to, case=case, seed=seed, out=out, set=set, flags=flags
    )
    if not as_json:
        click.echo("\n".join(str(path) for export in exports for path in export.shown))
        for export in exports:
            for verdict in export.verdicts:
                click.echo(f"{verdict.case}: {verdict_line(verdict.row())}")
            for note in export.notes:
                click.echo(f"note: {note}")
        return
    of = Run(run_path, work)
    document = of.unevaluated()
    if seed is not None:
        document["seeds"] = [seed]
    else:
        document["seeds"] = of.seeds[:1]
    for export in exports:
        document["verdicts"] += [verdict.row() for verdict in export.verdicts]
        document["artefacts"] |= export.artefacts(of.path)
        document["notes"] += export.notes
    print_json(document)
