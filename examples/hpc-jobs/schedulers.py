"""The schedulers that a learned one has to beat.

Each is an order of the waiting jobs: the first in this order is chosen. With ``-easy``, jobs may be
backfilled around the chosen one while it waits, tried in the same order. ``easy`` alone is EASY as
it was published: first come, first served, with backfilling.

* ``fcfs``, ``easy``: the oldest job. D. Lifka, JSSPP 1995; A. W. Mu'alem and D. G. Feitelson, IEEE
  TPDS 12(6), 2001.
* ``sjf``: the shortest requested time.
* ``easy-sjbf``: the oldest job, but the shortest are backfilled first. D. Tsafrir, Y. Etsion and
  D. G. Feitelson, IEEE TPDS 18(6), 2007.
* ``wfp3``: the largest (wait / requested)^3 x processors. W. Tang, Z. Lan, N. Desai and
  D. Buettner, "Fault-aware, utility-based job scheduling on Blue Gene/P systems", CLUSTER 2009.
* ``f1``: the smallest log10(requested) x processors + 870 x log10(submit). D. Carastan-Santos and
  R. Y. de Camargo, "Obtaining dynamic scheduling policies with simulation and machine learning",
  SC 2017. They compare with ``wfp3``, too.
* ``random``: any job.

A choice is kept until the job has started (see `cluster`); a rule that would sort again at every
arrival decides differently now and then. Equal jobs go in the order of their arrival.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log10

import numpy as np
from cluster import Job, Order, Policy, Schedule, Simulation, simulate


def fcfs(simulation: Simulation, job: Job) -> float:
    """First come, first served."""
    del simulation
    return job.submit


def sjf(simulation: Simulation, job: Job) -> float:
    """Shortest job first, by requested time."""
    del simulation
    return job.requested


def wfp3(simulation: Simulation, job: Job) -> float:
    """Minus (wait / requested)^3 x processors; a request below 1 s counts as 1 s."""
    wait = simulation.now - job.submit
    ratio = wait / max(job.requested, 1.0)
    return -(ratio**3) * job.processors


def f1(simulation: Simulation, job: Job) -> float:
    """log10(requested) x processors + 870 x log10(submit).

    The submit time counts from the first job of the simulation. Both logarithms start at 1 s.
    """
    submit = job.submit - simulation.jobs[0].submit
    return log10(max(job.requested, 1.0)) * job.processors + 870 * log10(max(submit, 1.0))


def best(order: Order) -> Policy:
    """Return the policy that chooses the first job of an order."""

    def choose(simulation: Simulation) -> int:
        jobs = simulation.jobs
        scores = [order(simulation, jobs[index]) for index in simulation.waiting]
        return scores.index(min(scores))

    return choose


def oldest(simulation: Simulation) -> int:
    """Choose the job that has waited longest."""
    del simulation
    return 0


def random_policy(seed: int) -> Policy:
    """Return a policy that draws; the same seed gives the same draws."""
    rng = np.random.default_rng(seed)
    return lambda simulation: int(rng.integers(len(simulation.waiting)))


@dataclass(frozen=True, slots=True)
class Scheduler:
    """A complete scheduler.

    Attributes:
        name: in tables.
        policy: chooses the next job; None: at random.
        backfill: whether jobs may start before the chosen one.
        order: which jobs are backfilled first; None: the oldest.
    """

    name: str
    policy: Policy | None
    backfill: bool
    order: Order | None = None

    def run(
        self, jobs: Sequence[Job], processors: int, *, seed: int = 0, kill: bool = True
    ) -> Schedule:
        """Simulate these jobs; `seed` is for random choices only."""
        return simulate(
            jobs,
            processors,
            self.policy or random_policy(seed),
            backfill=self.backfill,
            kill=kill,
            order=self.order,
        )


SCHEDULERS = {
    scheduler.name: scheduler
    for scheduler in (
        Scheduler("fcfs", oldest, backfill=False),
        Scheduler("sjf", best(sjf), backfill=False),
        Scheduler("wfp3", best(wfp3), backfill=False),
        Scheduler("f1", best(f1), backfill=False),
        Scheduler("random", None, backfill=False),
        Scheduler("easy", oldest, backfill=True),
        Scheduler("easy-sjbf", oldest, backfill=True, order=sjf),
        Scheduler("sjf-easy", best(sjf), backfill=True, order=sjf),
        Scheduler("wfp3-easy", best(wfp3), backfill=True, order=wfp3),
        Scheduler("f1-easy", best(f1), backfill=True, order=f1),
        Scheduler("random-easy", None, backfill=True),
    )
}
"""Every scheduler by name."""
