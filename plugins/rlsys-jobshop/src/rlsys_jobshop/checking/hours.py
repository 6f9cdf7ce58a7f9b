"""Open time as the validator counts it: sums over windows, looked up by bisection.

Written from ``docs/plugins/jobshop-model.md`` and shared with nothing else on purpose. Numbers are
Python's own, so a time of any size in a wrong file is compared and never overflows.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import accumulate

from rlsys_jobshop.problem import Calendar


class Hours:
    """Windows of open time, ascending, with closed time between any two."""

    def __init__(self, windows: Sequence[tuple[int, int]]) -> None:
        self.opens = [opens for opens, _ in windows]
        self.closes = [closes for _, closes in windows]
        lengths = [closes - opens for opens, closes in windows]
        self._before = list(accumulate(lengths, initial=0))

    @property
    def total(self) -> int:
        """All open time."""
        return self._before[-1]

    def until(self, time: int) -> int:
        """Return the open time before `time`."""
        window = bisect_right(self.opens, time) - 1
        if window < 0:
            return 0
        return self._before[window] + min(time, self.closes[window]) - self.opens[window]

    def between(self, start: int, end: int) -> int:
        """Return the open time in ``[start, end)``."""
        return self.until(end) - self.until(start)

    def is_open(self, time: int) -> bool:
        """Return whether the unit that begins at `time` is open."""
        window = bisect_right(self.opens, time) - 1
        return window >= 0 and time < self.closes[window]

    def is_open_throughout(self, start: int, end: int) -> bool:
        """Return whether all of ``[start, end)`` is open."""
        return self.between(start, end) == end - start

    def is_open_or_closing(self, time: int) -> bool:
        """Return whether `time` is open, or the moment at which a window closes."""
        window = bisect_right(self.opens, time) - 1
        return window >= 0 and time <= self.closes[window]

    def end_of(self, start: int, work: int) -> int | None:
        """Return the first moment at which `work` > 0 is done; None: the last window is too short.

        Work begins at `start`, or when the next window opens.
        """
        wanted = self.until(start) + work
        if wanted > self.total:
            return None
        window = bisect_left(self._before, wanted) - 1
        return self.opens[window] + wanted - self._before[window]

    def closed_after(self, time: int) -> tuple[int, int | None]:
        """Return the first closed interval that ends after `time`; it may have begun before.

        Its end is None after the last window.
        """
        window = bisect_right(self.opens, time) - 1
        begin = 0 if window < 0 else self.closes[window]
        following = window + 1
        return begin, self.opens[following] if following < len(self.opens) else None


def hours_of(calendar: Calendar) -> Hours:
    """Return the hours of one machine."""
    return Hours(list(zip(calendar.opens.tolist(), calendar.closes.tolist(), strict=True)))


def common_hours(all_hours: Sequence[Hours]) -> Hours:
    """Return the time in which all are open: the steps at which the last opens or one closes."""
    steps: dict[int, int] = {}
    for hours in all_hours:
        for time in hours.opens:
            steps[time] = steps.get(time, 0) + 1
        for time in hours.closes:
            steps[time] = steps.get(time, 0) - 1
    windows: list[tuple[int, int]] = []
    are_open = 0
    opened: int | None = None
    for time in sorted(steps):
        are_open += steps[time]
        if are_open == len(all_hours):
            opened = time if opened is None else opened
        elif opened is not None:
            windows.append((opened, time))
            opened = None
    return Hours(windows)
