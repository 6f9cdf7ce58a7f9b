"""Dates of a schedule, and when the clocks of its zone change: a page must not ask anybody."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from rlsys_jobshop.problem import Clock, Schedule
from rlsys_jobshop.problem.clock import SECONDS

WEEK = timedelta(days=7)
"""Clocks change less often than this."""


def clock_of(schedule: Schedule) -> Clock | None:
    """Return the instance's clock; None if it has none, or if the schedule ends after year 9999."""
    clock = schedule.instance.description.clock
    if clock is None:
        return None
    try:
        clock.moment_of(schedule.makespan)
    except OverflowError:
        return None
    return clock


def offsets(clock: Clock, until: int) -> list[tuple[float, int]]:
    """Return from which times on the wall clock is how many seconds ahead of UTC.

    Args:
        clock: of the instance.
        until: the last time of interest.

    Returns:
        Ascending times in units of the clock, the first one 0.
    """
    zone = ZoneInfo(clock.zone)
    first = clock.start.astimezone(UTC)
    last = first + timedelta(seconds=until * SECONDS[clock.unit])
    found = [(0.0, _offset(first, zone))]
    before = first
    while before < last:
        after = min(before + WEEK, last)
        if _offset(after, zone) != _offset(before, zone):
            change = _change(before, after, zone)
            passed = (change - first).total_seconds() / SECONDS[clock.unit]
            found.append((passed, _offset(change, zone)))
        before = after
    return found


def _change(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """Return the first second with the offset of `after`."""
    low, high = 0, int((after - before).total_seconds())
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(before + timedelta(seconds=middle), zone) == _offset(before, zone):
            low = middle
        else:
            high = middle
    return before + timedelta(seconds=high)


def _offset(moment: datetime, zone: ZoneInfo) -> int:
    shift = moment.astimezone(zone).utcoffset()
    return 0 if shift is None else int(shift.total_seconds())
