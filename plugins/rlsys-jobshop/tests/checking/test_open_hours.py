"""Working hours and breaks, worked by hand. The break is from 4 to 5."""

from __future__ import annotations

import pytest
from small_shops import BREAK, broken, entries, shop, work

from rlsys_jobshop.checking import Kind, violations
from rlsys_jobshop.problem import Calendar, Job, Machine


def alone(duration, *calendars, **more):
    """One operation on as many machines as there are calendars."""
    machines = [Machine(calendar) for calendar in calendars]
    numbers = tuple(range(len(machines)))
    return shop(Job((work(duration, *numbers, **more),)), machines=machines), numbers


@pytest.mark.parametrize(
    ("duration", "start", "end"),
    [
        (5, 0, 6),  # four units before the break, one after
        (4, 0, 4),  # ends as the break begins, not after it
        (5, 5, 10),
        (2, 3, 6),
        (1, 3, 4),
        (95, 5, 100),  # ends as the machine closes for good
        (99, 0, 100),
    ],
)
def test_interruptible_work_ends_as_soon_as_it_is_done(duration, start, end):
    instance, _ = alone(duration, BREAK, interruptible=True)
    assert broken(instance, (0, 0, 0, start, end)) == []
    assert broken(instance, (0, 0, 0, start, end + 1)) == [Kind.DURATION]
    assert broken(instance, (0, 0, 0, start, end - 1)) == [Kind.DURATION]


def test_five_hours_with_a_break_after_four_do_not_end_after_five():
    instance, _ = alone(5, BREAK, interruptible=True)
    (violation,) = violations(instance, entries((0, 0, 0, 0, 5)))
    assert violation.message == (
        "job 0, operation 0: runs from 0 to 5; 5 of work from there end at 6"
    )


def test_interruptible_work_does_not_start_in_a_break():
    instance, _ = alone(5, BREAK, interruptible=True)
    (violation,) = violations(instance, entries((0, 0, 0, 4, 10)))
    assert violation.kind is Kind.HOURS
    assert violation.machine == 0
    assert "starts at 4 while machine 0 is closed from 4 to 5" in violation.message


def test_work_that_finds_no_end_in_the_calendar_is_outside_of_open_hours():
    instance, _ = alone(5, BREAK, interruptible=True)
    (violation,) = violations(instance, entries((0, 0, 0, 97, 102)))
    assert violation.kind is Kind.HOURS
    assert "5 of work never end, as only 3 of open time are left" in violation.message


def test_work_that_is_not_interruptible_lies_between_two_breaks():
    instance, _ = alone(3, BREAK)
    assert broken(instance, (0, 0, 0, 1, 4)) == []
    assert broken(instance, (0, 0, 0, 5, 8)) == []
    assert broken(instance, (0, 0, 0, 97, 100)) == []
    assert broken(instance, (0, 0, 0, 2, 5)) == [Kind.HOURS]
    assert broken(instance, (0, 0, 0, 4, 7)) == [Kind.HOURS]
    assert broken(instance, (0, 0, 0, 98, 101)) == [Kind.HOURS]
    (violation,) = violations(instance, entries((0, 0, 0, 2, 5)))
    assert violation.message == (
        "job 0, operation 0: works from 2 to 5 while machine 0 is closed from 4 to 5; it is not "
        "interruptible"
    )
    # Worked around the break it has its three units, but it may not be interrupted.
    assert broken(instance, (0, 0, 0, 2, 6)) == [Kind.DURATION, Kind.HOURS]


def test_an_operation_that_never_starts_in_time_is_closed_out_for_good():
    instance, _ = alone(3, BREAK)
    (violation,) = violations(instance, entries((0, 0, 0, 200, 203)))
    assert "while machine 0 is closed from 100 for good" in violation.message


@pytest.mark.parametrize("interruptible", [True, False])
def test_no_duration_fits_while_the_machine_is_open_or_just_closing(interruptible):
    instance, _ = alone(0, Calendar.of([(2, 4), (6, 9)]), interruptible=interruptible)
    for time, kinds in {
        0: [Kind.HOURS],
        1: [Kind.HOURS],
        2: [],
        3: [],
        4: [],
        5: [Kind.HOURS],
        6: [],
        9: [],
        10: [Kind.HOURS],
    }.items():
        assert broken(instance, (0, 0, 0, time, time)) == kinds, time
    assert broken(instance, (0, 0, 0, 3, 4)) == [Kind.DURATION]


def test_two_machines_work_while_both_are_open():
    other = Calendar.of([(0, 2), (3, 100)])
    instance, both = alone(5, BREAK, other, interruptible=True)
    assert broken(instance, (0, 0, both, 0, 7)) == []  # breaks from 2 to 3 and from 4 to 5
    assert broken(instance, (0, 0, both, 0, 6)) == [Kind.DURATION]
    assert broken(instance, (0, 0, both, 3, 9)) == []
    assert broken(instance, (0, 0, both, 2, 9)) == [Kind.HOURS]


@pytest.mark.parametrize(
    ("start", "end", "kinds"),
    [
        (5, 8, [Kind.WRONG_MACHINE]),
        (2, 5, [Kind.WRONG_MACHINE, Kind.HOURS]),
        (4, 4, [Kind.WRONG_MACHINE]),  # it claims to take no time
        (4, None, [Kind.WRONG_MACHINE, Kind.NOT_WHOLE]),
        (4, 5, [Kind.WRONG_MACHINE, Kind.HOURS]),
    ],
)
def test_on_a_wrong_machine_the_hours_are_those_of_that_machine(start, end, kinds):
    instance = shop(Job((work(3, 0),)), machines=[Machine(), Machine(BREAK)])
    assert broken(instance, (0, 0, 1, start, end)) == kinds


def test_each_machine_that_is_closed_is_named():
    night = Calendar.of([(0, 10), (20, 30)])
    instance, both = alone(2, night, night, Calendar.always())
    found = violations(instance, entries((0, 0, both, 9, 11)))
    assert [(v.kind, v.machine) for v in found] == [(Kind.HOURS, 0), (Kind.HOURS, 1)]


def test_two_breaks_that_touch_leave_no_moment_between_them():
    instance, both = alone(
        0, Calendar.of([(0, 4), (9, 12)]), Calendar.of([(4, 8), (9, 12)]), interruptible=True
    )
    (violation,) = violations(instance, entries((0, 0, both, 4, 4)))
    assert violation.kind is Kind.HOURS
    assert "must be open together" in violation.message
    assert broken(instance, (0, 0, both, 9, 9)) == []


def test_an_open_machine_may_wait_for_another_in_the_middle_of_an_operation():
    """The open machine is occupied meanwhile."""
    instance = shop(
        Job((work(5, 0, 1, interruptible=True),)),
        Job((work(1, 1),)),
        machines=[Machine(BREAK), Machine()],
    )
    assert broken(instance, (0, 0, (0, 1), 0, 6), (1, 0, 1, 6, 7)) == []
    assert broken(instance, (0, 0, (0, 1), 0, 6), (1, 0, 1, 4, 5)) == [Kind.MACHINE_OVERLAP]
