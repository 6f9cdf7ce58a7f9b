"""Weekly hours as windows of elapsed time, also in nights in which the clocks change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlsys.errors import UserError
from rlsys_jobshop.formats.production.hours.opening import opening
from rlsys_jobshop.formats.production.hours.week import OpenHours, period, shifts
from rlsys_jobshop.problem import FOREVER, Calendar, Clock
from rlsys_jobshop.problem.clock import SECONDS

DAY = 24 * 60


def laid_out(
    zone: str,
    start: str,
    hours: Any,
    unit: Any = "minute",
    days: int = 7,
    breaks: Any = (),
    holidays: Any = (),
    extra: Any = (),
) -> list[tuple[int, int]]:
    """Return the windows of the first days."""
    begin = datetime.fromisoformat(start).replace(tzinfo=ZoneInfo(zone))
    spec = OpenHours(
        shifts(hours),
        shifts(breaks),
        tuple(map(period, holidays)),
        tuple(map(period, extra)),
    )
    until = days * DAY * 60 // SECONDS[unit]
    calendar = opening(spec, Clock(begin, unit, zone), until).calendar
    return [window for window in pairs(calendar) if window[0] < until]


def pairs(calendar: Calendar) -> list[tuple[int, int]]:
    return list(zip(calendar.opens.tolist(), calendar.closes.tolist(), strict=True))


def test_a_week_of_day_shifts_with_a_break() -> None:
    windows = laid_out(
        "Europe/Berlin", "2026-03-02T00:00", {"mon-fri": "06:00-14:00"}, breaks=["09:00-09:30"]
    )
    one_day = [(6 * 60, 9 * 60), (9 * 60 + 30, 14 * 60)]
    assert windows == [(day * DAY + a, day * DAY + b) for day in range(5) for a, b in one_day]


def test_a_shift_over_midnight_that_is_running_at_the_start_counts() -> None:
    windows = laid_out("Europe/Berlin", "2026-03-02T00:00", {"sun": "22:00-06:00"}, days=6)
    assert windows == [(0, 6 * 60)]


@pytest.mark.parametrize(
    ("zone", "date", "hours"),
    [
        ("Europe/Berlin", "2026-03-28", 7),
        ("Europe/Berlin", "2026-10-24", 9),
        ("America/St_Johns", "2026-03-07", 7),
        ("America/St_Johns", "2026-10-31", 9),
        ("Australia/Lord_Howe", "2026-04-04", 8.5),
        ("Australia/Lord_Howe", "2026-10-03", 7.5),
        ("Asia/Kolkata", "2026-03-28", 8),
        ("Europe/Berlin", "2026-03-27", 8),
    ],
)
def test_a_night_shift_is_as_long_as_its_night(zone: str, date: str, hours: float) -> None:
    windows = laid_out(zone, f"{date}T12:00", {"daily": "22:00-06:00"}, days=1)
    assert windows[0] == (10 * 60, 10 * 60 + int(hours * 60))


@pytest.mark.parametrize(
    ("date", "end"), [("2026-03-29", 540), ("2026-10-25", 660), ("2026-06-01", 600)]
)
def test_shifts_that_touch_on_the_clock_touch_in_time(date: str, end: int) -> None:
    hours = {"daily": ["00:00-02:30", "02:30-10:00"]}
    windows = laid_out("Europe/Berlin", f"{date}T00:00", hours, days=1)
    assert windows[0] == (0, end)


def test_a_time_that_clocks_jump_over_is_the_jump() -> None:
    midnight = "2026-03-29T00:00"
    assert laid_out("Europe/Berlin", midnight, {"sun": "02:30-06:00"}) == [(120, 300)]
    assert laid_out("Europe/Berlin", midnight, {"sun": "01:00-02:30"}) == [(60, 120)]
    with pytest.raises(UserError, match="empty"):
        laid_out("Europe/Berlin", midnight, {"sun": "02:15-02:45"}, days=3)


def test_a_time_that_clocks_show_twice_is_the_first() -> None:
    midnight = "2026-10-25T00:00"
    assert laid_out("Europe/Berlin", midnight, {"sun": "02:30-06:00"}) == [(150, 420)]
    assert laid_out("Europe/Berlin", midnight, {"sun": "01:00-02:30"}) == [(60, 150)]


@pytest.mark.parametrize(
    ("holiday", "closed"),
    [
        ("2026-03-03", [(DAY, 2 * DAY)]),
        ("2026-03-03 to 2026-03-04", [(DAY, 3 * DAY)]),
        ("2026-03-03 12:00 to 2026-03-04 06:00", [(DAY + 720, 2 * DAY + 360)]),
        ("2026-03-03T12:00 to 13:00", [(DAY + 720, DAY + 780)]),
        ("2026-03-03 to 2026-03-04 06:00", [(DAY, 2 * DAY + 360)]),
    ],
)
def test_holidays_close_whole_days_or_stretches(
    holiday: str, closed: list[tuple[int, int]]
) -> None:
    hours = {"daily": "00:00-24:00"}
    windows = laid_out("Europe/Berlin", "2026-03-02T00:00", hours, holidays=[holiday])
    begin, end = closed[0]
    assert windows == [(0, begin), (end, FOREVER)]


def test_a_machine_that_is_closed_for_months_opens_again() -> None:
    hours, closed = {"wed": "06:00-07:00"}, ["2026-03-02 to 2026-12-31"]
    calendar = laid_out("UTC", "2026-03-02T00:00", hours, days=400, holidays=closed)
    short = laid_out("UTC", "2026-03-02T00:00", hours, days=1, holidays=closed)
    assert calendar[0] == (
        (datetime(2027, 1, 6, 6) - datetime(2026, 3, 2)) // timedelta(minutes=1),
        (datetime(2027, 1, 6, 7) - datetime(2026, 3, 2)) // timedelta(minutes=1),
    )
    assert short == []  # it opens after the days that were asked for, and that is no error


def test_an_extra_opening_holds_on_holidays_and_in_breaks() -> None:
    windows = laid_out(
        "Europe/Berlin",
        "2026-03-02T00:00",
        {"mon": "06:00-14:00"},
        breaks=["09:00-10:00"],
        holidays=["2026-03-02"],
        extra=["2026-03-02 08:00 to 12:00", "2026-03-07"],
    )
    assert windows == [(480, 720), (5 * DAY, 6 * DAY)]


def test_day_and_night_never_closes() -> None:
    hours = {"mon-fri": "00:00-24:00", "sat,sun": ["00:00-12:00", "12:00-24:00"]}
    assert laid_out("Europe/Berlin", "2026-03-02T00:00", hours) == [(0, FOREVER)]
    nights = {"daily": ["22:00-06:00", "06:00-22:00"]}
    assert laid_out("Europe/Berlin", "2026-03-02T05:00", nights) == [(0, FOREVER)]


def test_day_and_night_still_closes_on_a_holiday_in_two_years() -> None:
    hours = {"daily": "00:00-24:00"}
    closed, extra = ["2028-03-01"], ["2028-03-01 06:00 to 07:00"]
    day = (datetime(2028, 3, 1) - datetime(2026, 3, 2)).days * DAY
    windows = laid_out("UTC", "2026-03-02T00:00", hours, days=999, holidays=closed, extra=extra)
    assert windows == [(0, day), (day + 360, day + 420), (day + DAY, FOREVER)]
    few = laid_out("UTC", "2026-03-02T00:00", hours, days=1, holidays=closed, extra=extra)
    assert few == [(0, day)]


def test_half_hours_in_units_of_an_hour_are_lost_only_at_the_ends() -> None:
    hours = {"mon": ["06:30-10:20", "10:20-14:40"]}
    assert laid_out("Asia/Kolkata", "2026-03-02T00:00", hours, unit="hour") == [(7, 14)]
    assert laid_out("Asia/Kolkata", "2026-03-02T00:30", hours, unit="hour") == [(6, 14)]


TIMES = st.integers(0, 23 * 4 + 3).map(lambda quarter: f"{quarter // 4:02}:{quarter % 4 * 15:02}")
SPANS = st.tuples(TIMES, TIMES).filter(lambda pair: pair[0] != pair[1]).map("-".join)
SAFE = TIMES.filter(lambda text: not "00:45" <= text <= "03:45")
SAFE_SPANS = st.tuples(SAFE, SAFE).filter(lambda pair: pair[0] != pair[1]).map("-".join)


@settings(max_examples=40, deadline=None)
@pytest.mark.parametrize(
    ("zone", "start", "spans"),
    [
        ("Europe/Berlin", "2026-03-27T13:07", SPANS),
        ("America/St_Johns", "2026-03-06T23:59", SPANS),
        ("Asia/Kolkata", "2026-03-27T05:30", SPANS),
        ("Europe/Berlin", "2026-10-23T06:00", SAFE_SPANS),
        ("America/St_Johns", "2026-10-30T06:00", SAFE_SPANS),
        ("Australia/Lord_Howe", "2026-04-03T06:00", SAFE_SPANS),
    ],
)
@given(data=st.data())
def test_a_machine_is_open_when_the_clock_on_the_wall_says_so(
    zone: str, start: str, spans: Any, data: Any
) -> None:
    open_at = data.draw(st.lists(spans, min_size=1, max_size=3))
    closed_at = data.draw(st.lists(spans, max_size=2))
    windows: list[tuple[int, int]] = []
    try:
        windows = laid_out(zone, start, open_at, days=4, breaks=closed_at)
    except UserError:
        windows = []
    begin = datetime.fromisoformat(start).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)

    def shown(minute: int) -> str:
        moment = begin + timedelta(minutes=minute)
        return moment.astimezone(ZoneInfo(zone)).strftime("%H:%M")

    def within(clock: str, span: str) -> bool:
        first, last = span.split("-")
        return first <= clock < last if first < last else clock >= first or clock < last

    for minute in range(0, 4 * DAY, 5):
        clock = shown(minute)
        expected = any(within(clock, span) for span in open_at) and not any(
            within(clock, span) for span in closed_at
        )
        assert any(a <= minute < b for a, b in windows) == expected, (minute, clock)


@settings(max_examples=60, deadline=None)
@given(
    unit=st.sampled_from(["second", "minute", "hour"]),
    spans=st.lists(SPANS, min_size=1, max_size=4),
    start=st.datetimes(datetime(2026, 3, 1), datetime(2026, 3, 27)),
)
def test_rounding_never_opens_a_machine_longer(unit: Any, spans: list[str], start: Any) -> None:
    begin = start.replace(microsecond=0).isoformat()
    exact = laid_out("Europe/Berlin", begin, spans, unit="second", days=3)
    try:
        rounded = laid_out("Europe/Berlin", begin, spans, unit=unit, days=3)
    except UserError:
        return
    length = SECONDS[unit]
    for opens, closes in rounded:
        inside = [a for a, b in exact if a <= opens * length and closes * length <= b]
        assert inside or closes == FOREVER


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"mo": "06:00-14:00"}, "unknown day 'mo' .did you mean 'mon'"),
        ({"mon-fri": "6-14"}, "'6' in '6-14' is not a time of day"),
        ({"mon": "06:00-25:00"}, "'25:00' in '06:00-25:00' is not a time of day"),
        ({"mon": "06:60-07:00"}, "'06:60' in '06:60-07:00' is not a time of day"),
        ({"mon": "06:00-06:00"}, "has no length; a whole day is 00:00-24:00"),
        ({"mon": "24:00-06:00"}, "has no length"),
        ({"mon": "06:00"}, "must be hours such as 06:00-14:00, not '06:00'"),
        ({"mon": 8}, "mon: must be hours such as 06:00-14:00, not 8"),
        ({"mon-fri": "06:00-14:00", "wed": "06:00-12:00"}, "wednesday is given twice"),
        (8, "must map days to hours"),
    ],
)
def test_wrong_hours_say_what_is_allowed(value: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        shifts(value)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("2026-02-30", "there is no date '2026-02-30'"),
        ("24.12.2026", "must be a date such as 2026-12-24"),
        ("2026-12-24 to 2026-12-23", "ends before it begins"),
        ("2026-12-24 12:00", "has no end"),
        ("2026-12-24 12:00 to 12:00", "ends before it begins"),
        ("2026-12-24 26:00 to 2026-12-25", "is not a time of day"),
        ("9999-12-31", "must lie between 1970 and 2199"),
        (20261224, "must be such as 2026-12-24"),
    ],
)
def test_wrong_dates_say_what_is_allowed(value: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        period(value)


def overtime(hours: Any, extra: Any, holidays: Any = (), unit: Any = "minute") -> Any:
    """Return the overtime of the week from Monday, 2026-03-02."""
    begin = datetime(2026, 3, 2, tzinfo=ZoneInfo("Europe/Berlin"))
    spec = OpenHours(shifts(hours), (), tuple(map(period, holidays)), tuple(map(period, extra)))
    found = opening(spec, Clock(begin, unit, "Europe/Berlin"), 7 * DAY).overtime
    return None if found is None else pairs(found)


@pytest.mark.parametrize(
    ("extra", "holidays", "expected"),
    [
        ((), (), None),
        (["2026-03-07 06:00 to 12:00"], (), [(5 * DAY + 360, 5 * DAY + 720)]),  # a Saturday
        (["2026-03-02 12:00 to 16:00"], (), [(840, 960)]),  # the shift ends at 14:00
        (["2026-03-02 08:00 to 10:00"], (), None),  # within the shift
        (["2026-03-02 08:00 to 10:00"], ["2026-03-02"], [(480, 600)]),
    ],
)
def test_extra_openings_beyond_the_regular_hours_are_overtime(
    extra: Any, holidays: Any, expected: Any
) -> None:
    assert overtime({"mon-fri": "06:00-14:00"}, extra, holidays) == expected


def test_a_machine_that_never_closes_does_no_overtime_but_on_holidays() -> None:
    assert overtime("00:00-24:00", ["2026-03-03 06:00 to 12:00"]) is None
    assert overtime("00:00-24:00", ["2026-03-03 06:00 to 12:00"], ["2026-03-03"]) == [
        (DAY + 360, DAY + 720)
    ]
