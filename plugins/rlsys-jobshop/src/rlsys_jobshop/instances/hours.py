"""Working hours of the random factory: one week pattern repeated over years, in a time zone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from rlsys_jobshop.problem import Calendar, Clock

HOLIDAYS = ((1, 1), (5, 1), (10, 3), (12, 24), (12, 25), (12, 26), (12, 31))
"""Month and day on which no shift begins."""
WEEK = 7 * 24 * 60


@dataclass(frozen=True)
class Shift:
    """Working hours from Monday to Friday.

    Attributes:
        name: what a plant calls it.
        windows: open and close in minutes after midnight; after 1440 it is the next day.
    """

    name: str
    windows: tuple[tuple[int, int], ...]

    @property
    def open_share(self) -> float:
        """Which part of a week without holidays is open."""
        return 5 * sum(closes - opens for opens, closes in self.windows) / WEEK

    @property
    def shortest(self) -> int:
        """Length of the shortest window: what always fits between two breaks, in minutes."""
        return min(closes - opens for opens, closes in self.windows)


def _clock_times(*windows: tuple[float, float]) -> tuple[tuple[int, int], ...]:
    return tuple((round(60 * opens), round(60 * closes)) for opens, closes in windows)


DAY = Shift("day shift", _clock_times((7, 9.5), (9.75, 12.5), (13, 15.75)))
TWO = Shift("two shifts", _clock_times((6, 10), (10.5, 18), (18.5, 22)))
THREE = Shift("three shifts", _clock_times((6, 10), (10.5, 18), (18.5, 26), (26.5, 30)))
SHIFTS = (TWO, TWO, DAY, THREE)
"""How often each occurs: half of the machine types work in two shifts."""


def calendars(
    shifts: Iterable[Shift], clock: Clock, begin: int, work: int
) -> dict[Shift, Calendar]:
    """Return the calendar of each shift, long enough for `work` after `begin`.

    All end with the same year: the first in which even the one that is open least has been open
    for `work` minutes.

    Args:
        shifts: which ones are needed.
        clock: its unit is the minute.
        begin: from when on the open time counts.
        work: minutes.
    """
    start = int(clock.start.timestamp()) // 60
    first = clock.moment_of(0).year
    years: dict[Shift, list[NDArray[np.int64]]] = {shift: [] for shift in shifts}
    left = dict.fromkeys(years, work)
    count = 0
    while max(left.values()) > 0:
        for shift in years:
            windows = _year(shift, clock.zone, first + count) - start
            years[shift].append(windows)
            opens, closes = np.maximum(windows, begin).T
            left[shift] -= int((closes - opens).sum())
        count += 1
    return {shift: _joined(np.concatenate(parts)) for shift, parts in years.items()}


def _joined(windows: NDArray[np.int64]) -> Calendar:
    """Return the calendar of windows in order, of which some touch, from time 0 on."""
    opens, closes = np.maximum(windows[windows[:, 1] > 0], 0).T
    apart = opens[1:] > closes[:-1]
    return Calendar(opens[np.append(True, apart)], closes[np.append(apart, True)])


@cache
def _year(shift: Shift, zone: str, year: int) -> NDArray[np.int64]:
    """Return the windows of the shifts that begin in a year, in minutes since 1970 UTC."""
    days = (date(year, 1, 1) + timedelta(days=day) for day in range(366))
    edges = [
        [_minute(day, opens, zone), _minute(day, closes, zone)]
        for day in days
        if day.year == year and day.weekday() < 5 and (day.month, day.day) not in HOLIDAYS
        for opens, closes in shift.windows
    ]
    return np.array(edges, dtype=np.int64)


def _minute(day: date, minute: int, zone: str) -> int:
    local = datetime(day.year, day.month, day.day) + timedelta(minutes=minute)
    return int(local.replace(tzinfo=ZoneInfo(zone)).timestamp()) // 60
