"""Open time in CP-SAT's model, against calendars played unit by unit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlsys_jobshop.problem import Calendar

hours_module = pytest.importorskip(
    "rlsys_jobshop.search.constraint.hours",
    reason="needs OR-Tools: pip install 'rlsys-jobshop[cp-sat]'",
    exc_type=ImportError,
)

windows = st.lists(
    st.tuples(st.integers(0, 30), st.integers(1, 8)).map(lambda w: (w[0], w[0] + w[1])), min_size=1
)


def open_units(calendar):
    return [
        time
        for opens, closes in zip(calendar.opens, calendar.closes, strict=True)
        for time in range(opens, closes)
    ]


@given(windows, st.integers(0, 40))
def test_open_time_until_a_moment(given_windows, time):
    calendar = Calendar.of(given_windows)
    hours = hours_module.Hours(calendar)
    assert hours.worked_until(time) == sum(unit < time for unit in open_units(calendar))


@given(windows, st.data())
def test_the_moment_by_which_so_much_was_open(given_windows, data):
    calendar = Calendar.of(given_windows)
    units = open_units(calendar)
    work = data.draw(st.integers(1, len(units)))
    assert hours_module.Hours(calendar).time_of(work) == units[work - 1] + 1


@given(windows, st.integers(0, 40), st.integers(0, 40))
def test_windows_that_meet_a_range(given_windows, low, high):
    calendar = Calendar.of(given_windows)
    low, high = sorted([low, high])
    expected = [
        number
        for number, (opens, closes) in enumerate(zip(calendar.opens, calendar.closes, strict=True))
        if opens <= high and closes >= low
    ]
    assert list(hours_module.Hours(calendar).meeting(low, high)) == expected
