"""Open time of a calendar: how much lies between two moments, and when work ends."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rlsys_jobshop.problem import Calendar


def open_between(calendar: Calendar, begin: int, end: int) -> int:
    """Return how long the calendar is open in ``[begin, end)``."""
    opens, closes = np.maximum(calendar.opens, begin), np.minimum(calendar.closes, end)
    return int(np.maximum(closes - opens, 0).sum())


def end_of_work(calendar: Calendar, start: int, work: int) -> int | None:
    """Return by when the calendar has been open for `work` since `start`; None: never.

    Args:
        calendar: open time.
        start: a time.
        work: at least 1.
    """
    opens = np.maximum(calendar.opens, start)
    done = np.cumsum(np.maximum(calendar.closes - opens, 0))
    window = int(np.searchsorted(done, work))
    if window == len(done):
        return None
    return int(calendar.closes[window] - (done[window] - work))


class Room(NamedTuple):
    """How much work fits into a calendar from some moment on.

    Attributes:
        longest: length of the longest window that is left; 0 if one just closes, negative if none
            is left.
        total: of all windows.
    """

    longest: int
    total: int

    def holds(self, work: int, *, interruptible: bool) -> bool:
        """Return whether `work` fits; without a duration it fits even where a window closes."""
        most = self.total if interruptible and work else self.longest
        return most >= work


def room_after(calendar: Calendar, begin: int) -> Room:
    """Return the room from `begin` on."""
    left = calendar.closes - np.maximum(calendar.opens, begin)
    return Room(int(left.max()), int(np.maximum(left, 0).sum()))
