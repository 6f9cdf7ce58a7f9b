"""Print the tables of docs/measured.md from the result documents of runs.

python benchmarks/measured_table.py runs/default runs/general
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from rlsys.evaluation import cases_of, closed_share, ranked, scalar_metrics, values_of, verdicts_of


def table(document: dict[str, Any], case: str) -> str:
    """Return the table of one case: best first, with the gap to the optimum."""
    metrics = [name for name in scalar_metrics(document) if name != "reward"]
    rows = ranked(document, case)
    optimum = next((row["mean"] for row in rows if row["kind"] == "oracle"), None)
    head = ["controller", "reward, 95 % interval", "gap to the optimum", *metrics]
    lines = [f"| {' | '.join(head)} |", f"|---|{'--:|' * (len(head) - 1)}"]
    for row in rows:
        name = f"**{row['controller']}**" if row["kind"] == "learned" else row["controller"]
        gap = "" if optimum is None else f"{optimum - row['mean']:.2f}"
        values = values_of(document, case, row["controller"])
        reward = f"{row['mean']:.2f} [{row['low']:.2f}, {row['high']:.2f}]"
        shown = [name, reward, gap, *(f"{values[metric]:.2f}" for metric in metrics)]
        lines.append(f"| {' | '.join(shown)} |")
    return "\n".join(lines)


def comparisons(document: dict[str, Any], case: str) -> str:
    """Return what the learned controllers of a case are better than, by how much."""
    lines = []
    for row in ranked(document, case):
        if row["kind"] != "learned":
            continue
        share = closed_share(document, case, row["controller"])
        if share is not None:
            lines.append(f"`{row['controller']}` closes {100 * share:.1f} % of the gap.")
        for verdict in verdicts_of(document, case, "better-than", row["controller"]):
            f = verdict["figures"]
            sign = "" if verdict["holds"] else " (not shown: the interval includes zero)"
            lines.append(
                f"- ahead of {verdict['reference']} by "
                f"{f['mean']:.2f} [{f['low']:.2f}, {f['high']:.2f}]{sign}"
            )
    return "\n".join(lines)


def main() -> None:
    """Print the tables of every case of the runs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN")
    for run in parser.parse_args().runs:
        document = json.loads((run / "result.json").read_text(encoding="utf-8"))
        seeds = ", ".join(map(str, document["seeds"]))
        print(f"## {document['plugin']} {document['preset']}, training seeds {seeds}\n")
        for case in cases_of(document):
            print(f"### {case}\n\n{table(document, case)}\n\n{comparisons(document, case)}\n")
        for note in document["notes"]:
            print(f"> {note}\n")


if __name__ == "__main__":
    main()
