"""Writes an export folder: whole or not at all, and only if all checks of the exporter hold.

An exporter's factory only writes files into the folder it is given and reports what it checked.
Everything that protects the user is done here, for all exporters: no NaN, no missing package, no
foreign file overwritten, nothing half-written, no folder whose checks failed.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rlsys import __version__
from rlsys.descriptors import ExporterSpec, resolve
from rlsys.errors import CheckFailed, UserError
from rlsys.exporters.checking import check_exportable
from rlsys.exporters.context import Check, ExportContext, ExportReport
from rlsys.network import Network
from rlsys.plugins.requirements import check_requirements
from rlsys.storage.folders import files_below
from rlsys.storage.hashing import file_hash

MARKER = "rlsys-export.json"
"""The file that lists which files in a folder an earlier export wrote."""

MARKER_FORMAT = "rlsys.export/1"


class ChecksFailed(CheckFailed):
    """Some checks of an exporter failed, so nothing was written.

    Attributes:
        report: all its checks and notes, without files.
    """

    def __init__(self, exporter: str, report: ExportReport) -> None:
        self.report = report
        failed = [check for check in report.checks if not check["holds"]]
        told = ", ".join(f"check {c['name']!r} failed ({_figures(c)})" for c in failed)
        super().__init__(f"export {exporter!r}: {told}; nothing was written")


def export_network(
    network: Network,
    spec: ExporterSpec,
    directory: str | Path,
    context: ExportContext,
    settings: Any = None,
) -> ExportReport:
    """Export `network` into `directory`, which then contains this export and nothing else.

    The files are written to a temporary folder next to it and moved into place when all checks
    hold. Until then, an earlier export in `directory` stays unchanged.

    Args:
        network: what to export.
        spec: the exporter.
        directory: absent, empty, or with nothing but the unchanged files of an earlier export.
        context: see `ExportContext`.
        settings: the exporter's settings, a model of its `config`; None: the defaults.

    Returns:
        The files at their final place and the verdicts, all of which hold.

    Raises:
        UserError: the network has NaN or infinite numbers, a requirement is missing, the folder has
            other files or cannot be written, or the exporter cannot export this network.
        ChecksFailed: a check of the exporter failed; nothing was written.
    """
    check_exportable(network)
    check_requirements(f"exporter {spec.name!r}", spec.requires)
    target = Path(directory).resolve()
    factory = resolve(spec.factory)
    arguments: tuple[Any, ...] = (context,)
    if spec.config is not None:
        settings = resolve(spec.config)() if settings is None else settings
        arguments = (context, settings)
    try:
        _check_replaceable(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as scratch:
            # The scratch folder is private (mode 700); this one gets the user's own file mode.
            fresh = Path(scratch) / "new"
            fresh.mkdir()
            try:
                report: ExportReport = factory(network, fresh, *arguments)
            except CheckFailed as error:  # the exporter cannot go on after its first difference
                raise ChecksFailed(spec.name, ExportReport((), (_ended(error),))) from error
            if not all(check["holds"] for check in report.checks):
                raise ChecksFailed(spec.name, ExportReport((), report.checks, report.notes))
            files = _files_in(fresh)
            _write_marker(fresh, files, _identity(spec, context, settings), report)
            _move_into_place(fresh, target, Path(scratch) / "old")
    except OSError as error:
        raise UserError(
            f"{target}: export cannot be written: {error.strerror or error}; "
            "free space or choose another folder"
        ) from error
    written = tuple(target / name for name in (*files, MARKER))
    return ExportReport(written, tuple(report.checks), tuple(report.notes))


def _figures(check: Check) -> str:
    return ", ".join(f"{name} {value}" for name, value in check["figures"].items())


def _ended(error: CheckFailed) -> Check:
    """Return what an exporter raised as a check."""
    return {"name": "acts-the-same", "holds": False, "figures": {"because": str(error)}}


def _files_in(directory: Path) -> list[str]:
    return [path.relative_to(directory).as_posix() for path in files_below(directory)]


def _identity(spec: ExporterSpec, context: ExportContext, settings: Any) -> dict[str, Any]:
    """Return what made an export and from which policy, as JSON values."""
    return {
        "format": MARKER_FORMAT,
        "exporter": spec.name,
        "rlsys": __version__,
        "settings": {} if settings is None else settings.model_dump(mode="json"),
        "from": context.provenance(),
    }


def _write_marker(
    directory: Path, files: Sequence[str], identity: Mapping[str, Any], report: ExportReport
) -> None:
    document = {
        **identity,
        "checks": list(report.checks),
        "notes": list(report.notes),
        "files": {name: file_hash(directory / name) for name in files},
    }
    text = json.dumps(document, indent=2, allow_nan=False) + "\n"
    (directory / MARKER).write_text(text, encoding="utf-8")


def finished_export(
    spec: ExporterSpec, directory: str | Path, context: ExportContext, settings: Any = None
) -> ExportReport | None:
    """Return the report of an earlier export if it is still up to date, else None.

    It is up to date if the exporter, its settings and the policy's provenance are the same, it left
    nothing out, and its files are unchanged.
    """
    target = Path(directory).resolve()
    try:
        _check_replaceable(target)
        document = json.loads((target / MARKER).read_text(encoding="utf-8"))
    except (OSError, UserError):  # missing or changed: make it again
        return None
    wanted = json.loads(json.dumps(_identity(spec, context, settings)))
    if any(document.get(key) != value for key, value in wanted.items()) or document["notes"]:
        return None
    files = [name for name in document["files"] if (target / name).exists()]
    if len(files) < len(document["files"]):
        return None
    return ExportReport(tuple(target / name for name in (*files, MARKER)), document["checks"])


def _check_replaceable(target: Path) -> None:
    """Refuse a folder with anything other than the unchanged files of an earlier export."""
    if not target.exists():
        return
    if not target.is_dir():
        raise UserError(f"{target} is a file; choose a folder for the export")
    present = _files_in(target)
    if not present:
        return
    ours = _marked_files(target)
    foreign = [name for name in present if name != MARKER and name not in ours]
    if foreign:
        raise UserError(
            f"{target} contains files that no export wrote ({_some(foreign)}); "
            "choose an empty folder or move them away"
        )
    changed = [n for n in present if n != MARKER and file_hash(target / n) != ours[n]]
    if changed:
        raise UserError(
            f"{target} contains exported files that have since been changed ({_some(changed)}); "
            "move them away or choose another folder"
        )


def _marked_files(target: Path) -> dict[str, str]:
    marker = target / MARKER
    if not marker.exists():
        return {}
    try:
        document = json.loads(marker.read_text(encoding="utf-8"))
        if document["format"] != MARKER_FORMAT:
            raise ValueError(f"its format is {document['format']!r}, not {MARKER_FORMAT!r}")
        return dict(document["files"])
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"{marker} cannot be read ({error}); move the folder's files away or choose another"
        ) from error


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _move_into_place(fresh: Path, target: Path, old: Path) -> None:
    """Rename `fresh` to `target`; an existing `target` moves to `old`, and back on failure."""
    if not target.exists():
        os.rename(fresh, target)
        return
    os.rename(target, old)
    try:
        os.rename(fresh, target)
    except OSError:
        os.rename(old, target)
        raise
