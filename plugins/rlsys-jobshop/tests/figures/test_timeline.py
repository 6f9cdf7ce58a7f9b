"""Pieces of work, setups and closed time, against counting unit by unit."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rlsys_jobshop.figures.timeline import (
    closed_pieces,
    open_pieces,
    sequences,
    setups,
    work,
)
from rlsys_jobshop.problem import FOREVER, Calendar, Schedule

LAST = 30

windows = st.lists(
    st.tuples(st.integers(0, LAST), st.integers(1, 6)).map(lambda w: (w[0], w[0] + w[1])),
    min_size=1,
    max_size=6,
)


def units(pieces: list[tuple[int, int]]) -> list[int]:
    return [unit for begin, end in pieces for unit in range(begin, end)]


def is_open(calendar: Calendar, unit: int) -> bool:
    pairs = zip(calendar.opens, calendar.closes, strict=True)
    return any(opens <= unit < closes for opens, closes in pairs)


@given(windows, st.integers(0, LAST), st.integers(0, LAST))
def test_open_and_closed_pieces_hold_each_unit_once(given_windows, one, other):
    calendar = Calendar.of(given_windows)
    start, end = sorted((one, other))
    open_units = [unit for unit in range(start, end) if is_open(calendar, unit)]
    assert units(open_pieces(calendar, start, end)) == open_units
    closed = [unit for unit in range(end) if not is_open(calendar, unit)]
    assert units(closed_pieces(calendar, end)) == closed
    assert all(begin < stop for begin, stop in open_pieces(calendar, start, end))


def test_a_machine_that_never_closes_has_no_closed_piece():
    assert closed_pieces(Calendar.always(), 100) == []
    assert open_pieces(Calendar.always(), 3, 5) == [(3, 5)]
    assert closed_pieces(Calendar.of([(0, 5), (9, FOREVER)]), 7) == [(5, 7)]


def test_work_pauses_in_a_break_and_a_setup_ends_as_its_operation_starts(workshop: Schedule):
    assert sequences(workshop) == [[0, 2], [1]]
    assert work(workshop, 0) == [(1, 4), (5, 7)]
    lathe = list(setups(workshop, 0, [0, 2]))
    assert [(bar.operation, bar.pieces) for bar in lathe] == [(0, [(0, 1)]), (2, [(7, 9)])]
    assert list(setups(workshop, 1, [1])) == []


def test_setups_of_a_factory_take_their_time_and_fit_between_the_operations(largest: Schedule):
    instance = largest.instance
    interrupted = 0
    for machine, sequence in enumerate(sequences(largest)):
        calendar = instance.calendars[instance.machine_calendar[machine]]
        bars = {bar.operation: bar.pieces for bar in setups(largest, machine, sequence)}
        state, free = int(instance.machine_family[machine]), int(instance.available[machine])
        for operation in sequence:
            family = int(instance.family[operation])
            pieces = bars.pop(operation, [])
            needed = instance.setups[instance.machine_setups[machine], state, family]
            assert sum(end - begin for begin, end in pieces) == needed
            assert all(open_pieces(calendar, *piece) == [piece] for piece in pieces)
            if pieces:
                assert free <= pieces[0][0]
                assert pieces[-1][1] <= largest.start[operation]
            interrupted += len(pieces) > 1
            state, free = 1 + family, int(largest.end[operation])
        assert not bars
    assert interrupted  # otherwise this test would not have seen a setup with a break in it
