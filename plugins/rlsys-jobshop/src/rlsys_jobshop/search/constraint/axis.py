"""On which axis CP-SAT counts time.

Where all machines share one calendar, time is counted in open units: then no break is left in the
model but for operations that none may interrupt. Otherwise it is the schedule's own time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rlsys_jobshop.problem import Calendar, Instance
from rlsys_jobshop.search.constraint.hours import windows_of, worked_until


@dataclass(frozen=True)
class Axis:
    """Time in the model.

    Attributes:
        instance: the problem.
        shared: the calendar whose open units are counted; None: time itself is.
    """

    instance: Instance
    shared: Calendar | None

    @classmethod
    def of(cls, instance: Instance) -> Axis:
        """Return the axis for an instance."""
        used = set(instance.machine_calendar[instance.mode_machines].tolist())
        # An operation without duration may be done just after closing time or at the next opening:
        # two moments that are one on the axis of open time.
        if used != {0} and len(used) == 1 and instance.duration.all():
            return cls(instance, instance.calendars[used.pop()])
        return cls(instance, None)

    def at(self, time: int) -> int:
        """Return the place of a time on the axis."""
        return time if self.shared is None else worked_until(self.shared, time)

    def time_of(self, place: int) -> int:
        """Return the time at which something ends that ends at `place`."""
        if self.shared is None:
            return place
        window = max(0, int(np.searchsorted(self.shared.worked, place, side="left")) - 1)
        return int(self.shared.opens[window] + place - self.shared.worked[window])

    def calendar(self, number: int) -> Calendar | None:
        """Return a calendar with breaks on this axis, or None if it has none there."""
        calendar = self.instance.calendars[number]
        return None if self.shared is not None or calendar.is_always else calendar

    def has_breaks(self, operation: int, mode: int) -> bool:
        """Return whether breaks can make the operation longer."""
        return (
            self.calendar(int(self.instance.mode_calendar[mode])) is not None
            and bool(self.instance.interruptible[operation])
            and bool(self.instance.duration[mode] > 0)
        )

    def starts(self, operation: int, mode: int, low: int, high: int) -> list[tuple[int, int]]:
        """Return when an operation without breaks inside can start; ``low .. high`` at most."""
        calendar = self.instance.calendars[self.instance.mode_calendar[mode]]
        duration = int(self.instance.duration[mode])
        if self.shared is not None:
            if self.instance.interruptible[operation]:
                return [(low, high)]
            first, last = self.time_of(low), self.time_of(high + duration)
        else:
            first, last = low, high
        found = []
        for window in windows_of(calendar, first, last):
            opens, length = int(calendar.opens[window]), int(calendar.closes[window])
            length -= opens
            begins = opens if self.shared is None else int(calendar.worked[window])
            ends = (max(low, begins), min(high, begins + length - duration))
            if ends[0] <= ends[1]:
                found.append(ends)
        return found
