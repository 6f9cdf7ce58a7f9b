"""Prints a result on the terminal: one table per case, with the findings below it."""

from __future__ import annotations

from rich.table import Table

from rlsys.api import Outcome
from rlsys.api.tables import CaseTable, tables_of, verdict_line
from rlsys.cli.output import console, print_json

__all__ = ["show", "verdict_line"]


def show(outcome: Outcome, as_json: bool) -> None:
    """Print a result: as JSON, or as one table per case with the findings below it.

    Raises:
        CheckFailed: a check failed; the result is printed.
    """
    if as_json:
        print_json(outcome.document)
    else:
        _print(outcome)
    outcome.raise_failed_checks()


def _print(outcome: Outcome) -> None:
    document = outcome.document
    out = console()
    for case in tables_of(document, outcome.reference):
        out.print(_table(case))
        for line in case.findings:
            out.print(f"  {line}", markup=False, soft_wrap=True)
    for note in document["notes"]:
        out.print(f"note: {note}", markup=False, soft_wrap=True)
    if document["run"] is not None and "report" in document["artefacts"]:
        out.print(f"\nreport: {document['run']}/{document['artefacts']['report']}", markup=False)


def _table(case: CaseTable) -> Table:
    table = Table(title=case.title, title_justify="left", title_style="bold")
    for index, name in enumerate(case.header):
        table.add_column(name, justify="left" if index < 2 else "right")
    for row in case.rows:
        table.add_row(*row, style="bold green" if row[1] == "learned" else "")
    return table
