"""Giffler and Thompson's dispatcher for classic job shops, in a few lines of plain Python."""

from __future__ import annotations

import math
from dataclasses import dataclass

from rlsys_jobshop.problem import FOREVER


@dataclass
class Waiting:
    """The next operation of a job."""

    job: int
    duration: int
    start: int
    end: int
    ready: int
    work: int
    operations: int
    due: int | None
    weight: int


def plain_schedule(instance, priority):
    """Start of each operation, job by job, if the candidate with the lowest priority goes first.

    Args:
        instance: a classic job shop.
        priority: from a candidate and all of them to a number, or several to compare in turn.
    """
    jobs = [
        [
            (instance.machines_of(int(instance.mode_first[o]))[0], int(instance.duration[o]))
            for o in range(instance.job_first[job], instance.job_first[job + 1])
        ]
        for job in range(instance.jobs)
    ]
    free, ready, starts = [0] * instance.machines, [0] * len(jobs), [[] for _ in jobs]
    while any(len(done) < len(job) for done, job in zip(starts, jobs, strict=True)):
        waiting = []
        for number, job in enumerate(jobs):
            left = job[len(starts[number]) :]
            if left:
                machine, duration = left[0]
                start = max(ready[number], free[machine])
                due = int(instance.due[number])
                waiting.append(
                    (
                        machine,
                        Waiting(
                            number,
                            duration,
                            start,
                            start + duration,
                            ready[number],
                            sum(time for _, time in left),
                            len(left),
                            None if due == FOREVER else due,
                            int(instance.weight[number]),
                        ),
                    )
                )
        machine, first = min(waiting, key=lambda one: one[1].end)
        candidates = [w for m, w in waiting if m == machine and (w.start < first.end or w is first)]
        chosen = min(candidates, key=lambda w: (priority(w, candidates), w.end, w.job))
        starts[chosen.job].append(chosen.start)
        ready[chosen.job] = free[machine] = chosen.end
    return [start for job in starts for start in job]


def atc_cost(waiting, candidates):
    """The apparent tardiness cost, negated, as it stands in the paper."""
    mean = sum(w.duration for w in candidates) / len(candidates)
    slack = 0 if waiting.due is None else max(0, waiting.due - waiting.work - waiting.start)
    return -waiting.weight / waiting.duration * math.exp(-slack / (2.0 * mean))


PLAIN = {
    "first-fit": lambda w, _: w.job,
    "importance-due": lambda w, _: (w.weight <= 1, math.inf if w.due is None else w.due),
    "fifo": lambda w, _: w.ready,
    "spt": lambda w, _: w.duration,
    "mwkr": lambda w, _: -w.work,
    "mopnr": lambda w, _: -w.operations,
    "atc": atc_cost,
}
