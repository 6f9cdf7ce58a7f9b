"""A quick order to start tabu search from: most work remaining among Giffler and Thompson's set.

It is compiled and needs nothing but the arrays of a classic job shop, so that a search with a tenth
of a second spends nearly all of it searching.
"""

from __future__ import annotations

import numpy as np

from rlsys.batched.compiled import kernel
from rlsys_jobshop.search.arrays import Ints
from rlsys_jobshop.search.n6.graph import Shop


def greedy_order(shop: Shop, job_first: Ints) -> Ints:
    """Return the operations in the order in which the rule takes them, (operations,).

    Args:
        shop: the job shop.
        job_first: as in `rlsys_jobshop.problem.Instance`.
    """
    order = np.empty(len(shop.duration) - 1, np.int64)
    free = np.zeros(shop.machine.max() + 1, np.int64)
    ready = np.zeros(len(job_first) - 1, np.int64)
    work = np.add.reduceat(shop.duration[:-1], job_first[:-1])
    _take(shop, job_first, job_first[:-1].copy(), ready, work, free, order)
    return order


@kernel
def _take(
    shop: Shop,
    job_first: Ints,
    following: Ints,
    ready: Ints,
    work: Ints,
    free: Ints,
    order: Ints,
) -> None:
    """Fill `order`.

    Args:
        shop, job_first: as in `greedy_order`.
        following: next operation of each job.
        ready, work: when it can start, and the work left, per job.
        free: when each machine is.
        order: receives the operations.
    """
    jobs = len(ready)
    for place in range(len(order)):
        soonest, contested = 1 << 62, -1
        for job in range(jobs):
            operation = following[job]
            if operation < job_first[job + 1]:
                machine = shop.machine[operation]
                end = max(ready[job], free[machine]) + shop.duration[operation]
                if end < soonest:
                    soonest, contested = end, machine
        chosen = -1
        for job in range(jobs):
            operation = following[job]
            if operation == job_first[job + 1] or shop.machine[operation] != contested:
                continue
            start = max(ready[job], free[contested])
            # An operation without duration may start as late as the soonest end.
            competes = start < soonest or start + shop.duration[operation] == soonest
            if competes and (chosen < 0 or work[job] > work[chosen]):
                chosen = job
        operation = following[chosen]
        end = max(ready[chosen], free[contested]) + shop.duration[operation]
        ready[chosen], free[contested] = end, end
        work[chosen] -= shop.duration[operation]
        following[chosen] += 1
        order[place] = operation
