"""Tables and lists in Markdown, as lines.

`comparison` and `ahead` are written whole. `cells` fills a table whose head and first column are
the page's own words: so a page may call a controller what its readers call it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from measured.figures import figure, interval
from measured.results import Results, TableError
from rlsys.evaluation import closed_share_text, ranked, scalar_metrics, values_of, verdicts_of

BY_HAND = "by hand"


def comparison(document: dict[str, Any], case: str) -> list[str]:
    """Return the table of one case: best first, with the gap to the optimum and every metric."""
    metrics = [name for name in scalar_metrics(document) if name != "reward"]
    rows = ranked(document, case)
    optimum = next((row["mean"] for row in rows if row["kind"] == "oracle"), None)
    head = ["controller", "reward, 95 % interval", "gap to the optimum", *metrics]
    lines = [_line(head), f"|---|{'--:|' * (len(head) - 1)}"]
    for row in rows:
        name = f"**{row['controller']}**" if row["kind"] == "learned" else row["controller"]
        gap = "" if optimum is None else f"{optimum - row['mean']:.2f}"
        values = values_of(document, case, row["controller"])
        lines.append(_line([name, interval(row), gap, *(f"{values[m]:.2f}" for m in metrics)]))
    return lines


def ahead(document: dict[str, Any], case: str) -> list[str]:
    """Return how much of the gap the learned controllers of a case close, and whom they beat."""
    lines = []
    for row in ranked(document, case):
        if row["kind"] != "learned":
            continue
        share = closed_share_text(document, case, row["controller"])
        if share is not None:
            lines.append(f"`{row['controller']}` closes {share} of the gap.")
        for verdict in verdicts_of(document, case, "better-than", row["controller"]):
            figures, other = verdict["figures"], verdict["reference"]
            if figures["high"] < 0:
                lines.append(f"- behind {other} by {interval(figures, -1)}")
                continue
            sign = "" if verdict["holds"] else " (not shown: the interval includes zero)"
            lines.append(f"- ahead of {other} by {interval(figures)}{sign}")
    return lines


def cells(
    results: Results, rows: Sequence[str], columns: Sequence[str], page: Sequence[str]
) -> list[str]:
    """Return the table that stands in a page with the cells that the results give.

    Args:
        rows: words for each row after the head.
        columns: words for each column after the first, with a ``*`` where those of the row go
            (without one they go first), or ``by hand`` where the page's cells are kept.
        page: the lines of the table as they stand there.
    """
    if len(page) < 2 or not page[0].startswith("|"):
        raise TableError("no table follows, of which head and first column would be kept")
    head, labels = _split(page[0]), page[2:]
    if len(head) != len(columns) + 1:
        raise TableError(f"the table has {len(head) - 1} columns to fill, not {len(columns)}")
    if len(labels) != len(rows):
        raise TableError(f"the table has {len(labels)} rows to fill, not {len(rows)}")
    lines = list(page[:2])
    for words, line in zip(rows, labels, strict=True):
        kept = _split(line)
        if len(kept) != len(head):
            raise TableError(f"a row has {len(kept)} cells, the head {len(head)}: {line}")
        filled = [
            old if column == BY_HAND else figure(results, _joined(words, column))
            for column, old in zip(columns, kept[1:], strict=True)
        ]
        lines.append(_line([kept[0], *filled]))
    return lines


def _joined(row: str, column: str) -> str:
    return column.replace("*", row) if "*" in column else f"{row} {column}"


def _line(row: Sequence[str]) -> str:
    # An empty cell is written as a single blank, so that a table is stable under rewriting.
    return f"|{'|'.join(f' {cell} ' if cell else ' ' for cell in row)}|"


def _split(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().removeprefix("|").removesuffix("|").split("|")]
