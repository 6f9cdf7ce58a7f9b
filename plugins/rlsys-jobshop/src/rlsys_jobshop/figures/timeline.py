"""What machines do when, beyond the bars of a schedule: work and pauses, setups, closed time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from rlsys_jobshop.problem import FOREVER, Calendar, Schedule

Piece = tuple[int, int]
"""From start to end."""


@dataclass(frozen=True)
class SetupBar:
    """A setup, drawn as late as possible: its last unit of work ends as the operation starts.

    Attributes:
        operation: what the machine is set up for, numbered through.
        pieces: the open time that it takes; a break lies between two of them.
    """

    operation: int
    pieces: list[Piece]


def sequences(schedule: Schedule) -> list[list[int]]:
    """Return the operations of each machine, numbered through, in its order."""
    instance = schedule.instance
    rows: list[list[int]] = [[] for _ in range(instance.machines)]
    for operation in np.lexsort((schedule.rank, schedule.end, schedule.start)).tolist():
        for machine in instance.machines_of(int(schedule.mode[operation])):
            rows[machine].append(operation)
    return rows


def work(schedule: Schedule, operation: int) -> list[Piece]:
    """Return when an operation is worked on; in between, a break interrupts it."""
    instance = schedule.instance
    calendar = instance.calendars[instance.mode_calendar[schedule.mode[operation]]]
    return open_pieces(calendar, int(schedule.start[operation]), int(schedule.end[operation]))


def setups(schedule: Schedule, machine: int, sequence: list[int]) -> Iterator[SetupBar]:
    """Yield the setups of a machine that take time, in its order.

    Args:
        schedule: valid.
        machine: its number.
        sequence: its operations, of `sequences`.
    """
    instance = schedule.instance
    table = instance.setups[instance.machine_setups[machine]]
    calendar = instance.calendars[instance.machine_calendar[machine]]
    state = int(instance.machine_family[machine])
    for operation in sequence:
        family = int(instance.family[operation])
        needed = int(table[state, family])
        state = 1 + family
        if needed:
            start = int(schedule.start[operation])
            yield SetupBar(
                operation, open_pieces(calendar, _before(calendar, start, needed), start)
            )


def open_pieces(calendar: Calendar, start: int, end: int) -> list[Piece]:
    """Return the open time in ``[start, end)``."""
    if start == end:
        return []
    first = int(np.searchsorted(calendar.closes, start, side="right"))
    stop = int(np.searchsorted(calendar.opens, end, side="left"))
    opens = np.maximum(calendar.opens[first:stop], start).tolist()
    closes = np.minimum(calendar.closes[first:stop], end).tolist()
    return list(zip(opens, closes, strict=True))


def closed_pieces(calendar: Calendar, until: int) -> list[Piece]:
    """Return the closed time in ``[0, until)``."""
    begins = [0, *calendar.closes.tolist()]
    ends = [*calendar.opens.tolist(), FOREVER]
    pairs = zip(begins, ends, strict=True)
    return [(begin, min(end, until)) for begin, end in pairs if begin < min(end, until)]


def _before(calendar: Calendar, moment: int, needed: int) -> int:
    """Return the latest time that has `needed` units of open time between it and `moment`."""
    worked = calendar.worked
    window = int(np.searchsorted(calendar.opens, moment, side="left")) - 1
    done = worked[window] + min(moment, int(calendar.closes[window])) - calendar.opens[window]
    wanted = int(done) - needed
    window = int(np.searchsorted(worked, wanted, side="right")) - 1
    return int(calendar.opens[window]) + wanted - int(worked[window])
