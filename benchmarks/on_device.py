"""Export the policies of runs to a microcontroller, boot them in QEMU, and print what they cost.

python benchmarks/on_device.py docs/measured/default docs/measured/general
python benchmarks/on_device.py docs/measured/default --set kernel=wide
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

COLUMNS = (
    ("kernels", "kernels"),
    ("equal_actions", "equal actions"),
    ("drawn_equal_actions", "equal actions, drawn"),
    ("reward_float", "reward, float"),
    ("reward_fixed", "reward, fixed point"),
    ("golden_vectors", "golden vectors"),
    ("ticks", "ticks"),
    ("instructions", "instructions"),
    ("instructions_observe", "to observe"),
    ("instructions_edf", "EDF"),
    ("instructions_table", "table"),
    ("flash_inference", "flash of inference"),
    ("static_ram", "static RAM"),
)


def exported(run: Path, seed: int, settings: Sequence[str]) -> dict[str, Any]:
    """Export one training of a run, boot it, and return the result document."""
    with tempfile.TemporaryDirectory() as scratch:
        command = [
            *("rlsys", "export", str(run), "--to", "rust-q10", "--run", "--json", "--quiet"),
            *("--seed", str(seed), "--out", scratch),
            *(f"--set={setting}" for setting in settings),
        ]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        sys.exit(f"{' '.join(command)}: exit code {ended.returncode}\n{ended.stderr}")
    document: dict[str, Any] = json.loads(ended.stdout)
    return document


def rows(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each case with the figures of all its verdicts; the last verdict is "bit-exact"."""
    for case in dict.fromkeys(verdict["case"] for verdict in document["verdicts"]):
        verdicts = [v for v in document["verdicts"] if v["case"] == case]
        assert verdicts[-1]["name"] == "rust-q10-bit-exact"
        assert all(verdict["holds"] for verdict in verdicts)
        yield case, {k: v for verdict in verdicts for k, v in verdict["figures"].items()}


def shown(value: Any) -> str:
    """Return a cell."""
    return f"{value:.5g}" if isinstance(value, float) else str(value)


def main() -> None:
    """Print one table for all policies."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", dest="settings")
    given = parser.parse_args()
    head = ["run", "case", "seed", *(title for _, title in COLUMNS)]
    print(f"| {' | '.join(head)} |\n|---|---|{'--:|' * (len(head) - 2)}")
    compilers = set()
    for run in given.runs:
        seeds = json.loads((run / "result.json").read_text(encoding="utf-8"))["seeds"]
        for seed in seeds:
            for case, figures in rows(exported(run, seed, given.settings)):
                cells = [run.name, case, str(seed)]
                cells += [shown(figures.get(key, "")) for key, _ in COLUMNS]
                compilers.add(figures["compiler"])
                print(f"| {' | '.join(cells)} |", flush=True)
    print(f"\nCompiled by {', '.join(sorted(compilers))}.")


if __name__ == "__main__":
    main()
