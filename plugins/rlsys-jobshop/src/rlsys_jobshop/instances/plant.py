"""The machines of a random factory: types, speeds, shifts and setup times."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rlsys_jobshop.instances.hours import SHIFTS, Shift
from rlsys_jobshop.problem import Setups

SETUP_SHARE = 0.6
"""Of the machine types, rounded up, need setups."""
SETUP_MINUTES = (5, 40)
AFTER_ITSELF = 0.2
"""Probability that a type needs a short setup even between two operations of one family."""
MIXED_SPEEDS = 1 / 3
"""Probability that the machines of a type differ in speed."""
SLOWEST, FASTEST = 1.2, 0.85
"""Durations on machines of mixed speeds, relative to the usual duration."""


@dataclass(frozen=True)
class MachineType:
    """Machines that can do the same operations.

    Attributes:
        machines: their numbers.
        pace: duration on each, relative to the usual one.
        shift: when they work.
        setups: their setup times; None: they need none.
    """

    machines: tuple[int, ...]
    pace: tuple[float, ...]
    shift: Shift
    setups: Setups | None

    @property
    def capacity(self) -> float:
        """Machine minutes of open time per minute, holidays aside."""
        return len(self.machines) * self.shift.open_share


def draw_plant(
    types: int, machines: int, families: int, generator: np.random.Generator
) -> tuple[MachineType, ...]:
    """Return the machine types; machines are numbered type by type.

    Each type has one machine; the others fall on the types with random weights. Shifts take turns,
    so that even few types have different ones.
    """
    weights = generator.gamma(2.0, size=types)
    counts = 1 + generator.multinomial(machines - types, weights / weights.sum())
    with_setups = set(generator.permutation(types)[: int(np.ceil(SETUP_SHARE * types))].tolist())
    plant = []
    first = 0
    for number, count in enumerate(counts.tolist()):
        mixed = generator.random() < MIXED_SPEEDS
        pace = generator.uniform(FASTEST, SLOWEST, size=count) if mixed else np.ones(count)
        plant.append(
            MachineType(
                machines=tuple(range(first, first + count)),
                pace=tuple(pace.tolist()),
                shift=SHIFTS[number % len(SHIFTS)],
                setups=_draw_setups(families, generator) if number in with_setups else None,
            )
        )
        first += count
    return tuple(plant)


def _draw_setups(families: int, generator: np.random.Generator) -> Setups:
    """Return a table in which some change takes longer than two others that do the same.

    Paint shops know it: from black to white needs a cleaning that black, grey, white avoids.
    """
    between = _minutes((families, families), generator)
    np.fill_diagonal(between, 5 if generator.random() < AFTER_ITSELF else 0)
    a, b, c = generator.choice(families, size=3, replace=False)
    between[a, c] = between[a, b] + between[b, c] + _minutes((), generator)
    return Setups(between.tolist(), _minutes((families,), generator).tolist())


def _minutes(
    shape: tuple[int, ...], generator: np.random.Generator
) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    low, high = SETUP_MINUTES
    return 5 * generator.integers(low // 5, high // 5, size=shape, endpoint=True)
