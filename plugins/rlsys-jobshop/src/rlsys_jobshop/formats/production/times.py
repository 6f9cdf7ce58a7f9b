"""Durations and dates in whole units of an instance."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from rlsys_jobshop.formats.json_text import KeyPath
from rlsys_jobshop.formats.production.hours.wall_clock import EPOCH, exists, instant, posix, zone_of
from rlsys_jobshop.formats.production.source import Source
from rlsys_jobshop.formats.production.values import Amount, Moment
from rlsys_jobshop.problem import Clock
from rlsys_jobshop.problem.build import LONGEST
from rlsys_jobshop.problem.clock import SECONDS


class Times:
    """Converts to units.

    Attributes:
        clock: None if the file has no start.
    """

    def __init__(self, source: Source) -> None:
        """Read zone and start.

        Raises:
            UserError: one of them is missing, or there is no such zone or time.
        """
        self._source = source
        self._seconds = SECONDS[source.problem.unit]
        self.clock = self._clock()

    def _clock(self) -> Clock | None:
        given, source = self._source.problem, self._source
        if given.start is None:
            if given.time_zone is not None:
                raise source.wrong(("time_zone",), "needs `start`, the date of time 0")
            return None
        if given.start.date is None:
            raise source.wrong(("start",), f"must be a date and time, not {given.start.text}")
        if given.time_zone is None:
            raise source.wrong(("start",), "needs `time_zone`, an IANA name such as Europe/Berlin")
        try:
            zone = zone_of(given.time_zone)
        except ValueError as error:
            raise source.wrong(("time_zone",), str(error)) from error
        if given.start.date.tzinfo is None and not exists(given.start.date, zone):
            raise source.wrong(
                ("start",),
                f"clocks in {zone.key} jump over {given.start.text}; choose another time",
            )
        start = EPOCH + timedelta(seconds=_posix(given.start, zone))
        return Clock(start.astimezone(zone), given.unit, zone.key)

    def units(self, amount: Amount, path: KeyPath) -> int:
        """Return a duration in units.

        Raises:
            UserError: it is not a whole number of them.
        """
        units = amount.value / Fraction(self._seconds) if amount.in_seconds else amount.value
        if units != int(units):
            raise self._source.wrong(
                path,
                f"{amount.text!r} is not a whole number of {self._source.problem.unit}s; choose a "
                "smaller unit",
            )
        if units > LONGEST:
            raise self._source.wrong(path, f"{_short(amount.text)} is too long; at most {LONGEST}")
        return int(units)

    def release(self, moment: Moment | None, path: KeyPath) -> int:
        """Return when something is released: no earlier than its date, or at the start.

        Raises:
            UserError: a date without a clock, or a negative number.
        """
        if moment is None:
            return 0
        if moment.units is not None:
            if moment.units < 0:
                raise self._source.wrong(path, f"{moment.units} must be at least 0, the start")
            return self._near(moment.units, path)
        clock = self._needed_clock(moment, path)
        seconds = _posix(moment, ZoneInfo(clock.zone)) - posix(clock.start)
        return max(0, -(-seconds // self._seconds))

    def due(self, moment: Moment | None, path: KeyPath) -> int | None:
        """Return when something is due; a date without a time is due when its day ends.

        Raises:
            UserError: a date without a clock, or before the start.
        """
        if moment is None:
            return None
        if moment.units is not None:
            units = self._near(moment.units, path)
        else:
            clock = self._needed_clock(moment, path)
            end = _posix(moment, ZoneInfo(clock.zone), days=int(moment.whole_day))
            units = (end - posix(clock.start)) // self._seconds
        if units < 0:
            raise self._source.wrong(
                path, f"{moment.text} is before the start; a job that is late already is due at 0"
            )
        return units

    def _near(self, units: int, path: KeyPath) -> int:
        if units > LONGEST:
            raise self._source.wrong(path, f"{_short(str(units))} is too large; at most {LONGEST}")
        return units

    def _needed_clock(self, moment: Moment, path: KeyPath) -> Clock:
        if self.clock is None:
            raise self._source.wrong(
                path, f"the date {moment.text} needs `start` and `time_zone`; or give units"
            )
        return self.clock


def _posix(moment: Moment, zone: ZoneInfo, days: int = 0) -> int:
    """Return the seconds since 1970 of a date, or of the same time some days later."""
    assert moment.date is not None
    if moment.date.tzinfo is not None:
        return posix(moment.date)
    return instant(moment.date + timedelta(days=days), zone)


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:37] + "..."
