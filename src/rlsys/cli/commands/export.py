"""`rlsys export`: write trained policies in another format."""

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
@click.option(
    "--to", "formats", multiple=True, required=True, metavar="FORMAT", help="Export format."
)
@click.option(
    "--case", "cases", multiple=True, metavar="NAME", help="Export only this trained case."
)
@click.option("--seed", type=int, metavar="N", help="Training seed.  [default: the first]")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder to write.  [default: exports/ in the run]",
)
@click.option(
    "--set",
    "assignments",
    multiple=True,
    metavar="KEY=VALUE",
    help="One setting of the exporter; with several formats, FORMAT.KEY=VALUE.",
)
@click.option("--build", is_flag=True, help="Compile the exported code.")
@click.option("--run", "run_it", is_flag=True, help="Run it on its target and compare the results.")
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
    # Files inside the run directory have to be added to its manifest.
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
    """Return the exporters with their settings from ``--set`` and the flags.

    Raises:
        UserError: an exporter is unknown, or does not have a flag or setting.
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
            raise UserError(
                f"--{flag}: not supported by {', '.join(formats)}; leave it out or choose another "
                "format"
            )
        for name in able:
            settings[name] = assignment((flag,), True, f"--{flag}").laid_upon(settings[name])
    return [planned_export(registry, name, document) for name, document in settings.items()]


def _settings_of(registry: Registry, exporter: str) -> Collection[str]:
    from rlsys.descriptors import resolve

    config = registry.exporters.get(exporter).config
    return () if config is None else resolve(config).model_fields
