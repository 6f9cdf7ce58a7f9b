"""Exports the policies of a run in formats that are named with their settings."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from rlsys import workflow
from rlsys.api.request import Settings, names
from rlsys.config.document import Document, assignment
from rlsys.config.plan import PlannedExport, assigned, planned_export
from rlsys.descriptors import resolve
from rlsys.errors import ConfigError, UserError
from rlsys.plugins.registry import Registry
from rlsys.plugins.workplace import Workplace
from rlsys.workflow.exported import Exported, raise_refusals
from rlsys.workflow.exports import attempt_exports


def export_request(
    work: Workplace,
    path: Path,
    to: Sequence[str],
    *,
    case: str | Sequence[str] | None,
    seed: int | None,
    out: Path | None,
    set: Sequence[Settings],
    flags: Mapping[str, bool],
) -> list[Exported]:
    """Export the policies of a run; see `rlsys.Run.export`.

    Args:
        flags: which of the settings ``build`` and ``run`` to turn on.

    Returns:
        One per policy and format; a failed check is one of its verdicts.

    Raises:
        UserError: see `rlsys.Run.export`.
    """
    if not to:
        raise UserError("name a format to export to, such as 'json'")
    planned = _planned(work.registry, to, set, flags)
    plan, run = workflow.reopen(work, path)
    # Files inside the run directory have to be added to its manifest.
    with contextlib.nullcontext() if out else run.adding():
        done = attempt_exports(
            work,
            plan,
            run,
            planned,
            cases=names(case) or None,
            seed=seed,
            directory=out,
            again=True,
        )
    raise_refusals(done)
    return done


def _planned(
    registry: Registry,
    formats: Sequence[str],
    assignments: Sequence[Settings],
    flags: Mapping[str, bool],
) -> list[PlannedExport]:
    """Return the exporters with their settings from ``--set`` and the flags.

    Raises:
        UserError: an exporter is unknown, or does not have a flag or setting.
    """
    settings = {name: Document({}) for name in formats}
    for parts, value, place in assigned(assignments):
        if parts[0] in settings and len(parts) > 1:
            name, *rest = parts
        elif len(settings) == 1:
            name, rest = formats[0], list(parts)
        else:
            raise ConfigError(f"{place}: must begin with one of {', '.join(formats)}")
        settings[name] = assignment(rest, value, place).laid_upon(settings[name])
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
    config = registry.exporters.get(exporter).config
    return () if config is None else resolve(config).model_fields
