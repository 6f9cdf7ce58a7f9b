"""The page shows the right hour on both sides of a change of the clocks."""

from __future__ import annotations

from bisect import bisect_right
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from rlsys_jobshop.figures.dates import clock_of, offsets
from rlsys_jobshop.problem import Clock

ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC",
         "Africa/Casablanca"]  # fmt: skip


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(("unit", "per_hour"), [("minute", 60), ("hour", 1), ("second", 3600)])
def test_every_hour_of_two_years_has_the_offset_of_the_time_zone(zone, unit, per_hour):
    clock = Clock(datetime(2026, 1, 5, 6, tzinfo=ZoneInfo(zone)), unit, zone)
    hours = 2 * 365 * 24
    found = offsets(clock, hours * per_hour)
    since = [time for time, _ in found]
    assert since == sorted(since)
    assert since[0] == 0
    for hour in range(hours):
        expected = clock.moment_of(hour * per_hour).utcoffset()
        _, seconds = found[bisect_right(since, hour * per_hour) - 1]
        assert timedelta(seconds=seconds) == expected


def test_the_night_in_which_clocks_go_forward_changes_at_its_hour():
    clock = Clock(datetime(2026, 3, 28, 0, tzinfo=ZoneInfo("Europe/Berlin")), "minute",
                  "Europe/Berlin")  # fmt: skip
    assert offsets(clock, 10_000) == [(0, 3600), ((24 + 2) * 60, 7200)]
    assert offsets(clock, 26 * 60 - 1) == [(0, 3600)]


def test_a_schedule_that_ends_after_the_year_9999_has_no_dates(workshop):
    assert clock_of(workshop) is workshop.instance.description.clock
    workshop.end[2] = 1 << 40
    assert clock_of(workshop) is None
