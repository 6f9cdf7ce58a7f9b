"""From weekly hours to the windows of a calendar."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from rlsys_jobshop.formats.production.hours.intervals import Interval, difference, union
from rlsys_jobshop.formats.production.hours.wall_clock import instant, posix
from rlsys_jobshop.formats.production.hours.week import DAY, OpenHours, Period, Shift
from rlsys_jobshop.problem import FOREVER, Calendar, Clock
from rlsys_jobshop.problem.clock import SECONDS

WEEK = 7 * DAY


class Opening(NamedTuple):
    """When a machine is open.

    Attributes:
        calendar: all its open time.
        overtime: its extra openings outside of the regular hours; None: there are none.
    """

    calendar: Calendar
    overtime: Calendar | None = None


def opening(given: OpenHours, clock: Clock, until: int) -> Opening:
    """Return when a machine is open.

    Hours less breaks less holidays, and extra openings in any case. Breaks belong to the day on
    which they begin. Windows are shortened to whole units.

    Args:
        given: hours and dates.
        clock: of the instance.
        until: in units; hours are laid out at least up to here. Machines that are open day and
            night stay open for ever.

    Raises:
        UserError: it is never open for a whole unit.
    """
    windows, extra = _windows(given, clock, until)
    if not windows and given.holidays:
        last = instant(max(period.end for period in given.holidays), ZoneInfo(clock.zone))
        after = (last - posix(clock.start) + 3 * WEEK) // SECONDS[clock.unit]
        windows, extra = _windows(given, clock, max(until, after))
    return Opening(Calendar.of(windows), Calendar.of(extra) if extra else None)


def _windows(given: OpenHours, clock: Clock, until: int) -> tuple[list[Interval], list[Interval]]:
    """Return all open time and, of that, the extra openings outside of the regular hours."""
    zone = ZoneInfo(clock.zone)
    first = clock.start.astimezone(zone).date() - timedelta(days=1)
    days = until * SECONDS[clock.unit] // DAY + 3
    never_closes = _weekly(given) == [(0, WEEK)]
    if never_closes:
        dates = [period.end.date() for period in (*given.holidays, *given.extra)]
        days = max([days, *((last - first).days + 2 for last in dates)])
    open_time = union(_laid_out(given.hours, first, days, zone))
    open_time = difference(open_time, union(_laid_out(given.breaks, first, days, zone)))
    open_time = difference(open_time, union(_stretches(given.holidays, zone)))
    extra = union(_stretches(given.extra, zone))
    windows = _in_units(union([*open_time, *extra]), clock)
    # An extra opening that begins or ends within a unit of regular time has no part of that unit.
    overtime = difference(windows, _in_units(open_time, clock)) if extra else []
    if never_closes:
        windows[-1] = (windows[-1][0], FOREVER)
    return windows, overtime


def is_endless(given: OpenHours) -> bool:
    """Whether its hours return every week, so that more of them can be laid out."""
    return bool(_weekly(given))


def _laid_out(shifts: Sequence[Shift], first: date, days: int, zone: ZoneInfo) -> list[Interval]:
    midnights = [datetime.combine(first + timedelta(days=day), time()) for day in range(days)]
    return [
        (
            instant(midnight + timedelta(seconds=shift.begin), zone),
            instant(midnight + timedelta(seconds=shift.end), zone),
        )
        for midnight in midnights
        for shift in shifts
        if shift.day == midnight.weekday()
    ]


def _stretches(periods: Sequence[Period], zone: ZoneInfo) -> list[Interval]:
    return [(instant(period.begin, zone), instant(period.end, zone)) for period in periods]


def _in_units(intervals: Sequence[Interval], clock: Clock) -> list[Interval]:
    """Return the whole units that lie completely in `intervals`, from the start."""
    start, unit = posix(clock.start), SECONDS[clock.unit]
    units = [(-((start - begin) // unit), (end - start) // unit) for begin, end in intervals]
    return [(begin, end) for begin, end in units if begin < end and end > 0]


def _weekly(given: OpenHours) -> list[Interval]:
    """Return the hours less breaks of a week without holidays, in seconds from Monday."""
    hours, breaks = (
        union(
            (
                max(0, shift.day * DAY + shift.begin + offset),
                min(WEEK, shift.day * DAY + shift.end + offset),
            )
            for shift in shifts
            for offset in (-WEEK, 0)
        )
        for shifts in (given.hours, given.breaks)
    )
    return difference(hours, breaks)
