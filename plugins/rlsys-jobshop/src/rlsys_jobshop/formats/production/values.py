"""Names, durations and dates as a planner writes them."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Annotated, Any

from pydantic import PlainValidator

from rlsys_jobshop.formats.production.hours.week import in_calendar

SECONDS = {"h": 3600, "hour": 3600, "hours": 3600, "min": 60, "minute": 60, "minutes": 60}
SECONDS |= {"s": 1, "sec": 1, "second": 1, "seconds": 1}
PART = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]+)\s*", re.ASCII)
DATE = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:?\d{2})?)?", re.ASCII)


@dataclass(frozen=True)
class Amount:
    """A duration: units of the instance, or seconds if it was written such as ``2h 30min``."""

    value: int | Fraction
    in_seconds: bool
    text: str


@dataclass(frozen=True)
class Moment:
    """A point in time: units from the start, or a date, a whole day or with a time of day."""

    units: int | None
    date: datetime | None
    whole_day: bool
    text: str


def name(value: Any) -> str:
    """Return a name; a whole number is one, too.

    Raises:
        ValueError: it is none.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        raise ValueError(f"must be a name, not {value!r}; put it in quotes")
    if not value.strip():
        raise ValueError("a name must not be empty")
    if any(unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp") for letter in value):
        raise ValueError(f"{value!r} has a character that cannot stand in a name")
    return value


def amount(value: Any) -> Amount:
    """Return a duration.

    Raises:
        ValueError: it is none.
    """
    units = _whole(value)
    if units is not None and units >= 0:
        return Amount(units, False, str(value))
    if isinstance(value, str):
        text = value.strip().lower()
        parts = PART.findall(text)
        if parts and not PART.sub("", text) and all(unit in SECONDS for _, unit in parts):
            total = sum(Fraction(number) * SECONDS[unit] for number, unit in parts)
            return Amount(Fraction(total), True, value)
    raise ValueError(
        f"must be a whole number of units, at least 0, or a text such as '2h 30min', not {value!r}"
    )


def moment(value: Any) -> Moment:
    """Return a point in time.

    Raises:
        ValueError: it is none.
    """
    units = _whole(value)
    if units is not None:
        return Moment(units, None, False, str(value))
    if isinstance(value, str) and DATE.fullmatch(value.strip()):
        text = value.strip()
        parsed = in_calendar(datetime.fromisoformat, text)
        return Moment(None, parsed, len(text) == 10, text)
    raise ValueError(
        "must be a date such as 2026-03-23 or 2026-03-23T06:00, or a whole number of units, "
        f"not {value!r}"
    )


def _whole(value: Any) -> int | None:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


Name = Annotated[str, PlainValidator(name)]
Duration = Annotated[Amount, PlainValidator(amount)]
Date = Annotated[Moment, PlainValidator(moment)]
