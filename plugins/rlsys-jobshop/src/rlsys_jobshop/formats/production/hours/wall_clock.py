"""From wall-clock time to elapsed time, in nights in which the clocks change, too."""

from __future__ import annotations

import difflib
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def zone_of(name: str) -> ZoneInfo:
    """Return a time zone.

    Raises:
        ValueError: there is none of that name.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        near = difflib.get_close_matches(name, available_timezones(), n=1)
        hint = f"did you mean {near[0]!r}?" if near else "use an IANA name such as Europe/Berlin"
        raise ValueError(f"there is no time zone {name!r}; {hint}") from error


def posix(moment: datetime) -> int:
    """Return the seconds since 1970 of a date with a zone."""
    return (moment.astimezone(UTC) - EPOCH) // SECOND


def exists(wall: datetime, zone: ZoneInfo) -> bool:
    """Whether clocks ever show the time; they jump over some when they go forward."""
    early, late = _offsets(wall, zone)
    return early >= late


@lru_cache(maxsize=1 << 16)
def instant(wall: datetime, zone: ZoneInfo) -> int:
    """Return the seconds since 1970 at which clocks in `zone` first show the time `wall`, or more.

    A time that clocks show twice is its first occurrence; one that they jump over is the jump. So
    shifts that touch on the clock touch in time, and no machine is open at a time that the clock
    does not allow.
    """
    early, late = _offsets(wall, zone)
    naive = (wall.replace(tzinfo=UTC) - EPOCH) // SECOND
    if early >= late:
        return naive - early // SECOND
    before, after = naive - late // SECOND, naive - early // SECOND
    while after - before > 1:
        middle = (before + after) // 2
        offset = datetime.fromtimestamp(middle, zone).utcoffset()
        before, after = (middle, after) if offset == early else (before, middle)
    return after


def _offsets(wall: datetime, zone: ZoneInfo) -> tuple[timedelta, timedelta]:
    """Return the offsets before and after a change of clocks, or twice the one that holds."""
    early = wall.replace(tzinfo=zone, fold=0).utcoffset()
    late = wall.replace(tzinfo=zone, fold=1).utcoffset()
    assert early is not None
    assert late is not None
    return early, late
