"""Breakdowns, worked by hand: what pauses, what is lost, and how the validator sees it."""

from __future__ import annotations

import pytest
from planning import first_fit, planned, rows
from small_shops import BREAK, shop, work

from rlsys.errors import UserError
from rlsys_jobshop.checking import Kind, require_valid, violations
from rlsys_jobshop.dynamic import JobCancelled, MachineBreaks, residual, simulate
from rlsys_jobshop.problem import Calendar, Entry, Job, Machine, Mode, Operation

TWO = (Machine(), Machine())


def one_operation(interruptible, **machine):
    instance = shop(
        Job((work(6, interruptible=interruptible), work(1))), machines=(Machine(**machine),)
    )
    return instance, first_fit(instance)


def test_an_interruptible_operation_pauses_and_goes_on_after_the_repair():
    instance, plan = one_operation(interruptible=True)
    left = residual(instance, plan, 2, [MachineBreaks(2, 0, 10)])
    assert rows(left.situation.begun) == [(0, 0, (0,), 0, 14)]
    assert left.instance.available.tolist() == [14]
    assert left.instance.release.tolist() == [14]
    require_valid(left.merged(first_fit(left.instance)).schedule)


def test_one_that_is_not_interruptible_is_lost_and_starts_from_zero_after_the_repair():
    instance, plan = one_operation(interruptible=False)
    left = residual(instance, plan, 2, [MachineBreaks(2, 0, 10)])
    assert left.situation.begun == ()
    assert rows(left.situation.lost) == [(0, 0, (0,), 0, 2)]
    day = left.merged(first_fit(left.instance))
    assert rows(day.entries) == [(0, 0, (0,), 10, 16), (0, 1, (0,), 16, 17)]
    assert rows(day.lost) == [(0, 0, (0,), 0, 2)]
    require_valid(day.schedule)


def test_a_lost_operation_may_move_to_another_machine():
    either = Operation((Mode(6, (0,)), Mode(7, (1,))))
    instance = shop(Job((either,)), machines=TWO)
    plan = planned(instance, (0, 0, 0, 0, 6))
    left = residual(instance, plan, 2, [MachineBreaks(2, 0, 10)])
    assert rows(left.merged(first_fit(left.instance)).entries) == [(0, 0, (1,), 2, 9)]


def test_an_operation_that_ends_as_its_machine_breaks_has_ended():
    instance, plan = one_operation(interruptible=False)
    left = residual(instance, plan, 6, [MachineBreaks(6, 0, 10)])
    assert rows(left.situation.begun) == [(0, 0, (0,), 0, 6)]
    assert left.situation.lost == ()


def test_an_operation_that_would_start_as_its_machine_breaks_has_not_begun():
    instance, plan = one_operation(interruptible=True)
    left = residual(instance, plan, 0, [MachineBreaks(0, 0, 10)])
    assert rows(left.merged(first_fit(left.instance)).entries)[0] == (0, 0, (0,), 10, 16)


def test_only_what_runs_on_the_broken_machine_is_touched():
    instance = shop(Job((work(6, 0),)), Job((work(6, 1),)), machines=TWO)
    plan = first_fit(instance)
    left = residual(instance, plan, 2, [MachineBreaks(2, 1, 10)])
    assert rows(left.situation.begun) == [(0, 0, (0,), 0, 6)]
    assert rows(left.situation.lost) == [(1, 0, (1,), 0, 2)]


@pytest.mark.parametrize(("interruptible", "free"), [(True, [14, 14]), (False, [2, 2])])
def test_all_machines_of_an_operation_pause_or_are_free_together(interruptible, free):
    both = Operation((Mode(6, (0, 1)),), interruptible=interruptible)
    instance = shop(Job((both, work(1, 0))), machines=TWO)
    left = residual(instance, first_fit(instance), 2, [MachineBreaks(2, 1, 10)])
    assert left.instance.available.tolist() == free
    require_valid(left.merged(first_fit(left.instance)).schedule)


def test_two_machines_of_an_operation_may_break_at_once():
    both = Operation((Mode(6, (0, 1)),), interruptible=True)
    instance = shop(Job((both,)), machines=TWO)
    events = [MachineBreaks(2, 1, 10), MachineBreaks(2, 0, 5)]
    left = residual(instance, first_fit(instance), 2, events)
    assert rows(left.situation.begun) == [(0, 0, (0, 1), 0, 14)]


def test_a_breakdown_within_a_break_changes_nothing():
    calendar = Calendar.of([(0, 4), (10, 100)])
    instance, plan = one_operation(interruptible=True, calendar=calendar)
    left = residual(instance, plan, 5, [MachineBreaks(5, 0, 9)])
    assert rows(left.situation.begun) == [(0, 0, (0,), 0, 12)]


def test_a_breakdown_and_a_break_count_once_where_they_overlap():
    instance, plan = one_operation(interruptible=True, calendar=BREAK)
    left = residual(instance, plan, 2, [MachineBreaks(2, 0, 5)])
    assert rows(left.situation.begun) == [(0, 0, (0,), 0, 9)]


def test_a_machine_may_break_again_before_and_after_its_repair():
    instance, plan = one_operation(interruptible=True)
    left = residual(instance, plan, 2, [MachineBreaks(2, 0, 10)])
    left = left.advanced(first_fit(left.instance), 8, [MachineBreaks(8, 0, 12)])
    assert rows(left.situation.begun) == [(0, 0, (0,), 0, 16)]
    left = left.advanced(first_fit(left.instance), 13, [MachineBreaks(13, 0, 20)])
    assert rows(left.situation.begun) == [(0, 0, (0,), 0, 23)]
    require_valid(left.merged(first_fit(left.instance)).schedule)


def test_a_repair_that_ends_earlier_than_one_before_changes_nothing():
    instance, plan = one_operation(interruptible=True)
    left = residual(instance, plan, 2, [MachineBreaks(2, 0, 10)])
    left = left.advanced(first_fit(left.instance), 3, [MachineBreaks(3, 0, 5)])
    assert rows(left.situation.begun) == [(0, 0, (0,), 0, 14)]


def test_an_operation_can_be_lost_twice():
    instance = shop(Job((work(6),)))
    outcome = simulate(instance, [MachineBreaks(2, 0, 4), MachineBreaks(9, 0, 11)], first_fit)
    assert rows(outcome.record.lost) == [(0, 0, (0,), 0, 2), (0, 0, (0,), 4, 9)]
    assert rows(outcome.record.entries) == [(0, 0, (0,), 11, 17)]


def test_a_lost_attempt_is_a_job_of_its_own_in_the_schedule_of_the_day():
    instance = shop(Job((work(6),), name="valve"))
    day = simulate(instance, [MachineBreaks(2, 0, 10)], first_fit).record
    whole = day.schedule.instance
    assert whole.jobs == 2
    assert whole.job_name(1) == "valve, operation 0, lost at 2"
    assert rows(day.schedule.entries()) == [(1, 0, (0,), 0, 2), (0, 0, (0,), 10, 16)]


def test_a_lost_attempt_is_released_when_it_began():
    instance = shop(Job((work(3), work(6))))
    day = simulate(instance, [MachineBreaks(5, 0, 10)], first_fit).record
    assert rows(day.lost) == [(0, 1, (0,), 3, 5)]
    assert day.schedule.instance.release.tolist() == [0, 3]


def test_the_validator_sees_who_uses_the_machine_of_a_lost_attempt():
    instance = shop(Job((work(6),)))
    day = simulate(instance, [MachineBreaks(2, 0, 10)], first_fit).record
    moved = [Entry(0, 0, (0,), 1, 7), *(e for e in day.schedule.entries() if e.job == 1)]
    kinds = {violation.kind for violation in violations(day.schedule.instance, moved)}
    assert {Kind.MACHINE_OVERLAP, Kind.HOURS} <= kinds


def test_breakdowns_are_closed_time_for_the_validator():
    instance = shop(Job((work(1), work(2), work(2))))
    day = simulate(instance, [MachineBreaks(1, 0, 10)], first_fit).record
    calendar = day.schedule.instance.description.machines[0].calendar
    assert calendar == Calendar.always().without([(1, 10)])
    assert day.schedule.makespan == 14


def test_a_mode_that_became_impossible_is_dropped():
    either = Operation((Mode(6, (0,)), Mode(9, (1,))))
    closing = (Machine(calendar=Calendar.of([(0, 20)])), Machine())
    instance = shop(Job((either,)), machines=closing)
    left = residual(instance, first_fit(instance), 3, [MachineBreaks(3, 0, 15)])
    assert rows(left.merged(first_fit(left.instance)).entries) == [(0, 0, (1,), 3, 12)]
    assert left.instance.modes == 1


def test_a_machine_that_is_broken_for_good_from_the_start_is_no_trouble_to_others():
    either = Operation((Mode(6, (0,)), Mode(9, (1,))))
    closing = (Machine(calendar=Calendar.of([(0, 20)])), Machine())
    instance = shop(Job((either, Operation((Mode(1, (0, 1)), Mode(2, (1,)))))), machines=closing)
    day = simulate(instance, [MachineBreaks(0, 0, 500)], first_fit).record
    assert rows(day.entries) == [(0, 0, (1,), 0, 9), (0, 1, (1,), 9, 11)]
    require_valid(day.schedule)


def test_an_operation_without_any_open_time_left_is_one_clear_line():
    instance = shop(Job((work(6),)), machines=(Machine(calendar=Calendar.of([(0, 20)])),))
    with pytest.raises(UserError, match=r"^small: job 0, operation 0: it fits into no open") as e:
        residual(instance, first_fit(instance), 3, [MachineBreaks(3, 0, 15)])
    assert "\n" not in str(e.value)


def test_an_operation_that_runs_and_can_never_end_is_one_clear_line():
    instance, plan = one_operation(interruptible=True, calendar=Calendar.of([(0, 20)]))
    with pytest.raises(UserError, match=r"^small: job 0, operation 0: runs since 0") as e:
        residual(instance, plan, 3, [MachineBreaks(3, 0, 18)])
    assert "\n" not in str(e.value)


@pytest.mark.parametrize("order", [1, -1])
def test_an_operation_that_is_lost_as_its_job_is_cancelled_is_not_done_again(order):
    instance, plan = one_operation(interruptible=False)
    events = [MachineBreaks(2, 0, 10), JobCancelled(2, 0)][::order]
    left = residual(instance, plan, 2, events)
    assert left.instance is None
    day = left.merged(None)
    assert (day.entries, day.cancelled, day.jobs) == ((), (0,), ())
    assert rows(day.schedule.entries()) == [(0, 0, (0,), 0, 2)]


def test_an_operation_that_is_lost_after_its_job_was_cancelled_is_not_done_again():
    instance, plan = one_operation(interruptible=False)
    left = residual(instance, plan, 2, [JobCancelled(2, 0)])
    left = left.advanced(None, 4, [MachineBreaks(4, 0, 10)])
    assert left.instance is None
    assert rows(left.merged(None).lost) == [(0, 0, (0,), 0, 4)]
