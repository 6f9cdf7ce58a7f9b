"""Setups across plans, worked by hand: they go on, are lost, and are never made in advance."""

from __future__ import annotations

from dataclasses import replace

import pytest
from planning import first_fit, planned, rows
from small_shops import shop, work

from rlsys_jobshop.checking import require_valid
from rlsys_jobshop.dynamic import JobArrives, JobCancelled, MachineBreaks, opening, residual
from rlsys_jobshop.problem import Calendar, Job, Machine, Setups, build

RED, BLUE = range(2)
COLOURS = {
    "families": ("red", "blue"),
    "setups": (Setups(between=[[1, 6], [8, 0]], first=[3, 5]),),
}


def coloured(*jobs, **machine):
    return shop(*jobs, machines=(Machine(setups=0, **machine),), **COLOURS)


def red(duration=2, **more):
    return Job((work(duration, family=RED),), **more)


def blue(duration=2, **more):
    return Job((work(duration, family=BLUE),), **more)


def starts(left):
    """When each job of what is left would start, if it went first."""
    description = left.instance.description
    alone = [build(replace(description, jobs=(job,))) for job in description.jobs]
    return [int(first_fit(instance).start[0]) for instance in alone]


def test_a_machine_is_set_up_for_what_it_does():
    instance = coloured(red(), blue(), red())
    left = residual(instance, first_fit(instance), 4)
    assert rows(left.situation.begun) == [(0, 0, (0,), 3, 5)]
    assert starts(left) == [5 + 6, 5 + 1]


def test_a_setup_that_has_begun_goes_on():
    # The machine is free from 5; the setup from red to blue has taken 5, 6 and 7.
    instance = coloured(red(), blue(), red())
    plan = planned(instance, (0, 0, 0, 3, 5), (1, 0, 0, 11, 13), (2, 0, 0, 21, 23))
    left = residual(instance, plan, 8)
    assert starts(left) == [11, 9]


def test_the_first_setup_that_has_begun_goes_on():
    instance = coloured(red(), blue())
    left = residual(instance, first_fit(instance), 2)
    assert starts(left) == [3, 2 + 5]


def test_a_setup_that_is_done_is_done_while_the_machine_waits():
    instance = coloured(red(), blue(release=20))
    left = residual(instance, first_fit(instance), 15, [JobArrives(15, blue())])
    assert starts(left) == [20, 15]


def test_a_setup_for_another_family_is_lost():
    instance = coloured(red(), blue())
    left = residual(instance, first_fit(instance), 8, [JobArrives(8, red(3))])
    plan = planned(left.instance, (1, 0, 0, 9, 12), (0, 0, 0, 18, 20))
    # Red goes first now and needs one unit: what was done for blue is lost at 9.
    left = left.advanced(plan, 9, [JobCancelled(9, 2)])
    assert starts(left) == [15]


def test_an_idle_machine_has_not_prepared_for_a_job_that_was_not_known():
    instance = coloured(red())
    left = residual(instance, first_fit(instance), 50, [JobArrives(50, blue())])
    assert starts(left) == [56]
    require_valid(left.merged(first_fit(left.instance)).schedule)


def test_a_setup_goes_on_over_several_plans():
    instance = coloured(red(), blue())
    left = residual(instance, first_fit(instance), 6)
    for now in (7, 8, 10):
        left = left.advanced(first_fit(left.instance), now)
        assert starts(left) == [11]


def test_two_calls_at_one_moment_keep_the_setup():
    instance = coloured(red(), blue())
    left = residual(instance, first_fit(instance), 8)
    left = left.advanced(None, 8, [JobArrives(8, red())])
    assert starts(left) == [11, 9]


def test_a_setup_for_a_cancelled_job_serves_another_of_its_family():
    instance = coloured(red(), blue(), blue(4))
    left = residual(instance, first_fit(instance), 8, [JobCancelled(8, 1)])
    assert (left.jobs, starts(left)) == ((2,), [11])


def test_a_breakdown_interrupts_a_setup_and_what_was_done_stays():
    instance = coloured(red(), blue())
    left = residual(instance, first_fit(instance), 8, [MachineBreaks(8, 0, 20)])
    assert starts(left) == [23]
    left = left.advanced(first_fit(left.instance), 21)
    assert starts(left) == [23]
    require_valid(left.merged(first_fit(left.instance)).schedule)


def test_a_break_does_not_count_towards_a_setup():
    instance = coloured(red(), blue(), calendar=Calendar.of([(0, 6), (10, 100)]))
    left = residual(instance, first_fit(instance), 11)
    assert starts(left) == [15]


def test_a_setup_does_not_count_from_before_the_machine_is_available():
    instance = coloured(red(), available=10)
    left = residual(instance, first_fit(instance), 11)
    assert starts(left) == [13]


def test_a_lost_attempt_leaves_the_machine_set_up_for_its_family():
    instance = coloured(red(), blue(9))
    plan = first_fit(instance)
    left = residual(instance, plan, 13, [MachineBreaks(13, 0, 20)])
    assert rows(left.situation.lost) == [(1, 0, (0,), 11, 13)]
    left = left.advanced(None, 13, [JobArrives(13, red())])
    assert starts(left) == [20, 20 + 8]
    require_valid(left.merged(first_fit(left.instance)).schedule)


def test_a_family_that_needs_a_setup_after_itself_needs_it_after_a_lost_attempt():
    instance = coloured(red(9))
    left = residual(instance, first_fit(instance), 5, [MachineBreaks(5, 0, 20)])
    assert starts(left) == [21]


def test_machines_without_setups_keep_no_setup():
    plain = shop(Job((work(2, family=RED),)), Job((work(2, family=BLUE),)), **COLOURS)
    left = residual(plain, first_fit(plain), 1)
    assert left.situation.setting_up == {}
    assert left.instance.description.setups == COLOURS["setups"]


@pytest.mark.parametrize("now", range(4, 14))
def test_a_plan_that_nothing_disturbs_can_be_followed_to_its_end(now):
    instance = coloured(red(), blue(), red())
    plan = first_fit(instance)
    left = opening(instance).advanced(plan, now)
    if left.instance is not None:
        plan_again = first_fit(left.instance)
        assert rows(left.merged(plan_again).entries) == rows(plan.entries())
