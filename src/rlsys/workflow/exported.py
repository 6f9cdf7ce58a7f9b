"""What became of exporting one policy to one format."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rlsys.errors import UserError
from rlsys.evaluation.verdicts import Verdict
from rlsys.exporters.context import ExportReport


@dataclass(frozen=True)
class Exported:
    """The result of exporting one policy to one format.

    Attributes:
        files: all files that were written; none if a check failed or the exporter refused.
        verdicts: the exporter's checks.
        notes: what was left out, and why.
        refusal: why the exporter cannot export this policy; None if it can.
    """

    files: Sequence[Path] = ()
    verdicts: Sequence[Verdict] = ()
    notes: Sequence[str] = ()
    refusal: UserError | None = None

    @property
    def shown(self) -> Sequence[Path]:
        """Return the paths to show to a user: the files or, if several folders, the top one."""
        folders = {path.parent for path in self.files}
        if len(folders) < 2:
            return self.files
        return (min(folders, key=lambda folder: len(folder.parts)),)

    def artefacts(self, run: Path) -> dict[str, str]:
        """Return the shown paths by name; paths in the run directory are relative to it."""
        home = run.resolve()
        names = (str(p.relative_to(home) if p.is_relative_to(home) else p) for p in self.shown)
        return {name: name for name in names}


def exported(exporter: str, case: str, of_role: str, report: ExportReport) -> Exported:
    """Return a report with its checks as verdicts, named after exporter and role."""
    verdicts = [
        Verdict(
            case=case,
            kind="check",
            subject=exporter,
            reference=None,
            name=f"{of_role}-{check['name'].removeprefix(f'{exporter}-')}",
            holds=check["holds"],
            figures=check["figures"],
        )
        for check in report.checks
    ]
    notes = [f"{case}: export {of_role}: {note}" for note in report.notes]
    return Exported(report.files, verdicts, notes)


def raise_refusals(exports: Sequence[Exported]) -> None:
    """Raise what exporters refused, if any did.

    Raises:
        UserError: one line per refusal.
    """
    refusals = {str(one.refusal): one.refusal for one in exports if one.refusal is not None}
    if len(refusals) == 1:
        raise next(iter(refusals.values()))
    if refusals:
        raise UserError("\n".join(refusals))
