"""Write docs/matrix.md from docs/measured/matrix.json; with --check say whether it differs.

The JSON file is the result of the test that plays every cell: tests/matrix/test_matrix.py.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "docs" / "measured" / "matrix.json"
PAGE = ROOT / "docs" / "matrix.md"
WORKS = "works"

HEAD = """# What works with what

Every environment, agent and exporter was run together, through the command line and with tiny
settings, on the executor `local`. A cell works, or the command ends with one line that says why.
This page is written from the result of that test (`pytest -m full tests/matrix`, then `python
tools/matrix.py`).

The same test can play them on the executor `ray`, which must give the same. CartPole and Pendulum
stand for environments that were not written for rlsys; `sysctl` runs on a simulated machine;
`lamps` is the toy environment of the tests, with its agent `hill-climbing`.
"""


def page(cells: dict[str, Any]) -> str:
    """Return the page for the outcomes by environment and agent."""
    parts, reasons = [HEAD], []

    def mark(said: str) -> str:
        if said == WORKS:
            return "yes"
        if said not in reasons:
            reasons.append(said)
        return f"no ({reasons.index(said) + 1})"

    for environment, agents in cells.items():
        exporters = sorted({n for cell in agents.values() for n in cell["exports"]})
        head = ["agent", "trains", *exporters]
        parts += [f"\n## {environment}\n", _row(head), _row(["---"] * len(head))]
        for agent, cell in agents.items():
            exports = [mark(cell["exports"][n]) if cell["exports"] else "" for n in exporters]
            parts.append(_row([f"`{agent}`", mark(cell["training"]), *exports]))
    parts.append("\n## Why not\n")
    parts += [f"{number}. {reason}" for number, reason in enumerate(reasons, 1)]
    return "\n".join(parts) + "\n"


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; 1 if the page differs")
    arguments = parser.parse_args()
    text = page(json.loads(RESULT.read_text(encoding="utf-8")))
    if arguments.check:
        return int(not PAGE.exists() or PAGE.read_text(encoding="utf-8") != text)
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
