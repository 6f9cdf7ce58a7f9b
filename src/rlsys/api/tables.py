"""What people see of a result: one table per case, and the findings below it."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

from rlsys.evaluation.report import (
    cases_of,
    closed_share_text,
    oracle_text,
    ranked,
    scalar_metrics,
    threshold_lines,
    values_of,
)
from rlsys.evaluation.verdicts import figures_text, verdicts_of


@dataclass(frozen=True)
class CaseTable:
    """The controllers of one case, best first.

    Attributes:
        header: names of the columns.
        rows: cells; the first two are the controller and its kind, the others numbers.
        findings: sentences about the learned controllers.
    """

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    findings: tuple[str, ...]


def tables_of(document: Mapping[str, Any], reference: str | None) -> Iterator[CaseTable]:
    """Yield the table of every case of a result document.

    Args:
        reference: the baseline that marks 0 % of the gap to the optimum.
    """
    metrics = [name for name in scalar_metrics(document) if name != "reward"]
    header = ("controller", "kind", "reward", "95 % interval")
    for case in cases_of(document):
        rows = []
        for row in ranked(document, case):
            values = values_of(document, case, row["controller"])
            rows.append(
                (
                    row["controller"],
                    row["kind"],
                    f"{row['mean']:z.2f}",
                    f"{row['low']:z.2f} .. {row['high']:z.2f}",
                    *(f"{values[name]:z.2f}" for name in metrics),
                )
            )
        names = (*header, *(name.replace("_", " ") for name in metrics))
        yield CaseTable(case, names, tuple(rows), tuple(_findings(document, case, reference)))


def _findings(document: Mapping[str, Any], case: str, reference: str | None) -> Iterator[str]:
    for row in ranked(document, case):
        if row["kind"] != "learned":
            continue
        name = row["controller"]
        compared = list(verdicts_of(document, case, "better-than", name))
        if compared:
            rest = [v["reference"] for v in compared if not v["holds"]]
            won = len(compared) - len(rest)
            unproven = f"; not shown for {', '.join(rest)}" if rest else ""
            yield f"{name}: better than {won} of {len(compared)} baselines{unproven}"
        share = closed_share_text(document, case, name)
        if share is not None:
            best = oracle_text(document, case, name)
            yield f"closes {share} of the gap from {reference or 'the reference'} to {best}"
        yield from (f"{name}: {line}" for line in threshold_lines(document, case, name))
    for check in verdicts_of(document, case, "check"):
        yield verdict_line(check)


def verdict_line(verdict: Mapping[str, Any]) -> str:
    """Return a verdict with its figures on one line."""
    figures = figures_text(verdict)
    holds = "holds" if verdict["holds"] else "DOES NOT HOLD"
    return f"{verdict['name']}: {holds}" + (f" ({figures})" if figures else "")


def html_of(
    document: Mapping[str, Any], reference: str | None, title: str, picture: bytes | None
) -> str:
    """Return a result as HTML: the tables, the notes, and the picture (PNG) if there is one."""
    parts = [f"<p><b>{escape(title)}</b></p>"]
    for table in tables_of(document, reference):
        parts.append(f"<table><caption>{escape(table.title)}</caption>")
        parts.append(f"<tr>{_cells('th', table.header)}</tr>")
        for row in table.rows:
            style = " style='font-weight: bold'" if row[1] == "learned" else ""
            parts.append(f"<tr{style}>{_cells('td', row)}</tr>")
        parts.append("</table>")
        parts += [f"<div>{escape(line)}</div>" for line in table.findings]
    parts += [f"<div>note: {escape(note)}</div>" for note in document["notes"]]
    if picture is not None:
        data = base64.b64encode(picture).decode("ascii")
        parts.append(f"<img alt='comparison' src='data:image/png;base64,{data}'>")
    return "\n".join(parts)


def _cells(tag: str, texts: tuple[str, ...]) -> str:
    return "".join(f"<{tag}>{escape(text)}</{tag}>" for text in texts)
