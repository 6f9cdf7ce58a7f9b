"""Open time of a calendar: how much lies between two moments, and when work ends."""

from __future__ import annotations

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


def has_room(calendar: Calendar, begin: int, work: int, interruptible: bool) -> bool:
    """Return whether `work` fits into the open time from `begin` on.

    Without a duration a moment suffices at which a window is open or just closes.
    """
    left = calendar.closes - np.maximum(calendar.opens, begin)
    if work == 0:
        return bool((left >= 0).any())
    most = np.maximum(left, 0).sum() if interruptible else left.max()
    return bool(most >= work)
