"""Working hours of the random factory, read back minute by minute from the wall clock."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlsys_jobshop.instances.hours import DAY, THREE, TWO, calendars
from rlsys_jobshop.problem import Clock

BERLIN = Clock(datetime(2026, 1, 5, 6, tzinfo=ZoneInfo("Europe/Berlin")), "minute", "Europe/Berlin")
WORK = 60 * 24 * 300
HOURS = calendars([DAY, TWO, THREE], BERLIN, begin=10_000, work=WORK)
CLOSED_DAYS = {"01-01", "05-01", "10-03", "12-24", "12-25", "12-26", "12-31"}


def is_shift_day(moment):
    return moment.weekday() < 5 and moment.strftime("%m-%d") not in CLOSED_DAYS


def expected_open(shift, moment):
    """The rules in words: breaks of the day shift at 9:30 and 12:30, of the others every 8 h."""
    time = moment.strftime("%H:%M")
    if shift is DAY:
        hours = [("07:00", "09:30"), ("09:45", "12:30"), ("13:00", "15:45")]
        return is_shift_day(moment) and any(a <= time < b for a, b in hours)
    if any(a <= time < b for a, b in [("10:00", "10:30"), ("18:00", "18:30"), ("02:00", "02:30")]):
        return False
    if shift is TWO:
        return is_shift_day(moment) and "06:00" <= time < "22:00"
    return is_shift_day(moment - timedelta(hours=6))


def is_open(calendar, time):
    window = np.searchsorted(calendar.opens, time, side="right") - 1
    return window >= 0 and time < calendar.closes[window]


@settings(max_examples=400, deadline=None)
@given(st.sampled_from([DAY, TWO, THREE]), st.integers(0, 2 * 365 * 1440))
def test_a_minute_is_open_as_the_wall_clock_says(shift, time):
    """Two years, so four nights in which the clocks change."""
    local = BERLIN.moment_of(time).replace(tzinfo=None)
    assert is_open(HOURS[shift], time) == expected_open(shift, local)


@pytest.mark.parametrize("shift", [DAY, TWO, THREE])
def test_windows_are_apart_and_none_is_shorter_than_promised(shift):
    calendar = HOURS[shift]
    lengths = calendar.closes - calendar.opens
    assert (calendar.opens[1:] > calendar.closes[:-1]).all()
    assert lengths.min() == shift.shortest
    share = lengths.sum() / (calendar.end - calendar.opens[0])
    assert share == pytest.approx(shift.open_share, rel=0.04)


def test_hours_suffice_for_the_work_and_end_together():
    ends = {BERLIN.moment_of(calendar.end).date() for calendar in HOURS.values()}
    assert max(ends) - min(ends) <= timedelta(days=1)
    for calendar in HOURS.values():
        opens, closes = np.maximum([calendar.opens, calendar.closes], 10_000)
        assert (closes - opens).sum() >= WORK


def test_the_day_shift_stays_at_7_on_the_wall_when_the_clocks_go_forward():
    """Friday 27 and Monday 30 March 2026 are 23 hours nearer than the wall clock says."""
    friday, monday = (
        BERLIN.time_of(datetime(2026, 3, day, 7, tzinfo=ZoneInfo("Europe/Berlin")))
        for day in (27, 30)
    )
    assert monday - friday == 3 * 1440 - 60
    assert {friday, monday} <= set(HOURS[DAY].opens.tolist())
