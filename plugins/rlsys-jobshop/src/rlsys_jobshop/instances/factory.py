"""Random factories with a real one's rules, in the sizes of the curriculum.

The distribution, in minutes of working time unless said otherwise:

- Machine types have one machine or more. On a third of the types durations differ by machine,
  from 0.85 to 1.2 times the usual one.
- Half of the types work in two shifts, a quarter each in the day shift and in three shifts, Monday
  to Friday, with breaks and holidays, in the time zone Europe/Berlin. Time 0 is 6:00 on a Monday of
  2026. Calendars are long enough for twice the time that it takes to do everything in turn.
- Six types of ten need setups of 5 to 40 minutes between families, about a fifth of a usual
  duration. In each of their tables one change takes up to 120 minutes, longer than two others that
  do the same; one in five needs 5 minutes even within a family.
- Jobs are orders for products. A product has a route through the types (drawn by their capacity),
  durations (log-normal, median 75, clipped to 10 to 600), and a setup family. The size of an order
  multiplies its durations by 0.5 to 1.5.
- Each operation may run on any machine of its type. 3 % need a machine of another type as well.
  15 % of those that fit between any two breaks may not be interrupted; all others may.
- Of the orders, 40 % are there at time 0. The others arrive, at full hours, over the time in which
  the plant could do five sixths of all work. An order is due 1 to 3.5 times as long after its
  release as it would take alone at the hours of its machines. A fifth is important.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from rlsys.errors import UserError, did_you_mean
from rlsys_jobshop.instances.arguments import check_number, check_range
from rlsys_jobshop.instances.hours import calendars
from rlsys_jobshop.instances.orders import draw_jobs
from rlsys_jobshop.instances.plant import MachineType, draw_plant
from rlsys_jobshop.problem import Clock, Description, Job, Machine, Operation

ZONE = "Europe/Berlin"
FIRST_MONDAY = datetime(2026, 1, 5, 6, tzinfo=ZoneInfo(ZONE))
READY = 0.7
"""Probability that a machine is set up for some family at time 0."""


@dataclass(frozen=True)
class FactorySize:
    """How large a random factory is.

    Attributes:
        types: machine types, at least 2.
        machines: machines of all types together, at least one of each.
        jobs: how many.
        operations: least and most operations of a job; uniform.
        families: setup families, at least 3.

    Raises:
        UserError: a number is not allowed.
    """

    types: int
    machines: int
    jobs: int
    operations: tuple[int, int]
    families: int

    def __post_init__(self) -> None:
        check_number("jobs", self.jobs, least=1)
        check_number("types", self.types, least=2, most=self.machines)
        check_range("operations", *self.operations, least=1)
        check_number("families", self.families, least=3)


FACTORY_SIZES: Mapping[str, FactorySize] = {
    "toy": FactorySize(types=2, machines=2, jobs=5, operations=(2, 4), families=3),
    "medium": FactorySize(types=4, machines=10, jobs=40, operations=(3, 7), families=4),
    "scaled": FactorySize(types=12, machines=40, jobs=172, operations=(3, 8), families=5),
    "full": FactorySize(types=42, machines=152, jobs=500, operations=(3, 9), families=6),
}
"""The stages of the curriculum."""


def factory(size: str | FactorySize, generator: np.random.Generator) -> Description:
    """Return a random factory with its orders; the module says how it is drawn.

    Args:
        size: a name in `FACTORY_SIZES`, or a size of your own.
        generator: what to draw from; its state moves on.

    Raises:
        UserError: there is no such size.
    """
    name = size if isinstance(size, str) else "factory"
    if isinstance(size, str):
        if size not in FACTORY_SIZES:
            hint = did_you_mean(size, FACTORY_SIZES)
            raise UserError(f"size: there is no factory size {size!r}{hint}")
        size = FACTORY_SIZES[size]
    clock = Clock(FIRST_MONDAY + timedelta(weeks=int(generator.integers(52))), "minute", ZONE)
    plant = draw_plant(size.types, size.machines, size.families, generator)
    jobs = draw_jobs(plant, size.jobs, size.operations, size.families, generator)
    return Description(
        name=name,
        jobs=jobs,
        machines=_machines(plant, jobs, clock, size.families, generator),
        types=tuple(f"type-{number:02d}" for number in range(size.types)),
        families=tuple(f"family-{number}" for number in range(size.families)),
        setups=tuple(kind.setups for kind in plant if kind.setups is not None),
        clock=clock,
    )


def _machines(
    plant: Sequence[MachineType],
    jobs: Sequence[Job],
    clock: Clock,
    families: int,
    generator: np.random.Generator,
) -> tuple[Machine, ...]:
    last_release = max(job.release for job in jobs)
    hours = calendars({kind.shift for kind in plant}, clock, last_release, 2 * _serial(plant, jobs))
    machines = []
    table = 0
    for number, kind in enumerate(plant):
        for position in range(len(kind.machines)):
            ready = kind.setups is not None and generator.random() < READY
            machines.append(
                Machine(
                    calendar=hours[kind.shift],
                    type=number,
                    setups=None if kind.setups is None else table,
                    family=int(generator.integers(families)) if ready else None,
                    name=f"type-{number:02d}-{position + 1}",
                )
            )
        table += kind.setups is not None
    return tuple(machines)


def _serial(plant: Sequence[MachineType], jobs: Sequence[Job]) -> int:
    """Return the open time that suffices to do all operations in turn, each after a setup.

    One that may not be interrupted fits into every window, so it wastes less than itself.
    """
    tables = [kind.setups for kind in plant if kind.setups is not None]
    setup = max(max(max(row) for row in (*table.between, table.first)) for table in tables)
    operations = [operation for job in jobs for operation in job.operations]
    return sum(_longest(operation) + 2 * setup for operation in operations)


def _longest(operation: Operation) -> int:
    longest = max(mode.duration for mode in operation.modes)
    return longest if operation.interruptible else 2 * longest
