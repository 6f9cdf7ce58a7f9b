"""Taillard's published generator of job shops, to the last digit.

Source: E. Taillard, "Benchmarks for basic scheduling problems", European Journal of Operational
Research 64(2), 1993, pages 278 to 285.
"""

from __future__ import annotations

from rlsys_jobshop.instances.arguments import check_number
from rlsys_jobshop.problem import Description, Instance, Job, Machine, Mode, Operation, build

MULTIPLIER = 16807
MODULUS = (1 << 31) - 1
LOW, HIGH = 1, 99


class _Stream:
    """Lehmer's generator: ``x = 16807 x mod (2^31 - 1)``."""

    def __init__(self, seed: int) -> None:
        self._state = seed

    def integer(self, low: int, high: int) -> int:
        """Return a number from `low` to `high`, both possible."""
        self._state = MULTIPLIER * self._state % MODULUS
        return low + self._state * (high - low + 1) // MODULUS


def taillard(jobs: int, machines: int, time_seed: int, machine_seed: int) -> Instance:
    """Return the instance that Taillard's generator draws from two seeds.

    Durations are uniform from 1 to 99, drawn job by job. The machine order of each job is a
    permutation: position i is swapped with one drawn from i to the last.

    Args:
        jobs, machines: size; each job visits each machine once.
        time_seed: of the durations, 1 to 2147483646.
        machine_seed: of the machine orders, 1 to 2147483646.

    Raises:
        UserError: a size is below 1, or a seed is outside its range.
    """
    check_number("jobs", jobs, least=1)
    check_number("machines", machines, least=1)
    check_number("time_seed", time_seed, least=1, most=MODULUS - 1)
    check_number("machine_seed", machine_seed, least=1, most=MODULUS - 1)
    times, orders = _Stream(time_seed), _Stream(machine_seed)
    durations = [[times.integer(LOW, HIGH) for _ in range(machines)] for _ in range(jobs)]
    rows = []
    for job in range(jobs):
        order = list(range(machines))
        for position in range(machines):
            other = orders.integer(position, machines - 1)
            order[position], order[other] = order[other], order[position]
        modes = [Mode(d, (m,)) for m, d in zip(order, durations[job], strict=True)]
        rows.append(Job(tuple(Operation((mode,)) for mode in modes)))
    title = f"taillard-{jobs}x{machines}-{time_seed}-{machine_seed}"
    return build(Description(name=title, jobs=tuple(rows), machines=(Machine(),) * machines))
