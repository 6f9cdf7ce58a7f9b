"""Writes synthetic traces after the model of Lublin and Feitelson, so that there is one to ship.

    python workload.py --jobs 3000 --processors 256 --load 0.9 --seed 1 --out trace.swf

U. Lublin and D. G. Feitelson, "The workload on parallel supercomputers: modeling the
characteristics of rigid jobs", Journal of Parallel and Distributed Computing 63(11), 2003. The
numbers below are their parameters for batch jobs, from their program of 1999 (``m_lublin99.c`` in
the Parallel Workloads Archive):

* **size**: a part of the jobs is serial, another part takes a power of two, and the logarithm of
  the size comes from two uniform distributions.
* **run time**: its logarithm comes from one of two gamma distributions; the larger the job, the
  more often from the one with the longer run times.
* **arrivals**: the logarithm of the time between two jobs is gamma distributed, and this time
  passes faster by day than at night.

What differs from their program:

* Only batch jobs; their model adds interactive ones.
* The times between arrivals are all multiplied by one number, chosen so that the cluster has the
  load that was asked for. The daily cycle stays.
* The daily cycle changes the speed of time continuously. Their program pays for half hours one
  after another and carries a remainder, which means the same.
* Their model has no requested times. Here users ask for the run time divided by a number drawn
  uniformly from 0..1 (Mu'alem and Feitelson, IEEE TPDS 12(6), 2001, found such ratios to be spread
  evenly) and then round up to a usual limit (D. Tsafrir, Y. Etsion and D. G. Feitelson, JSSPP 2005,
  found few different ones). So no job overruns its requested time.
* There are no users, no weekends and no failures.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from math import exp, lgamma, log, log2
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from swf import Comment, Record, SwfError, Trace, write

Values = NDArray[np.float64]

SERIAL, POWER_OF_TWO = 0.2927, 0.6686
"""Parts of the jobs that are serial, and that take a power of two."""
SMALLEST_LOG, STEP, SMALL_PART = 1.2, 2.0, 0.875
"""log2 of the smallest parallel job; from the bend to the largest; part of jobs below the bend."""
SHORT_SHAPE, SHORT_SCALE = 6.57, 0.823
LONG_SHAPE, LONG_SCALE = 639.1, 0.0156
SHORT_SLOPE, SHORT_PART = -0.003, 0.6986
"""Part of the shorter run times: SHORT_PART + SHORT_SLOPE x processors, kept in 0..1."""
MOST_LOG_RUN = 12.0
GAP_SHAPE, GAP_SCALE = 6.0415 * 1.0519, 0.8531
"""The shape is that of the rush hours, times their ratio of all hours to the rush hours."""
MOST_LOG_GAP = 13.0
CYCLE_SHAPE, CYCLE_SCALE = 6.1271, 5.2740
HALF_HOURS, HALF_HOUR, DAY_START = 48, 1800, 11
"""The day of the cycle starts with half hour 11, at 5 in the morning."""

LIMITS = np.array(
    [300, 600, 900, 1800, *(hours * 3600 for hours in (1, 2, 3, 4, 6, 8, 12, 18, 24, 36, 48))],
    dtype=np.float64,
)
"""Requested times that users pick; the longest run time is below the last."""


def trace(jobs: int, processors: int, load: float, seed: int, command: str = "") -> Trace:
    """Return a synthetic trace.

    Args:
        jobs: number of jobs, 2 or more.
        processors: of the cluster, 8 or more.
        load: processor seconds that the jobs need / those that there are until the last arrival.
        seed: of all draws.
        command: that wrote it, for the header.
    """
    rng = np.random.default_rng(seed)
    sizes = draw_sizes(rng, jobs, processors)
    runs = draw_runs(rng, sizes)
    requested = draw_requests(rng, runs)
    gaps = _capped_exp_gamma(rng, np.full(jobs, GAP_SHAPE), np.full(jobs, GAP_SCALE), MOST_LOG_GAP)
    gaps[0] = 0.0
    gaps *= float((sizes * runs).sum()) / (load * processors * gaps.sum())
    submits = at_times_of_day(np.cumsum(gaps))
    submits = np.floor(submits - submits[0])
    records = tuple(
        Record(
            job_number=number,
            submit_time=float(submits[number - 1]),
            run_time=float(runs[number - 1]),
            allocated_processors=int(sizes[number - 1]),
            requested_processors=int(sizes[number - 1]),
            requested_time=float(requested[number - 1]),
            status=1,
        )
        for number in range(1, jobs + 1)
    )
    comments = (
        Comment("Version", "2.2"),
        Comment("Computer", f"none; synthetic trace for {processors} processors"),
        Comment("Information", "model of Lublin and Feitelson, JPDC 63(11), 2003; batch jobs"),
        Comment("MaxJobs", str(jobs)),
        Comment("MaxRecords", str(jobs)),
        Comment("Preemption", "No"),
        Comment("MaxProcs", str(processors)),
        Comment("MaxRuntime", str(int(LIMITS[-1]))),
        Comment("AllowOveruse", "No"),
        Comment("Note", f"load {load:g} until the last arrival"),
        *([Comment("Note", f"written by: {command}")] if command else []),
    )
    return Trace(comments, records)


def draw_sizes(rng: np.random.Generator, jobs: int, processors: int) -> NDArray[np.int64]:
    """Return the processors of every job, (jobs,)."""
    kind = rng.random(jobs)
    low = rng.random(jobs) < SMALL_PART
    part = rng.random(jobs)
    largest = log2(processors)
    bend = largest - STEP
    logs = np.where(
        low, SMALLEST_LOG + part * (bend - SMALLEST_LOG), bend + part * (largest - bend)
    )
    logs = np.where(kind < SERIAL + POWER_OF_TWO, np.floor(logs + 0.5), logs)
    sizes = np.minimum(np.floor(2.0**logs + 0.5), processors)
    return np.where(kind < SERIAL, 1, sizes).astype(np.int64)


def draw_runs(rng: np.random.Generator, sizes: NDArray[np.int64]) -> Values:
    """Return the run time of every job in whole seconds, (jobs,)."""
    part = np.clip(SHORT_PART + SHORT_SLOPE * sizes, 0.0, 1.0)
    short = rng.random(len(sizes)) < part
    shapes = np.where(short, SHORT_SHAPE, LONG_SHAPE)
    scales = np.where(short, SHORT_SCALE, LONG_SCALE)
    return np.floor(_capped_exp_gamma(rng, shapes, scales, MOST_LOG_RUN))


def draw_requests(rng: np.random.Generator, runs: Values) -> Values:
    """Return the requested time of every job, never below its run time, (jobs,)."""
    wished = np.minimum(runs / np.maximum(rng.random(len(runs)), 1e-9), LIMITS[-1])
    chosen: Values = LIMITS[np.searchsorted(LIMITS, wished)]
    return chosen


def at_times_of_day(elapsed: Values) -> Values:
    """Return when so much time has passed on a clock that runs with the daily cycle.

    The clock starts at midnight and gains as much as an even one over a whole day.
    """
    gained = np.concatenate([[0.0], np.cumsum(cycle() * HALF_HOUR)])
    days, rest = np.divmod(elapsed, gained[-1])
    even = np.arange(HALF_HOURS + 1) * float(HALF_HOUR)
    times: Values = days * even[-1] + np.interp(rest, gained, even)
    return times


def cycle() -> Values:
    """Return the arrivals of every half hour of the day from midnight, with mean 1, (48,)."""
    hours = range(DAY_START, DAY_START + HALF_HOURS)
    weights = np.empty(HALF_HOURS)
    for hour in hours:
        weights[(hour - 1) % HALF_HOURS] = gamma_cdf(
            (hour + 0.5) / CYCLE_SCALE, CYCLE_SHAPE
        ) - gamma_cdf((hour - 0.5) / CYCLE_SCALE, CYCLE_SHAPE)
    scaled: Values = weights / weights.mean()
    return scaled


def gamma_cdf(value: float, shape: float) -> float:
    """Return the distribution function of a gamma distribution with scale 1, from its series."""
    term = total = 1.0 / shape
    step = shape
    while term > total * 1e-16:
        step += 1.0
        term *= value / step
        total += term
    return total * exp(shape * log(value) - value - lgamma(shape))


def _capped_exp_gamma(
    rng: np.random.Generator, shapes: Values, scales: Values, most: float
) -> Values:
    """Return exp of gamma draws; a draw above `most` is repeated."""
    logs = rng.gamma(shapes, scales)
    while (high := logs > most).any():
        logs[high] = rng.gamma(shapes[high], scales[high])
    values: Values = np.exp(logs)
    return values


def main(arguments: Sequence[str] | None = None) -> int:
    """Write a trace; return the exit code."""
    parser = argparse.ArgumentParser(prog="workload.py", description="Write a synthetic trace.")
    parser.add_argument("--jobs", type=int, default=3000)
    parser.add_argument("--processors", type=int, default=256)
    parser.add_argument("--load", type=float, default=0.9)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True, help="the .swf or .swf.gz to write")
    given = parser.parse_args(arguments)
    faults = (
        (given.jobs < 2, f"--jobs must be 2 or more, not {given.jobs}"),
        (given.processors < 8, f"--processors must be 8 or more, not {given.processors}"),
        (not 0 < given.load < 100, f"--load must be above 0 and below 100, not {given.load:g}"),
        (given.seed < 0, f"--seed must be 0 or more, not {given.seed}"),
    )
    for is_wrong, fault in faults:
        if is_wrong:
            print(f"workload.py: {fault}", file=sys.stderr)
            return 1
    command = (
        f"python workload.py --jobs {given.jobs} --processors {given.processors} "
        f"--load {given.load:g} --seed {given.seed} --out {given.out.name}"
    )
    try:
        write(trace(given.jobs, given.processors, given.load, given.seed, command), given.out)
    except SwfError as error:
        print(f"workload.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
