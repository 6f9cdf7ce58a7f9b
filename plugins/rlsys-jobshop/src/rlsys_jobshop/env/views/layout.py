"""Which value stands where in a flat view, and between which bounds it lies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from rlsys_jobshop.env.config import DESCRIBED, Flat
from rlsys_jobshop.simulator.features import LIMIT

MACHINES = 152
"""Machines that the view `full` shows."""
GROUPS = 10
"""Groups of machine types that the view `hierarchical` shows."""


@dataclass(frozen=True)
class Value:
    """One number of an observation, with its bounds; both can occur."""

    name: str
    low: float = 0.0
    high: float = LIMIT


WHOLE = (
    Value("progress", high=1.0),
    Value("candidates"),
    Value("time gone", high=1.0),
    Value("unfinished jobs", high=1.0),
    Value("time left"),
    Value("longest job"),
    Value("mean load"),
    Value("late jobs", high=1.0),
    Value("mean slack to the due dates", low=-LIMIT),
)
BUSIEST = Value("largest load")
MACHINE = (Value("free", low=-LIMIT), Value("load"), Value("queue"))
GROUP = (Value("first free", low=-LIMIT), Value("mean load"), Value("largest load"), Value("queue"))
CANDIDATE = (
    Value("start"),
    Value("duration"),
    Value("slack to the bound", low=-LIMIT),
    Value("slack to the due date", low=-LIMIT),
)
URGENCY = (Value("urgency", low=-LIMIT),)


@dataclass(frozen=True)
class Layout:
    """The parts of a flat view, in their order.

    Attributes:
        whole: values about the whole schedule.
        place: values about each place; a place is a machine or a group of machines.
        places: how many there are.
        candidate: values about each of the first `DESCRIBED` candidates.
    """

    whole: tuple[Value, ...]
    place: tuple[Value, ...]
    places: int
    candidate: tuple[Value, ...]

    @property
    def size(self) -> int:
        """Number of values."""
        return len(self.whole) + self.places * len(self.place) + DESCRIBED * len(self.candidate)

    def values(self) -> Iterator[Value]:
        """Yield the values in order; places and candidates are numbered from 0."""
        yield from self.whole
        for label, count, block in (
            ("place", self.places, self.place),
            ("candidate", DESCRIBED, self.candidate),
        ):
            for number in range(count):
                for value in block:
                    yield Value(f"{label} {number}: {value.name}", value.low, value.high)


LAYOUTS: Mapping[Flat, Layout] = {
    "full": Layout(WHOLE, MACHINE, MACHINES, CANDIDATE),
    "hierarchical": Layout((*WHOLE, BUSIEST), GROUP, GROUPS, URGENCY),
    "compressed": Layout((*WHOLE, BUSIEST), (), 0, URGENCY),
}
"""The flat views: 505, 60 and 20 values."""
