"""How the whole numbers of an instance map to dates on a wall clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from rlsys.errors import UserError

Unit = Literal["second", "minute", "hour"]
SECONDS: dict[Unit, int] = {"second": 1, "minute": 60, "hour": 3600}


@dataclass(frozen=True)
class Clock:
    """Time 0 is `start`; one unit of time is a second, a minute or an hour.

    Units are elapsed time, so a night in which the clocks change has 23 or 25 hours.

    Attributes:
        start: with a time zone.
        unit: length of one unit.
        zone: IANA name of the zone in which working hours and dates are given.
    """

    start: datetime
    unit: Unit
    zone: str

    def __post_init__(self) -> None:
        if self.start.tzinfo is None:
            raise UserError(f"the start {self.start.isoformat()} has no time zone; give one")

    def time_of(self, moment: datetime, *, up: bool = False) -> int:
        """Return the time of `moment`, rounded down to whole units, or up.

        Args:
            moment: without a zone of its own it is in the clock's zone.
            up: whether to round up.
        """
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=ZoneInfo(self.zone))
        seconds = (moment.astimezone(UTC) - self.start.astimezone(UTC)).total_seconds()
        units = seconds / SECONDS[self.unit]
        return int(-(-units // 1)) if up else int(units // 1)

    def reaches(self, time: int) -> bool:
        """Return whether a time has a date: Python's dates end with the year 9999."""
        try:
            self.moment_of(time)
        except OverflowError:
            return False
        return True

    def moment_of(self, time: int) -> datetime:
        """Return the date of a time, in the clock's zone.

        Raises:
            OverflowError: it lies after the year 9999.
        """
        moment = self.start.astimezone(UTC) + timedelta(seconds=time * SECONDS[self.unit])
        return moment.astimezone(ZoneInfo(self.zone))
