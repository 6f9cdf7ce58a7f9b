"""Open time, against counting unit by unit."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from random_shops import calendars

from rlsys_jobshop.dynamic.hours import end_of_work, open_between, room_after

times = st.integers(0, 60)


def is_open(calendar, time):
    return any(
        opens <= time < closes
        for opens, closes in zip(calendar.opens, calendar.closes, strict=True)
    )


@given(calendars(), times, times)
def test_open_time_between_two_moments(calendar, begin, end):
    assert open_between(calendar, begin, end) == sum(
        is_open(calendar, time) for time in range(begin, end)
    )


@given(calendars(), times, st.integers(1, 12))
def test_work_ends_with_its_last_open_unit(calendar, start, work):
    end = end_of_work(calendar, start, work)
    assert open_between(calendar, start, end) == work
    assert is_open(calendar, end - 1)


@given(calendars(), st.integers(200, 300), st.integers(1, 120))
def test_work_after_the_last_window_never_ends(calendar, start, work):
    has_time = sum(is_open(calendar, time) for time in range(start, 500)) >= work
    assert (end_of_work(calendar, start, work) is not None) == has_time


@given(calendars(), st.integers(0, 300), st.integers(0, 6), st.booleans())
def test_there_is_room_if_a_start_can_be_found(calendar, begin, work, interruptible):
    units = [is_open(calendar, time) for time in range(600)]
    if work == 0:
        found = any(units[time] or (time and units[time - 1]) for time in range(begin, 600))
    elif interruptible:
        found = sum(units[begin:]) >= work
    else:
        found = any(all(units[time : time + work]) for time in range(begin, 600 - work))
    assert room_after(calendar, begin).holds(work, interruptible=interruptible) == found
