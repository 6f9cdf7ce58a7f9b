"""Calendars as sets of units of time: what is open in all, and what is left without some hours."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlsys.errors import UserError
from rlsys_jobshop.problem import FOREVER, Calendar
from rlsys_jobshop.problem.calendar import intersection

WINDOWS = st.lists(
    st.tuples(st.integers(-5, 40), st.integers(0, 9)).map(lambda w: (w[0], w[0] + w[1])), max_size=8
)


def units(windows):
    return {unit for opens, closes in windows for unit in range(max(0, opens), closes)}


def units_of(calendar):
    return units(zip(calendar.opens.tolist(), calendar.closes.tolist(), strict=True))


def is_in_order(calendar):
    edges = [edge for pair in zip(calendar.opens, calendar.closes, strict=True) for edge in pair]
    return all(a < b for a, b in pairwise(edges))


@given(st.lists(WINDOWS.filter(units), min_size=1, max_size=4))
def test_an_intersection_is_open_where_all_are(given_windows):
    calendars = [Calendar.of(windows) for windows in given_windows]
    expected = set.intersection(*map(units, given_windows))
    if not expected:
        with pytest.raises(UserError, match="empty"):
            intersection(calendars)
        return
    result = intersection(calendars)
    assert units_of(result) == expected
    assert is_in_order(result)


@given(WINDOWS.filter(units), WINDOWS)
def test_without_takes_the_hours_out(windows, closed):
    expected = units(windows) - units(closed)
    if not expected:
        with pytest.raises(UserError, match="empty"):
            Calendar.of(windows).without(closed)
        return
    result = Calendar.of(windows).without(closed)
    assert units_of(result) == expected
    assert is_in_order(result)


def test_a_calendar_that_never_closes_changes_nothing():
    hours = Calendar.of([(3, 5), (8, 9)])
    assert intersection([hours, Calendar.always()]) == hours
    assert intersection([Calendar.always(), hours]) == hours
    assert intersection([Calendar.always(), Calendar.always()]).is_always


def test_what_is_taken_from_forever_leaves_a_window_that_never_closes():
    left = Calendar.always().without([(4, 6)])
    assert left == Calendar.of([(0, 4), (6, FOREVER)])


def test_years_of_hours_are_intersected_at_once():
    """A window costs a look-up, not a pass over all windows: this would otherwise take minutes."""
    hours = Calendar.of((10 * i, 10 * i + 5) for i in range(50_000))
    assert intersection([hours, hours]) == hours
    assert hours.without((10 * i, 10 * i + 1) for i in range(50_000)) == Calendar.of(
        (10 * i + 1, 10 * i + 5) for i in range(50_000)
    )
