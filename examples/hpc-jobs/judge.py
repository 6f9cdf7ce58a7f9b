"""Compares a learned scheduler with the known ones on the held-out part of a trace.

    python judge.py runs/distributed/hpc-jobs/policies/default/seed-0/network.npz [trace.swf]

The network decides greedily, and for the same windows as the others.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from cluster import ClusterError, Job, measure
from compare import TRACE, estimate, limits
from decisions import LENGTH, Decision, WindowError, evaluation_windows, independent_windows, play
from schedulers import SCHEDULERS
from swf import SwfError, machine_size, read, usable

from rlsys.errors import UserError
from rlsys.network import Network

RIVALS = ("fcfs", "sjf", "easy", "sjf-easy", "f1-easy")


def learned(network: Network, windows: Sequence[Sequence[Job]], processors: int) -> list[float]:
    """Return the mean bounded slowdown of every window."""

    def decide(decision: Decision) -> int:
        return int(network.act(decision.observation[None], decision.mask[None])[0])

    return [measure(play(window, processors, decide)[0]).slowdown for window in windows]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the comparison; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="judge.py", description="Compare a learned scheduler with the known ones."
    )
    parser.add_argument("network", type=Path, help="network.npz of a run")
    parser.add_argument("trace", type=Path, nargs="?", default=TRACE, help=".swf or .swf.gz")
    parser.add_argument("--jobs", type=int, default=LENGTH, help="per window (%(default)s)")
    parser.add_argument("--windows", type=int, default=50, help="default %(default)s")
    given = parser.parse_args(arguments)
    try:
        network = Network.load(given.network)
        trace = read(given.trace)
        processors = machine_size(trace)
        jobs, _ = usable(trace, processors)
        windows = evaluation_windows(jobs, given.jobs, given.windows)
    except (SwfError, WindowError, ClusterError, UserError) as error:
        print(f"judge.py: {error}", file=sys.stderr)
        return 1
    independent = min(given.windows, independent_windows(jobs, given.jobs))
    own = learned(network, windows, processors)
    found = estimate(own, independent)
    print(f"learned: slowdown {found.mean:.1f} {limits(found)}")
    for name in RIVALS:
        scheduler = SCHEDULERS[name]
        theirs = [measure(scheduler.run(window, processors)).slowdown for window in windows]
        ahead = estimate([b - a for a, b in zip(own, theirs, strict=True)], independent)
        mean = sum(theirs) / len(theirs)
        print(f"{name}: slowdown {mean:.1f}, {ahead.mean:+.1f} {limits(ahead)} more than learned")
    return 0


if __name__ == "__main__":
    sys.exit(main())
