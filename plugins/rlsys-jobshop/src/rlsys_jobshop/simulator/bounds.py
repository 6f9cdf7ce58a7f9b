"""Cheap lower bounds on what the schedule under construction can still become."""

from __future__ import annotations

from typing import Any

from rlsys.batched.compiled import kernel
from rlsys_jobshop.simulator import batch as arrays
from rlsys_jobshop.simulator.batch import Batch

_NEVER = int(arrays.NEVER)


@kernel
def makespan_bound(batch: Batch, copy: int) -> float:
    """Return a lower bound on the makespan.

    The largest of: the end of what is decided; a job's shortest remaining work after its ready
    time; where no operation has a choice of machines, a machine's remaining work after its last
    operation. With alternative machines the last one assumes an equal share of the work, so then it
    is an estimate.
    """
    own = batch.copies[copy]
    bound = float(own.latest)
    for job in range(own.first_job, own.first_job + own.jobs):
        bound = max(bound, float(batch.jobs[job].ready + batch.jobs[job].work))
    for machine in range(own.first_machine, own.first_machine + own.machines):
        load = batch.machines[machine].load
        if load > 0.0:
            bound = max(bound, batch.machines[machine].free + load)
    return bound


@kernel
def tardiness_of(job: Any, end: int) -> int:
    """Return the weighted tardiness of a job of the batch that ends at `end`."""
    return int(job.weight * max(0, end - job.due)) if job.due < _NEVER else 0


@kernel
def tardiness_bound(batch: Batch, copy: int) -> float:
    """Return a lower bound on the weighted tardiness: each job as if it were alone from now on."""
    own = batch.copies[copy]
    total = 0.0
    for number in range(own.first_job, own.first_job + own.jobs):
        job = batch.jobs[number]
        total += tardiness_of(job, job.ready + job.work)
    return total
