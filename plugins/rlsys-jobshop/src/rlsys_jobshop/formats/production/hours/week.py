"""Weekly hours, breaks, holidays and extra openings, as wall-clock times without a zone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any

from pydantic import PlainValidator

from rlsys.errors import did_you_mean

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DAY = 24 * 3600
CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?", re.ASCII)

YEARS = range(1970, 2200)


@dataclass(frozen=True)
class Shift:
    """Hours that begin on a day of the week.

    Attributes:
        day: 0 is Monday.
        begin, end: seconds of wall-clock time from midnight; over midnight, the end is after `DAY`.
    """

    day: int
    begin: int
    end: int


@dataclass(frozen=True)
class Period:
    """A single stretch of wall-clock time."""

    begin: datetime
    end: datetime


@dataclass(frozen=True)
class OpenHours:
    """When a machine is open: `hours` less `breaks` less `holidays`, and `extra` in any case."""

    hours: tuple[Shift, ...] = ()
    breaks: tuple[Shift, ...] = ()
    holidays: tuple[Period, ...] = ()
    extra: tuple[Period, ...] = ()


def shifts(value: Any) -> tuple[Shift, ...]:
    """Return the shifts of ``{mon-fri: ["06:00-14:00", "22:00-06:00"], sat: "06:00-12:00"}``.

    A list without days holds every day.

    Raises:
        ValueError: a day or a time cannot be read, or a day is given twice.
    """
    if isinstance(value, str | list | tuple):
        value = {"daily": value}
    if not isinstance(value, Mapping):
        raise ValueError(f"must map days to hours, such as mon-fri: 06:00-14:00, not {value!r}")
    found: list[Shift] = []
    seen: set[int] = set()
    for key, hours in value.items():
        days = _days(key)
        twice = seen.intersection(days)
        if twice:
            raise ValueError(f"{DAYS[min(twice)]} is given twice")
        seen.update(days)
        given = [] if hours is None else [hours] if isinstance(hours, str) else hours
        if not isinstance(given, list | tuple):
            raise ValueError(f"{key}: must be hours such as 06:00-14:00, not {hours!r}")
        for one in given:
            begin, end = _hours(one)
            found += [Shift(day, begin, end) for day in days]
    return tuple(sorted(found, key=lambda shift: (shift.day, shift.begin, shift.end)))


def period(value: Any) -> Period:
    """Return a day, several days, or a stretch with times of day.

    ``2026-12-24``, ``2026-12-24 to 2026-12-31``, ``2026-12-24 12:00 to 2026-12-27 06:00``,
    ``2026-04-04 06:00 to 12:00``. A last day without a time is included.

    Raises:
        ValueError: it cannot be read, or ends before it begins.
    """
    if not isinstance(value, str):
        raise ValueError(f"must be such as 2026-12-24 or 2026-12-24 to 2026-12-31, not {value!r}")
    first, _, last = (part.strip() for part in re.sub(r"\s+to\s+", "|", value).partition("|"))
    begin, whole_day = _moment(first, None)
    if not last and not whole_day:
        raise ValueError(f"{value!r} has no end; write such as 2026-04-04 06:00 to 12:00")
    end, end_whole = _moment(last, begin.date()) if last else (begin, True)
    end += timedelta(days=end_whole)
    if end <= begin:
        raise ValueError(f"{value!r} ends before it begins")
    return Period(begin, end)


def in_calendar(parse: Any, text: str) -> Any:
    """Return ``parse(text)``, a date.

    Raises:
        ValueError: there is no such date, or it lies centuries away.
    """
    try:
        parsed: date = parse(text)
    except ValueError as error:
        raise ValueError(f"there is no date {text!r}") from error
    if parsed.year not in YEARS:
        raise ValueError(f"{text!r} must lie between {YEARS[0]} and {YEARS[-1]}")
    return parsed


def _days(key: Any) -> list[int]:
    text = str(key).lower().replace(" ", "")
    if text == "daily":
        return list(range(7))
    days: list[int] = []
    for part in text.split(","):
        first, dash, last = part.partition("-")
        begin = _day(first)
        end = _day(last) if dash else begin
        days += [(begin + offset) % 7 for offset in range((end - begin) % 7 + 1)]
    if len(set(days)) < len(days):
        raise ValueError(f"{key!r} has a day twice")
    return days


def _day(text: str) -> int:
    for number, full in enumerate(DAYS):
        if text in (full, full[:3]):
            return number
    known = [day[:3] for day in DAYS] + ["daily"]
    raise ValueError(f"unknown day {text!r}{did_you_mean(text, known)}")


def _hours(value: Any) -> tuple[int, int]:
    parts = re.split(r"\s*[-\u2013]\s*", value.strip()) if isinstance(value, str) else []
    if len(parts) != 2:
        raise ValueError(f"must be hours such as 06:00-14:00, not {value!r}")
    begin, end = _time(parts[0], value), _time(parts[1], value)
    if begin in (end, DAY):
        raise ValueError(f"{value!r} has no length; a whole day is 00:00-24:00")
    return begin, end if end > begin else end + DAY


def _time(text: str, whole: Any) -> int:
    match = CLOCK.fullmatch(text)
    hour, minute, second = (int(part or 0) for part in match.groups()) if match else (99, 0, 0)
    seconds = hour * 3600 + minute * 60 + second
    if minute > 59 or second > 59 or seconds > DAY:
        raise ValueError(f"{text!r} in {whole!r} is not a time of day between 00:00 and 24:00")
    return seconds


def _moment(text: str, day: date | None) -> tuple[datetime, bool]:
    """Return a date and time, and whether it is a whole day."""
    first, _, clock = text.replace("T", " ").partition(" ")
    if day is not None and CLOCK.fullmatch(first) and not clock:
        first, clock = day.isoformat(), first
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", first, re.ASCII):
        raise ValueError(f"{text!r} must be a date such as 2026-12-24 or 2026-12-24 06:00")
    found: date = in_calendar(date.fromisoformat, first)
    midnight = datetime.combine(found, time())
    if not clock:
        return midnight, True
    return midnight + timedelta(seconds=_time(clock.strip(), text)), False


Shifts = Annotated[tuple[Shift, ...], PlainValidator(shifts)]
Stretch = Annotated[Period, PlainValidator(period)]
