"""Weighted tardiness of random factories: policies, every rule, and random-key hill climbing.

    python benchmarks/jobshop_tardiness.py [RUN ...] [--size full] [--instances 20]
                                           [--rules atc wmdd ...] [--seconds 1 10]

A value is the weighted tardiness in percent of the work of all jobs (the shortest durations); the
mean over the instances. A rule counts with the better of its active and its non-delay schedule of
each instance; `noisy-mwkr`, which tries 128 schedules, only if it is named. `RUN, then random-keys`
and `atc, then random-keys` climb from the schedule of the policy or the rule, and all that they do
counts as time. After each mean stands how much worse it is than the policy, with the 95 % interval
of the mean of the paired differences (Student's t); with several trainings the differences are to
the mean of their policies. The slowest schedule is in CPU seconds of one thread, except that
reading compiled code from the disk does not count.

The instances are drawn from seeds that no training uses.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"  # before NumPy is loaded

import argparse
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

import rlsys
from rlsys_jobshop.checking import require_valid
from rlsys_jobshop.instances import FACTORY_SIZES, factory
from rlsys_jobshop.playing import play
from rlsys_jobshop.problem import Instance, Schedule, build
from rlsys_jobshop.problem.goals import value, weighted_tardiness
from rlsys_jobshop.rules import RULES, dispatch
from rlsys_jobshop.search import random_keys
from rlsys_jobshop.simulator import Candidates
from rlsys_jobshop.trained import Trained, trained

GOAL = "weighted-tardiness"
FIRST_SEED = 2_000_000_000
SINGLE = [name for name, rule in RULES.items() if rule.tries == 1]
Solver = Callable[[Instance], Schedule]
Values = NDArray[np.float64]


def trainings(run: str, case: str | None) -> Iterator[tuple[str, Trained]]:
    """Yield the policies of all seeds of a run, or the one of a network file."""
    name = Path(run).name
    if Path(run).is_file():
        yield name, trained(run)
        return
    seeds = rlsys.load(run).seeds
    for seed in seeds:
        yield (name if len(seeds) == 1 else f"{name}, seed {seed}"), trained(run, case, seed)


def by_rule(instance: Instance, name: str) -> Schedule:
    """Return the better of a rule's active and its non-delay schedule."""
    kinds: tuple[Candidates, ...] = ("active", "non-delay")
    made = [one for kind in kinds for one in dispatch(instance, RULES[name], candidates=kind)]
    return min(made, key=lambda schedule: value(schedule, GOAL))


def greedy(instance: Instance, policy: Trained) -> Schedule:
    """Return the policy's greedy schedule."""
    return play(instance, policy.network, candidates=policy.candidates)[0]


def climb(instance: Instance, seconds: float, start: Solver | None = None) -> Schedule:
    """Return what hill climbing finds in `seconds`, of which the start is a part."""
    begun = time.process_time()
    first = None if start is None else start(instance)
    left = max(0.01, seconds - (time.process_time() - begun))
    return random_keys(instance, seconds=left, start=first, objective=GOAL, clock=time.process_time)


def row(name: str, solver: Solver, instances: list[Instance], policy: Values | None) -> Values:
    """Print the line of one solver and return its values, (instances,)."""
    values, slowest = [], 0.0
    for instance in instances:
        begun = time.process_time()
        schedule = solver(instance)
        slowest = max(slowest, time.process_time() - begun)
        require_valid(schedule)
        least = np.minimum.reduceat(instance.duration, instance.mode_first[:-1])
        values.append(100 * weighted_tardiness(instance, schedule.end) / least.sum())
    found = np.array(values)
    more = ""
    if policy is not None:
        worse = found - policy
        half = student.ppf(0.975, len(worse) - 1) * worse.std(ddof=1) / np.sqrt(len(worse))
        more = f"{worse.mean():+.1f} ± {half:.1f}"
    print(f"| {name} | {found.mean():.1f} | {more} | {slowest:.2f} |", flush=True)
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("runs", nargs="*")
    parser.add_argument("--case", help="whose policy of the runs")
    parser.add_argument("--size", default="full", choices=FACTORY_SIZES)
    parser.add_argument("--instances", type=int, default=20)
    parser.add_argument("--rules", nargs="*", default=[*SINGLE], choices=RULES)
    parser.add_argument("--seconds", type=float, nargs="*", default=[1.0, 10.0])
    options = parser.parse_args()
    instances = [
        build(factory(options.size, np.random.default_rng(FIRST_SEED + number)))
        for number in range(options.instances)
    ]
    policies = {
        name: policy for run in options.runs for name, policy in trainings(run, options.case)
    }
    starts: dict[str, Solver] = {
        name: (lambda instance, p=policy: greedy(instance, p)) for name, policy in policies.items()
    }
    starts["atc"] = lambda instance: by_rule(instance, "atc")
    for solver in starts.values():  # compiled code is loaded
        solver(instances[0])
    climb(instances[0], 0.01)
    print("| weighted tardiness, % of the work | mean | worse than the policy by | slowest, s |")
    print("|---|--:|--:|--:|")
    own = [row(f"{name}, greedy", starts[name], instances, None) for name in policies]
    policy = np.mean(own, axis=0) if own else None
    if len(own) > 1:
        means = np.mean(own, axis=1)
        half = student.ppf(0.975, len(means) - 1) * means.std(ddof=1) / np.sqrt(len(means))
        print(f"| mean of the trainings | {means.mean():.1f} ± {half:.1f} | | |", flush=True)
    for rule in options.rules:
        row(rule, lambda instance, name=rule: by_rule(instance, name), instances, policy)
    for seconds in options.seconds:
        row(f"random-keys, {seconds:g} s", lambda i, s=seconds: climb(i, s), instances, policy)
        for name, start in starts.items():
            row(
                f"{name}, then random-keys, {seconds:g} s in all",
                lambda i, s=seconds, first=start: climb(i, s, first),
                instances,
                policy,
            )


if __name__ == "__main__":
    main()
