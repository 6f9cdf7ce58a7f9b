"""The jobs of a random factory: products with a route each, and orders for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rlsys_jobshop.instances.plant import MachineType
from rlsys_jobshop.problem import Job, Mode, Operation

MEDIAN_MINUTES, LOG_DEVIATION = 75.0, 0.7
SHORTEST, LONGEST = 10.0, 600.0
LOT = (0.5, 1.5)
"""Size of an order, relative to the usual one."""
ORDERS_PER_PRODUCT = 5
FEWEST_PRODUCTS = 3
NOT_INTERRUPTIBLE = 0.15
"""Probability for operations that fit into every window of their machines."""
IMPORTANT = 0.2
LOAD = 1.2
"""Work that arrives per minute, relative to the capacity."""
BACKLOG = 0.4
"""Probability that an order is there at time 0."""
SLACK = (1.0, 3.5)
"""Time from release to due date, relative to the time that the job alone would take."""
SETUP_ALLOWANCE = 10.0
"""Minutes per operation that load and due dates allow for setups."""
TWO_MACHINES = 0.03
"""Share of the operations that need two machines, rounded up."""
HOUR = 60


@dataclass(frozen=True)
class _Product:
    route: tuple[int, ...]
    minutes: tuple[float, ...]
    family: int


def draw_jobs(
    plant: Sequence[MachineType],
    jobs: int,
    operations: tuple[int, int],
    families: int,
    generator: np.random.Generator,
) -> tuple[Job, ...]:
    """Return the jobs; their numbers say nothing about when they arrive."""
    products = [
        _draw_product(plant, operations, families, generator)
        for _ in range(max(FEWEST_PRODUCTS, jobs // ORDERS_PER_PRODUCT))
    ]
    orders = [products[choice] for choice in generator.integers(len(products), size=jobs)]
    lots = generator.uniform(*LOT, size=jobs)
    minutes = [np.array(p.minutes) * lot for p, lot in zip(orders, lots, strict=True)]
    work = sum(float((m + SETUP_ALLOWANCE).sum()) for m in minutes)
    period = work / LOAD / sum(kind.capacity for kind in plant)
    arrival = generator.uniform(0, period, size=jobs) * (generator.random(jobs) >= BACKLOG)
    release = arrival.astype(np.int64) // HOUR * HOUR
    important = generator.random(jobs) < IMPORTANT
    slack = generator.uniform(*SLACK, size=jobs)
    partners = [_partner(plant, kind) for kind in range(len(plant))]
    double = _draw_double(partners, orders, generator)
    made = []
    for job, product in enumerate(orders):
        share = np.array([plant[kind].shift.open_share for kind in product.route])
        alone = ((minutes[job] + SETUP_ALLOWANCE) / share).sum()
        made.append(
            Job(
                operations=tuple(
                    _operation(
                        plant[kind],
                        partners[kind] if (job, position) in double else None,
                        float(minutes[job][position]),
                        product.family,
                        generator,
                    )
                    for position, kind in enumerate(product.route)
                ),
                release=int(release[job]),
                due=int(release[job] + np.ceil(slack[job] * alone)),
                important=bool(important[job]),
                name=f"order-{job:04d}",
            )
        )
    return tuple(made)


def _draw_product(
    plant: Sequence[MachineType],
    operations: tuple[int, int],
    families: int,
    generator: np.random.Generator,
) -> _Product:
    """Return a product; types are drawn by their capacity, never the same twice in a row."""
    capacity = np.array([kind.capacity for kind in plant])
    route: list[int] = []
    for _ in range(int(generator.integers(*operations, endpoint=True))):
        weights = capacity.copy()
        if route:
            weights[route[-1]] = 0.0
        route.append(int(generator.choice(len(plant), p=weights / weights.sum())))
    minutes = generator.lognormal(np.log(MEDIAN_MINUTES), LOG_DEVIATION, size=len(route))
    return _Product(
        route=tuple(route),
        minutes=tuple(np.clip(minutes, SHORTEST, LONGEST).tolist()),
        family=int(generator.integers(families)),
    )


def _draw_double(
    partners: Sequence[MachineType | None],
    orders: Sequence[_Product],
    generator: np.random.Generator,
) -> set[tuple[int, int]]:
    """Return which operations, by job and position, need two machines at once."""
    places = [
        (job, position)
        for job, product in enumerate(orders)
        for position, kind in enumerate(product.route)
        if partners[kind] is not None
    ]
    count = int(np.ceil(TWO_MACHINES * sum(len(product.route) for product in orders)))
    chosen = generator.permutation(len(places))[:count]
    return {places[index] for index in chosen}


def _partner(plant: Sequence[MachineType], kind: int) -> MachineType | None:
    """Return the smallest other type of the same shift: the one that lends its machines."""
    others = [t for n, t in enumerate(plant) if n != kind and t.shift == plant[kind].shift]
    return min(others, key=lambda other: len(other.machines), default=None)


def _operation(
    kind: MachineType,
    partner: MachineType | None,
    minutes: float,
    family: int,
    generator: np.random.Generator,
) -> Operation:
    beside = [(machine,) for machine in partner.machines] if partner else [()]
    modes = tuple(
        Mode(max(1, round(minutes * pace)), (machine, *other))
        for machine, pace in zip(kind.machines, kind.pace, strict=True)
        for other in beside
    )
    fits = max(mode.duration for mode in modes) <= kind.shift.shortest
    return Operation(
        modes=modes,
        interruptible=not (fits and generator.random() < NOT_INTERRUPTIBLE),
        family=family,
    )
