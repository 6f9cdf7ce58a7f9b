"""Random classic job shops, in Taillard's distribution."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rlsys_jobshop.instances.arguments import check_number, check_range
from rlsys_jobshop.problem import Description, Instance, Job, Machine, Mode, Operation, build

Ints = NDArray[np.int64]


def random_classic(
    jobs: int, machines: int, generator: np.random.Generator, low: int = 1, high: int = 99
) -> Instance:
    """Return one random instance: each job visits each machine once, in a random order.

    Args:
        jobs, machines: size, each at least 1.
        generator: what to draw from; its state moves on.
        low, high: durations are uniform whole numbers from `low` to `high`, both possible.

    Raises:
        UserError: a size is below 1, or the durations are negative or in the wrong order.
    """
    orders, durations = random_classic_arrays(1, jobs, machines, generator, low, high)
    rows = zip(orders[0].tolist(), durations[0].tolist(), strict=True)
    return build(
        Description(
            name=f"random-{jobs}x{machines}",
            jobs=tuple(
                Job(tuple(Operation((Mode(d, (m,)),)) for m, d in zip(order, times, strict=True)))
                for order, times in rows
            ),
            machines=(Machine(),) * machines,
        )
    )


def random_classic_arrays(
    count: int,
    jobs: int,
    machines: int,
    generator: np.random.Generator,
    low: int = 1,
    high: int = 99,
) -> tuple[Ints, Ints]:
    """Return `count` random instances as arrays, for a batch that needs no `Instance`.

    Returns:
        machine and duration of each operation, int64 (count, jobs, machines) each.

    Raises:
        UserError: as `random_classic`.
    """
    for name, size in (("count", count), ("jobs", jobs), ("machines", machines)):
        check_number(name, size, least=1)
    check_range("durations", low, high, least=0)
    shape = (count, jobs, machines)
    durations = generator.integers(low, high, size=shape, endpoint=True)
    ordered = np.broadcast_to(np.arange(machines, dtype=np.int64), shape)
    return generator.permuted(ordered, axis=2), durations
