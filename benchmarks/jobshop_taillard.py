"""How far policies, rules and tabu search stay from the best known makespans of Taillard.

    python benchmarks/jobshop_taillard.py policies RUN [RUN ...] [--samples 128]
    python benchmarks/jobshop_taillard.py rivals [--only tabu mwkr ...]
    python benchmarks/jobshop_taillard.py starts RUN [--seconds 0.1 1 10]

The gap is in percent of the best known makespan of `rlsys_jobshop.instances.best_known`, the mean
of the ten instances of a class. A rule counts with the better of its active and its non-delay
schedule. With several runs (one per training seed) the last line has the mean of the trainings and
its 95 % interval (Student's t). `starts` compares tabu search from the policy's best schedule with
tabu search alone: both get the same CPU time, and the policy's own time counts. Times are CPU
seconds of one thread.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"  # before NumPy is loaded

import argparse
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from scipy.stats import t as student

from rlsys.network import Network
from rlsys_jobshop.instances import best_known, classic
from rlsys_jobshop.playing import play
from rlsys_jobshop.problem import Instance, Schedule
from rlsys_jobshop.rules import RULES, Rule, dispatch
from rlsys_jobshop.search import tabu
from rlsys_jobshop.simulator import Candidates
from rlsys_jobshop.trained import trained

CLASSES = ("15x15", "20x15", "20x20", "30x15", "30x20", "50x15", "50x20", "100x20")
Solver = Callable[[Instance], Schedule]


def names() -> Iterator[tuple[str, list[str]]]:
    """Yield each class with its ten instances."""
    for number, size in enumerate(CLASSES):
        yield size, [f"ta{10 * number + one:02d}" for one in range(1, 11)]


def row(name: str, solver: Solver) -> np.ndarray:
    """Print a line and return the gaps, (classes,)."""
    gaps, begun = [], time.process_time()
    for _, instances in names():
        found = [100 * best_known(one).gap(solver(classic(one)).makespan) for one in instances]
        gaps.append(float(np.mean(found)))
    cells = " | ".join(f"{gap:.1f}" for gap in gaps)
    seconds = (time.process_time() - begun) / 80
    print(f"| {name} | {cells} | {np.mean(gaps):.2f} | {seconds:.2f} |", flush=True)
    return np.array(gaps)


def header() -> None:
    """Print the head of the table."""
    print(f"| gap in % | {' | '.join(CLASSES)} | mean | CPU s per instance |")
    print(f"|---|{'--:|' * (len(CLASSES) + 2)}")


def best(made: list[Schedule]) -> Schedule:
    """Return the schedule with the shortest makespan."""
    return min(made, key=lambda schedule: schedule.makespan)


def policies(runs: list[str], samples: int) -> None:
    """Compare trained policies, greedily and as the best of many samples."""
    networks = [trained(run).network for run in runs]
    header()
    for label, count in (("greedy", 1), (f"best of {samples}", samples)):
        gaps = []
        for run, network in zip(runs, networks, strict=True):
            gaps.append(row(f"{Path(run).name}, {label}", policy(network, count)))
        if len(gaps) > 1:
            interval(label, np.array(gaps))


def policy(network: Network, samples: int) -> Solver:
    """Return a solver that takes the best of some samples."""
    return lambda instance: best(play(instance, network, samples=samples))


def interval(label: str, gaps: np.ndarray) -> None:
    """Print the mean over trainings with its interval, from gaps (trainings, classes)."""
    count = len(gaps)
    both = np.column_stack([gaps, gaps.mean(axis=1)])
    half = student.ppf(0.975, count - 1) * both.std(axis=0, ddof=1) / np.sqrt(count)
    cells = (f"{m:.1f} ± {h:.1f}" for m, h in zip(both.mean(axis=0), half, strict=True))
    print(f"| {label}, {count} trainings | {' | '.join(cells)} | |", flush=True)


def rivals(only: list[str]) -> None:
    """Compare the rules, and tabu search for one CPU second; all, or only some of them."""
    header()
    for rule in RULES.values():
        if only and rule.name not in only:
            continue
        row(rule.name, lambda instance, rule=rule: best(by_rule(instance, rule)))
    if not only or "tabu" in only:
        row("tabu, 1 s", lambda instance: tabu(instance, seconds=1.0, clock=time.process_time))


def by_rule(instance: Instance, rule: Rule) -> list[Schedule]:
    """Return what a rule builds from active and from non-delay candidates."""
    both: tuple[Candidates, ...] = ("active", "non-delay")
    return [made for kind in both for made in dispatch(instance, rule, candidates=kind)]


def starts(run: str, seconds: list[float]) -> None:
    """Compare tabu search that begins with the policy's schedule with tabu search alone."""
    network = trained(run).network
    header()
    for budget in seconds:
        row(
            f"tabu alone, {budget:g} s",
            lambda i, s=budget: tabu(i, seconds=s, clock=time.process_time),
        )
        row(f"policy, then tabu, {budget:g} s", lambda i, s=budget: continued(i, network, s))


def continued(instance: Instance, network: Network, seconds: float) -> Schedule:
    """Return what tabu search finds from the greedy schedule, within the time for both."""
    begun = time.process_time()
    start = play(instance, network)[0]
    left = seconds - (time.process_time() - begun)
    return tabu(start, seconds=left, clock=time.process_time) if left > 0 else start


def main() -> None:
    """Run one of the comparisons."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    kinds = parser.add_subparsers(dest="kind", required=True)
    of_policies = kinds.add_parser("policies")
    of_policies.add_argument("runs", nargs="+")
    of_policies.add_argument("--samples", type=int, default=128)
    of_rivals = kinds.add_parser("rivals")
    of_rivals.add_argument("--only", nargs="+", default=[], choices=[*RULES, "tabu"])
    of_starts = kinds.add_parser("starts")
    of_starts.add_argument("run")
    of_starts.add_argument("--seconds", type=float, nargs="+", default=[0.1, 1.0, 10.0])
    options = parser.parse_args()
    if options.kind == "policies":
        policies(options.runs, options.samples)
    elif options.kind == "rivals":
        rivals(options.only)
    else:
        starts(options.run, options.seconds)


if __name__ == "__main__":
    main()
