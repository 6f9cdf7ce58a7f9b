"""Compares the schedulers on the held-out part of a trace.

    python compare.py trace.swf --jobs 256 --windows 50

Every scheduler gets the same windows. An interval covers the mean over windows with 95 %
confidence (Student's t). Windows that overlap are not independent, so the interval counts only as
many as fit without overlap. ``against easy`` is the mean of the paired differences.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import sqrt
from pathlib import Path

from cluster import ClusterError, Job, measure
from decisions import LENGTH, WindowError, evaluation_windows, independent_windows
from schedulers import SCHEDULERS
from swf import SwfError, machine_size, read, usable

REFERENCE = "easy"
TRACE = Path(__file__).parent / "trace.swf"


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean with its 95 % interval; without limits where one window says nothing about it."""

    mean: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Row:
    """A scheduler's results, means over the windows.

    Attributes:
        scheduler: its name.
        slowdown: mean bounded slowdown.
        difference: of the slowdown to the reference, per window.
        mean_wait: in seconds.
        utilisation: used share of the processors.
    """

    scheduler: str
    slowdown: Estimate
    difference: Estimate
    mean_wait: float
    utilisation: float


def compare(
    windows: Sequence[Sequence[Job]], processors: int, independent: int, seed: int = 0
) -> list[Row]:
    """Return a row per scheduler, the lowest slowdown first.

    Args:
        windows: one or more lists of jobs.
        processors: of the cluster.
        independent: how many windows the intervals may count.
        seed: of random choices.
    """
    measured = {
        name: [
            measure(scheduler.run(window, processors, seed=seed + number))
            for number, window in enumerate(windows)
        ]
        for name, scheduler in SCHEDULERS.items()
    }
    slowdowns = {name: [one.slowdown for one in found] for name, found in measured.items()}
    rows = [
        Row(
            name,
            estimate(slowdowns[name], independent),
            estimate(
                [a - b for a, b in zip(slowdowns[name], slowdowns[REFERENCE], strict=True)],
                independent,
            ),
            sum(one.mean_wait for one in found) / len(found),
            sum(one.utilisation for one in found) / len(found),
        )
        for name, found in measured.items()
    ]
    return sorted(rows, key=lambda row: row.slowdown.mean)


def estimate(values: Sequence[float], independent: int) -> Estimate:
    """Return the mean of some values, of which so many are independent, and its interval."""
    mean = sum(values) / len(values)
    count = min(len(values), independent)
    if count < 2:
        return Estimate(mean, None, None)
    variance = sum((value - mean) ** 2 for value in values) / (len(values) - 1)
    half = student(count - 1) * sqrt(variance / count)
    return Estimate(mean, mean - half, mean + half)


_STUDENT = (
    *(12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622, 2.2281),
    *(2.2010, 2.1788, 2.1604, 2.1448, 2.1314, 2.1199, 2.1098, 2.1009, 2.0930, 2.0860),
)


def student(freedom: int) -> float:
    """Return the 97.5 % point of Student's t; the error is below 0.001.

    Beyond the table it is the expansion around the normal distribution: M. Abramowitz and
    I. Stegun, "Handbook of Mathematical Functions", 26.7.5.
    """
    if freedom <= len(_STUDENT):
        return _STUDENT[freedom - 1]
    z = 1.959964
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    return z + first / freedom + second / freedom**2


def table(rows: Sequence[Row]) -> str:
    """Return the rows as text."""
    head = ("scheduler", "slowdown", "95 %", f"against {REFERENCE}", "95 %", "wait s", "used")
    lines = [head]
    for row in rows:
        other = row.scheduler != REFERENCE
        lines.append(
            (
                row.scheduler,
                f"{row.slowdown.mean:.1f}",
                limits(row.slowdown),
                f"{row.difference.mean:+.1f}" if other else "",
                limits(row.difference) if other else "",
                f"{row.mean_wait:.0f}",
                f"{row.utilisation:.1%}",
            )
        )
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if place == 0 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in lines
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the comparison; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="compare.py", description="Compare schedulers on the held-out part of a trace."
    )
    parser.add_argument("trace", type=Path, nargs="?", default=TRACE, help=".swf or .swf.gz")
    parser.add_argument("--jobs", type=int, default=LENGTH, help="per window (%(default)s)")
    parser.add_argument("--windows", type=int, default=50, help="default %(default)s")
    parser.add_argument("--seed", type=int, default=0, help="of all draws (%(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    given = parser.parse_args(arguments)
    for name, least in (("jobs", 1), ("windows", 1), ("seed", 0)):
        if getattr(given, name) < least:
            return _failed(f"--{name} must be {least} or more, not {getattr(given, name)}")
    try:
        trace = read(given.trace)
        processors = machine_size(trace)
        jobs, counts = usable(trace, processors)
        windows = evaluation_windows(jobs, given.jobs, given.windows, given.seed)
        independent = min(given.windows, independent_windows(jobs, given.jobs))
        rows = compare(windows, processors, independent, given.seed)
    except (SwfError, WindowError, ClusterError) as error:
        return _failed(str(error))
    if given.json:
        document = {
            "trace": str(given.trace),
            "processors": processors,
            "jobs": len(jobs),
            "left_out": dict(counts.left_out),
            "noted": dict(counts.noted),
            "window": given.jobs,
            "windows": given.windows,
            "independent_windows": independent,
            "results": [asdict(row) for row in rows],
        }
        print(json.dumps(document, indent=2, allow_nan=False))
        return 0
    print(f"{given.trace}: {len(jobs)} jobs, {processors} processors")
    for title, reasons in (("left out", counts.left_out), ("noted", counts.noted)):
        for reason, count in sorted(reasons.items()):
            print(f"{title}: {count} x {reason}")
    print(f"{given.windows} windows of {given.jobs} jobs from the last part of the trace")
    if independent < given.windows:
        print(f"they overlap; the intervals count {independent} of them as independent")
    print()
    print(table(rows))
    return 0


def limits(found: Estimate) -> str:
    """Return an interval as text."""
    if found.low is None or found.high is None:
        return "unknown"
    return f"[{found.low:.1f}, {found.high:.1f}]"


def _failed(fault: str) -> int:
    print(f"compare.py: {fault}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
