"""Prints a result document on the terminal: one table per case, with the verdicts below it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.table import Table

from rlsys.cli.output import console, print_json
from rlsys.evaluation.report import cases_of, closed_share_text, ranked, scalar_metrics, values_of
from rlsys.evaluation.verdicts import figures_text, verdicts_of


def show_document(document: Mapping[str, Any], as_json: bool, *, reference: str | None) -> None:
    """Print a result document: as JSON, or as one table per case with the verdicts below it."""
    if as_json:
        print_json(document)
        return
    out = console()
    for case in cases_of(document):
        out.print(_case_table(document, case))
        for line in _findings(document, case, reference):
            out.print(line, markup=False, soft_wrap=True)
    for note in document["notes"]:
        out.print(f"note: {note}", markup=False, soft_wrap=True)
    if document["run"] is not None and "report" in document["artefacts"]:
        out.print(f"\nreport: {document['run']}/{document['artefacts']['report']}", markup=False)


def _case_table(document: Mapping[str, Any], case: str) -> Table:
    metrics = [name for name in scalar_metrics(document) if name != "reward"]
    table = Table(title=case, title_justify="left", title_style="bold")
    table.add_column("controller")
    table.add_column("kind")
    table.add_column("reward", justify="right")
    table.add_column("95 % interval", justify="right")
    for name in metrics:
        table.add_column(name.replace("_", " "), justify="right")
    for row in ranked(document, case):
        values = values_of(document, case, row["controller"])
        table.add_row(
            row["controller"],
            row["kind"],
            f"{row['mean']:.2f}",
            f"{row['low']:.2f} .. {row['high']:.2f}",
            *(f"{values[name]:.2f}" for name in metrics),
            style="bold green" if row["kind"] == "learned" else "",
        )
    return table


def _findings(document: Mapping[str, Any], case: str, reference: str | None) -> list[str]:
    lines = []
    for row in ranked(document, case):
        if row["kind"] != "learned":
            continue
        name = row["controller"]
        compared = list(verdicts_of(document, case, "better-than", name))
        if compared:
            rest = [v["reference"] for v in compared if not v["holds"]]
            won = len(compared) - len(rest)
            lines.append(f"  {name}: better than {won} of {len(compared)} baselines")
            if rest:
                lines[-1] += f"; not shown for {', '.join(rest)}"
        share = closed_share_text(document, case, name)
        if share is not None:
            lines.append(f"  closes {share} of the gap from {reference} to the optimum")
    lines += [f"  {verdict_line(check)}" for check in verdicts_of(document, case, "check")]
    return lines


def verdict_line(verdict: Mapping[str, Any]) -> str:
    """Return a verdict with its figures on one line."""
    figures = figures_text(verdict)
    holds = "holds" if verdict["holds"] else "DOES NOT HOLD"
    return f"{verdict['name']}: {holds}" + (f" ({figures})" if figures else "")
