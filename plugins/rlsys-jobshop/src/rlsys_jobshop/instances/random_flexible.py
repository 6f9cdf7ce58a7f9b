"""Random job shops with alternative machines, in the manner of Brandimarte and of Hurink."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np

from rlsys.errors import UserError, did_you_mean
from rlsys_jobshop.instances.arguments import check_number, check_range
from rlsys_jobshop.instances.random_classic import random_classic_arrays
from rlsys_jobshop.problem import Description, Instance, Job, Machine, Mode, Operation, build

Hurink = Literal["edata", "rdata", "vdata"]


def random_flexible(
    jobs: int,
    machines: int,
    operations: tuple[int, int],
    alternatives: tuple[int, int],
    spread: float,
    generator: np.random.Generator,
    low: int = 1,
    high: int = 99,
) -> Instance:
    """Return a random flexible job shop whose operations may return to a machine (Brandimarte).

    Args:
        jobs, machines: size, each at least 1.
        operations: least and most operations of a job; uniform.
        alternatives: least and most machines of an operation, a random set of that size; uniform.
        spread: from 0 (an operation takes the same time on each of its machines) to 1 (each
            machine's duration is drawn on its own, as Brandimarte does); in between, a weighted
            mean of the two, rounded.
        generator: what to draw from; its state moves on.
        low, high: durations are whole numbers from `low` to `high`, uniform for spread 0 and 1.

    Raises:
        UserError: a size is below 1, a range is empty, `spread` is not between 0 and 1, or there
            are fewer machines than `alternatives`.
    """
    check_number("jobs", jobs, least=1)
    check_number("machines", machines, least=1)
    check_range("operations", *operations, least=1)
    check_range("alternatives", *alternatives, least=1, most=machines)
    check_range("durations", low, high, least=0)
    if not 0 <= spread <= 1:
        raise UserError(f"spread: {spread} is not allowed; give a number from 0 to 1")
    fewest, most = alternatives
    rows = []
    for _ in range(jobs):
        count = int(generator.integers(*operations, endpoint=True))
        job = []
        for _ in range(count):
            size = int(generator.integers(fewest, most, endpoint=True))
            chosen = generator.choice(machines, size=size, replace=False)
            common = generator.integers(low, high, endpoint=True)
            own = generator.integers(low, high, size=size, endpoint=True)
            times = np.rint((1 - spread) * common + spread * own).astype(np.int64)
            job.append(_operation(chosen.tolist(), times.tolist()))
        rows.append(Job(tuple(job)))
    name = f"random-flexible-{jobs}x{machines}"
    return build(Description(name=name, jobs=tuple(rows), machines=(Machine(),) * machines))


def random_hurink(
    kind: Hurink, jobs: int, machines: int, generator: np.random.Generator
) -> Instance:
    """Return a random classic job shop with further machines for its operations (Hurink).

    An operation takes the same time on all its machines. The number of machines is for

    - ``edata``: 2 with probability 0.15, else 1;
    - ``rdata``: 1, 2 or 3, equally often;
    - ``vdata``: 1 plus a binomial number of the others, half of all machines in the mean.

    These match the shares counted in Hurink's published sets.

    Args:
        kind: how flexible.
        jobs, machines: size, each at least 1.
        generator: what to draw from; its state moves on.

    Raises:
        UserError: a size is below 1, or there is no such kind.
    """
    if kind not in get_args(Hurink):
        raise UserError(f"kind: there is no {kind!r}{did_you_mean(kind, get_args(Hurink))}")
    orders, durations = (a[0] for a in random_classic_arrays(1, jobs, machines, generator))
    further = np.minimum(_further(kind, machines, (jobs, machines), generator), machines - 1)
    rows = []
    for order, times, counts in zip(orders, durations.tolist(), further, strict=True):
        job = []
        for machine, duration, count in zip(order, times, counts, strict=True):
            others = generator.permutation(np.delete(np.arange(machines), machine))[:count]
            chosen = [int(machine), *others.tolist()]
            job.append(_operation(chosen, [duration] * len(chosen)))
        rows.append(Job(tuple(job)))
    name = f"random-{kind}-{jobs}x{machines}"
    return build(Description(name=name, jobs=tuple(rows), machines=(Machine(),) * machines))


def _further(
    kind: Hurink, machines: int, shape: tuple[int, int], generator: np.random.Generator
) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    if kind == "edata":
        return (generator.random(shape) < 0.15).astype(np.int64)
    if kind == "rdata":
        return generator.integers(0, 2, size=shape, endpoint=True)
    share = max(0.0, (machines / 2 - 1) / max(1, machines - 1))
    return generator.binomial(machines - 1, share, size=shape)


def _operation(machines: list[int], durations: list[int]) -> Operation:
    pairs = sorted(zip(machines, durations, strict=True))
    return Operation(tuple(Mode(duration, (machine,)) for machine, duration in pairs))
