"""`rlsys export`: a trained policy in another form."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rlsys.cli.context import App
from rlsys.cli.options import json_option, pass_app, quiet_option
from rlsys.errors import ConfigError, UserError

if TYPE_CHECKING:
    from rlsys.config.plan import PlannedExport
    from rlsys.plugins.registry import Registry


@click.command("export")
@click.argument("run_path", metavar="RUN", type=click.Path(path_type=Path))
@click.option("--to", "formats", multiple=True, required=True, metavar="FORMAT", help="Exporter.")
@click.option("--case", "cases", multiple=True, metavar="NAME", help="Only this trained case.")
@click.option("--seed", type=int, metavar="N", help="Of the training.  [default: the first]")
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help="Where to.")
@click.option(
    "--set",
    "assignments",
    multiple=True,
    metavar="KEY=VALUE",
    help="One setting of the exporter; FORMAT.KEY=VALUE where several are named.",
)
@click.option("--build", is_flag=True, help="Compile what was written.")
@click.option("--run", "run_it", is_flag=True, help="Run it on its target and compare.")
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
    assignments: tuple[str, ...],
    build: bool,
    run_it: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Export the policies of the run directory RUN, and check that they act the same."""
    from rlsys import workflow
    from rlsys.cli.output import print_json
    from rlsys.cli.progress import announce
    from rlsys.cli.result_table import verdict_line
    from rlsys.evaluation.report import result_document
    from rlsys.workflow.exports import export_policies

    work = app.workplace(announce(quiet))
    planned = _planned(app.registry, formats, assignments, {"build": build, "run": run_it})
    plan, run = workflow.reopen(work, run_path)
    # Inside the run directory, its manifest has to learn of the new files.
    with contextlib.nullcontext() if out else run.adding():
        exports = export_policies(
            work, plan, run, planned, cases=cases or None, seed=seed, directory=out, again=True
        )
    if not as_json:
        click.echo("\n".join(str(path) for export in exports for path in export.shown))
        for export in exports:
            for verdict in export.verdicts:
                click.echo(f"{verdict.case}: {verdict_line(verdict.row())}")
            for note in export.notes:
                click.echo(f"note: {note}")
        return
    artefacts: dict[str, str] = {}
    for export in exports:
        artefacts |= export.artefacts(run.path)
    print_json(
        result_document(
            plugin=plan.config.plugin,
            preset=plan.config.preset,
            run=str(run.path),
            status=run.status,
            seeds=[plan.config.seed if seed is None else seed],
            evaluation=None,
            verdicts=[verdict for export in exports for verdict in export.verdicts],
            artefacts=artefacts,
            notes=[note for export in exports for note in export.notes],
        )
    )


def _planned(
    registry: Registry,
    formats: Sequence[str],
    assignments: Sequence[str],
    flags: Mapping[str, bool],
) -> list[PlannedExport]:
    """Return the exporters with what ``--set`` and the flags say.

    Raises:
        UserError: unknown exporter, or a flag or setting that it does not have.
    """
    from rlsys.config.document import Document, assignment, parse_assignment
    from rlsys.config.plan import planned_export

    settings = {name: Document({}) for name in formats}
    for text in assignments:
        parts, value = parse_assignment(text)
        if parts[0] in settings and len(parts) > 1:
            name, *rest = parts
        elif len(settings) == 1:
            name, rest = formats[0], list(parts)
        else:
            raise ConfigError(f"--set {text!r}: must begin with one of {', '.join(formats)}")
        settings[name] = assignment(rest, value, f"--set {text}").laid_upon(settings[name])
    for flag in (flag for flag, given in flags.items() if given):
        able = [name for name in formats if flag in _settings_of(registry, name)]
        if not able:
            raise UserError(f"--{flag}: {', '.join(formats)} writes nothing to {flag}")
        for name in able:
            settings[name] = assignment((flag,), True, f"--{flag}").laid_upon(settings[name])
    return [planned_export(registry, name, document) for name, document in settings.items()]


def _settings_of(registry: Registry, exporter: str) -> Collection[str]:
    from rlsys.descriptors import resolve

    config = registry.exporters.get(exporter).config
    return () if config is None else resolve(config).model_fields
