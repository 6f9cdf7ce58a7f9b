"""Compare clustered systems with the flat one on the same users and tasks, from finished runs.

    rlsys run mec --preset phase2-flat --episodes 20 --no-oracle --out runs/flat
    rlsys run mec --preset phase2 --sweep n_clusters=4..10 --episodes 20 --no-oracle \\
        --out runs/sweep
    python benchmarks/mec_hierarchy.py runs/sweep --flat runs/flat

Episodes of one seed have the same users and tasks for any number of clusters, so differences are
paired.
"""

from __future__ import annotations

import argparse
import csv
import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rlsys.evaluation import Summary, paired_difference, summarise

Rewards = dict[str, NDArray[np.float64]]
"""By controller, (trainings, episodes); controllers that are not learned have one row."""


def rewards_of(run: Path) -> tuple[str, Rewards]:
    """Return the name of the learned controller and the rewards of all."""
    found: dict[str, dict[tuple[int, int], float]] = {}
    learned = ""
    with (run / "evaluation" / "episodes.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            key = (int(row["training"] or 0), int(row["seed"]))
            found.setdefault(row["controller"], {})[key] = float(row["reward"])
            if row["kind"] == "learned":
                learned = row["controller"]
    rewards = {}
    for name, cells in found.items():
        trainings = sorted({training for training, _ in cells})
        seeds = sorted({seed for _, seed in cells})
        rewards[name] = np.array([[cells[t, s] for s in seeds] for t in trainings])
    return learned, rewards


def shown(summary: Summary) -> str:
    """Return mean and interval."""
    return f"{summary.mean:.1f} [{summary.low:.1f}, {summary.high:.1f}]"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("sweep", type=Path)
    parser.add_argument("--flat", type=Path, action="append", default=[], metavar="RUN")
    options = parser.parse_args()
    flats = [(run, *rewards_of(run)) for run in options.flat]
    others = ("greedy-fifo", "greedy-edf", "greedy-jit", "coordinate-ascent-jit")
    heads = [
        *(f"ahead of {name}" for name in others),
        *(f"ahead of {run.name}" for run in options.flat),
    ]
    print(f"| clusters | learned | {' | '.join(heads)} |")
    print(f"|--:|--:|{'--:|' * len(heads)}")
    points = sorted((options.sweep / "points").iterdir(), key=_number)
    for point in points:
        learned, rewards = rewards_of(point)
        own = rewards[learned]
        cells = [shown(summarise(own))]
        cells += [shown(paired_difference(own, rewards[name])) for name in others]
        cells += [shown(paired_difference(own, flat[name])) for _, name, flat in flats]
        print(f"| {_number(point)} | {' | '.join(cells)} |")
    for run, name, flat in flats:
        print(f"\n{run.name}: learned {shown(summarise(flat[name]))}")


def _number(point: Path) -> int:
    (number,) = re.findall(r"\d+", point.name)
    return int(number)


if __name__ == "__main__":
    main()
