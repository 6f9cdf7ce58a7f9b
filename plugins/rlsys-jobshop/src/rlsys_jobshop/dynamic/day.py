"""Draw a day: which jobs of an instance arrive when, what breaks, what is cancelled."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from rlsys_jobshop.dynamic.events import Event, JobArrives, JobCancelled, MachineBreaks
from rlsys_jobshop.dynamic.shop import DynamicShop
from rlsys_jobshop.problem import Instance, Job, build
from rlsys_jobshop.rules import dispatch, rule_named

LAST_BREAKDOWN = 2.0
"""No machine breaks after so many lengths of the day."""


@dataclass(frozen=True)
class Day:
    """A day of the dynamic environment.

    Attributes:
        instance: what is known at time 0.
        events: all after time 0.
    """

    instance: Instance
    events: tuple[Event, ...]


def draw_day(instance: Instance, shop: DynamicShop, ticket: int) -> Day:
    """Return a day; the same for the same arguments.

    Args:
        instance: all jobs of the day, those that will arrive too.
        shop: how eventful it is.
        ticket: a whole number from 0; another one is another day.

    Raises:
        UserError: the calendars of the instance are too short even without events.
    """
    generator = np.random.default_rng([ticket, shop.seed])
    length = max(1, dispatch(instance, rule_named("fifo"))[0].makespan)
    known, arrivals = _split(instance, shop, length, generator)
    morning = build(replace(instance.description, jobs=known))
    events: list[Event] = list(arrivals)
    for machine in range(instance.machines):
        events += _breakdowns(machine, shop, length, generator)
    here = [0] * len(known) + [event.time for event in arrivals]
    for job in np.flatnonzero(generator.random(len(here)) < shop.cancelled).tolist():
        time = int(generator.integers(here[job], here[job] + length)) + 1
        if job:
            events.append(JobCancelled(time, job))
    return Day(morning, tuple(events))


def _split(
    instance: Instance, shop: DynamicShop, length: int, generator: np.random.Generator
) -> tuple[tuple[Job, ...], list[JobArrives]]:
    """Return the jobs that are known at time 0, and the arrivals of the others.

    A job that arrives is released then, and has as long until its due date as it had before.
    """
    jobs = instance.description.jobs
    count = min(int(shop.arriving * len(jobs)), len(jobs) - 1)
    late = sorted(generator.permutation(len(jobs))[:count].tolist())
    mean = shop.last_arrival * length / max(count, 1)
    gaps = np.maximum(np.ceil(generator.exponential(mean, size=count)), 1).astype(np.int64)
    arrivals = []
    for number, time in zip(late, np.cumsum(gaps).tolist(), strict=True):
        job = jobs[number]
        due = None if job.due is None else time + job.due - job.release
        arrivals.append(
            JobArrives(time, replace(job, release=time, due=due, name=job.name or str(number)))
        )
    kept = [number for number in range(len(jobs)) if number not in set(late)]
    return tuple(jobs[number] for number in kept), arrivals


def _breakdowns(
    machine: int, shop: DynamicShop, length: int, generator: np.random.Generator
) -> Iterator[MachineBreaks]:
    """Yield the breakdowns of a machine, which works and is repaired in turn."""
    if not shop.breakdowns:
        return
    time = 0
    while True:
        time += _at_least_one(generator.exponential(length / shop.breakdowns))
        if time > LAST_BREAKDOWN * length:
            return
        until = time + _at_least_one(generator.exponential(shop.repair * length))
        yield MachineBreaks(time, machine, until)
        time = until


def _at_least_one(time: float) -> int:
    return max(1, int(np.ceil(time)))
