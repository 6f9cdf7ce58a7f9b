"""On which axis CP-SAT counts time.

Where all machines share one calendar, time is counted in open units: then no break is left in the
model but for operations that none may interrupt. Otherwise it is the schedule's own time.
"""

from __future__ import annotations

from rlsys_jobshop.problem import Instance
from rlsys_jobshop.search.constraint.hours import Hours


class Axis:
    """Time in the model of an instance.

    Attributes:
        shared: the calendar whose open units are counted; None: time itself is.
    """

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._hours = [
            None if calendar.is_always else Hours(calendar) for calendar in instance.calendars
        ]
        used = set(instance.machine_calendar[instance.mode_machines].tolist())
        # An operation without duration may be done just after closing time or at the next opening:
        # two moments that are one on the axis of open time.
        counts_open_time = len(used) == 1 and bool(instance.duration.all())
        self.shared = self._hours[used.pop()] if counts_open_time else None

    def at(self, time: int) -> int:
        """Return the place of a time on the axis."""
        return time if self.shared is None else self.shared.worked_until(time)

    def time_of(self, place: int) -> int:
        """Return the time at which something ends that ends at `place`."""
        return place if self.shared is None else self.shared.time_of(place)

    def hours(self, calendar: int) -> Hours | None:
        """Return the hours of a calendar that has breaks on this axis; None if it has none."""
        return self._hours[calendar] if self.shared is None else None

    def breaks_in(self, operation: int, mode: int) -> Hours | None:
        """Return the hours whose breaks can make the operation longer; None if none can."""
        if self._instance.interruptible[operation] and self._instance.duration[mode] > 0:
            return self.hours(int(self._instance.mode_calendar[mode]))
        return None

    def starts(self, operation: int, mode: int, low: int, high: int) -> list[tuple[int, int]]:
        """Return when an operation that breaks do not make longer can start in ``low .. high``."""
        hours = self._hours[self._instance.mode_calendar[mode]]
        if hours is None or (self.shared is not None and self._instance.interruptible[operation]):
            return [(low, high)]
        duration = int(self._instance.duration[mode])
        begins = hours.opens if self.shared is None else hours.worked
        near = hours.meeting(self.time_of(low), self.time_of(high + duration))
        found = []
        for window in near:
            length = hours.closes[window] - hours.opens[window]
            first = max(low, begins[window])
            last = min(high, begins[window] + length - duration)
            if first <= last:
                found.append((first, last))
        return found
