"""How far policies and rules stay from the best known makespans of flexible job shops.

    python benchmarks/jobshop_flexible.py [RUN ...] [--samples 100] [--rules least-rise mwkr]

The gap is in percent of the best known makespan of `rlsys_jobshop.instances.best_known`: the mean
of Brandimarte's mk01 to mk10, and of Hurink's edata, rdata and vdata of the forty instances la01 to
la40. A policy chooses among active candidates; a rule counts with the better of its active and its
non-delay schedule. Times are CPU seconds of one thread.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"  # before NumPy is loaded

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from rlsys_jobshop.instances import best_known, classic, classic_names
from rlsys_jobshop.playing import play
from rlsys_jobshop.problem import Instance, Schedule
from rlsys_jobshop.rules import RULES, dispatch
from rlsys_jobshop.simulator import Candidates
from rlsys_jobshop.trained import trained

FAMILIES = {
    "mk": classic_names("mk")[:10],
    **{
        family: tuple(name for name in classic_names(family) if "la" in name)
        for family in ("edata", "rdata", "vdata")
    },
}


def row(name: str, solver: Callable[[Instance], list[Schedule]]) -> None:
    """Print the gaps of one solver, which is asked for schedules of which the best counts."""
    begun, cells = time.process_time(), []
    for names in FAMILIES.values():
        gaps = [
            best_known(one).gap(min(made.makespan for made in solver(classic(one))))
            for one in names
        ]
        cells.append(f"{100 * np.mean(gaps):.1f}")
    seconds = (time.process_time() - begun) / sum(map(len, FAMILIES.values()))
    print(f"| {name} | {' | '.join(cells)} | {seconds:.2f} |", flush=True)


def by_rule(instance: Instance, rule: str) -> list[Schedule]:
    """Return what a rule builds from active and from non-delay candidates."""
    both: tuple[Candidates, ...] = ("active", "non-delay")
    return [made for kind in both for made in dispatch(instance, RULES[rule], candidates=kind)]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("runs", nargs="*")
    parser.add_argument("--samples", type=int, default=100)
    parser.add_argument("--rules", nargs="*", default=["least-rise", "mwkr"], choices=RULES)
    options = parser.parse_args()
    print(f"| gap in % | {' | '.join(FAMILIES)} | CPU s per instance |")
    print(f"|---|{'--:|' * (len(FAMILIES) + 1)}")
    for rule in options.rules:
        row(rule, lambda instance, rule=rule: by_rule(instance, rule))
    for run in options.runs:
        network = trained(run).network
        for samples in (1, options.samples):
            name = f"{Path(run).name}, {'greedy' if samples == 1 else f'best of {samples}'}"
            row(name, lambda i, n=network, count=samples: play(i, n, samples=count))


if __name__ == "__main__":
    main()
