"""Setups, worked by hand: the first one, between families, across breaks, at one moment."""

from __future__ import annotations

from small_shops import BREAK, broken, entries, shop, work

from rlsys_jobshop.checking import Kind, violations
from rlsys_jobshop.problem import Calendar, Job, Machine, Setups

# From red to blue takes 9, from red to green and from green to blue 2 and 3 in all.
COLOURS = {
    "families": ("red", "green", "blue"),
    "setups": (Setups(between=[[0, 2, 9], [1, 0, 1], [4, 4, 7]], first=[3, 5, 0]),),
}
RED, GREEN, BLUE = range(3)


def coloured(*families, machine=None, duration=2):
    """A job of one operation for each family, all on one machine."""
    jobs = [Job((work(duration, family=family),)) for family in families]
    return shop(*jobs, machines=[machine or Machine(setups=0)], **COLOURS)


def test_the_first_setup_starts_from_a_machine_that_is_set_up_for_nothing():
    instance = coloured(RED)
    assert broken(instance, (0, 0, 0, 3, 5)) == []
    assert broken(instance, (0, 0, 0, 2, 4)) == [Kind.SETUP]


def test_the_first_setup_starts_from_the_family_at_the_start():
    instance = coloured(RED, machine=Machine(setups=0, family=BLUE))
    assert broken(instance, (0, 0, 0, 4, 6)) == []
    assert broken(instance, (0, 0, 0, 3, 5)) == [Kind.SETUP]


def test_the_first_setup_is_needed_once():
    instance = coloured(RED, RED)
    assert broken(instance, (0, 0, 0, 3, 5), (1, 0, 0, 5, 7)) == []


def test_the_first_setup_begins_when_the_machine_is_available():
    instance = coloured(RED, machine=Machine(setups=0, available=10))
    assert broken(instance, (0, 0, 0, 13, 15)) == []
    assert broken(instance, (0, 0, 0, 12, 14)) == [Kind.SETUP]
    assert broken(instance, (0, 0, 0, 9, 11)) == [Kind.AVAILABILITY]


def test_a_setup_need_not_be_the_shortest_way_between_two_families():
    instance = coloured(RED, BLUE)
    assert broken(instance, (0, 0, 0, 3, 5), (1, 0, 0, 14, 16)) == []
    assert broken(instance, (0, 0, 0, 3, 5), (1, 0, 0, 13, 15)) == [Kind.SETUP]
    detour = coloured(RED, GREEN, BLUE)
    assert broken(detour, (0, 0, 0, 3, 5), (1, 0, 0, 7, 9), (2, 0, 0, 10, 12)) == []


def test_a_family_may_need_a_setup_after_itself():
    instance = coloured(BLUE, BLUE)
    assert broken(instance, (0, 0, 0, 0, 2), (1, 0, 0, 9, 11)) == []
    assert broken(instance, (0, 0, 0, 0, 2), (1, 0, 0, 8, 10)) == [Kind.SETUP]


def test_a_setup_that_is_too_short_is_told_with_its_families_and_times():
    (violation,) = violations(coloured(RED), entries((0, 0, 0, 2, 4)))
    assert violation.message == (
        "job 0, operation 0: starts at 2 on machine 0; its setup from no family to family 0 (red) "
        "takes 3 of open time, and there are 2 since the start at 0"
    )
    from_blue = coloured(RED, machine=Machine(setups=0, family=BLUE))
    (violation,) = violations(from_blue, entries((0, 0, 0, 2, 4)))
    assert "its setup from family 2 (blue) to family 0 (red) takes 4" in violation.message
    (violation,) = violations(coloured(RED, BLUE), entries((0, 0, 0, 3, 5), (1, 0, 0, 13, 15)))
    assert violation.message == (
        "job 1, operation 0: starts at 13 on machine 0; its setup from family 0 (red) to family 2 "
        "(blue) takes 9 of open time, and there are 8 since job 0, operation 0 ends at 5"
    )
    assert (violation.job, violation.operation, violation.machine) == (1, 0, 0)


def test_a_break_interrupts_a_setup():
    instance = coloured(GREEN, machine=Machine(BREAK, setups=0))
    assert broken(instance, (0, 0, 0, 6, 8)) == []
    assert broken(instance, (0, 0, 0, 5, 7)) == [Kind.SETUP]  # the break is no setup time


def test_a_setup_may_end_at_the_break_and_its_operation_start_after_it():
    instance = coloured(RED, machine=Machine(Calendar.of([(0, 3), (7, 20)]), setups=0))
    assert broken(instance, (0, 0, 0, 7, 9)) == []


def test_a_setup_is_counted_in_the_open_time_of_its_own_machine():
    """The operation's other machine has a break, in which the first is set up."""
    instance = shop(
        Job((work(2, 0, 1, family=RED),)),
        machines=[Machine(setups=0), Machine(Calendar.of([(3, 50)]))],
        **COLOURS,
    )
    assert broken(instance, (0, 0, (0, 1), 3, 5)) == []


def test_a_setup_does_not_wait_for_the_job():
    instance = shop(Job((work(2, family=RED),), release=3), machines=[Machine(setups=0)], **COLOURS)
    assert broken(instance, (0, 0, 0, 3, 5)) == []


def test_each_machine_of_an_operation_is_set_up():
    instance = shop(
        Job((work(2, 0, 1, family=RED),)),
        machines=[Machine(setups=0), Machine(setups=0, family=RED), Machine(setups=0)],
        **COLOURS,
    )
    (violation,) = violations(instance, entries((0, 0, (0, 1), 1, 3)))
    assert (violation.kind, violation.machine) == (Kind.SETUP, 0)


def test_a_machine_without_setups_needs_none():
    instance = coloured(RED, BLUE, machine=Machine())
    assert broken(instance, (0, 0, 0, 0, 2), (1, 0, 0, 2, 4)) == []


def test_operations_without_duration_at_one_moment_are_set_up_as_listed():
    free_one_way = {
        "families": ("a", "b"),
        "setups": (Setups(between=[[0, 0], [5, 0]], first=[0, 0]),),
    }
    jobs = [Job((work(0, family=family),)) for family in (0, 1)]
    instance = shop(*jobs, machines=[Machine(setups=0)], **free_one_way)
    assert broken(instance, (0, 0, 0, 1, 1), (1, 0, 0, 1, 1)) == []
    (violation,) = violations(instance, entries((1, 0, 0, 1, 1), (0, 0, 0, 1, 1)))
    assert (violation.kind, violation.job) == (Kind.SETUP, 0)


def test_what_comes_at_the_very_end_of_an_operation_is_what_the_machine_is_set_up_for():
    back_takes_5 = {
        "families": ("a", "b"),
        "setups": (Setups(between=[[0, 0], [5, 0]], first=[0, 0]),),
    }
    jobs = [Job((work(2, family=0),)), Job((work(0, family=1),)), Job((work(2, family=0),))]
    instance = shop(*jobs, machines=[Machine(setups=0)], **back_takes_5)
    assert broken(instance, (0, 0, 0, 0, 2), (1, 0, 0, 2, 2), (2, 0, 0, 7, 9)) == []
    assert broken(instance, (0, 0, 0, 0, 2), (1, 0, 0, 2, 2), (2, 0, 0, 6, 8)) == [Kind.SETUP]


def test_an_operation_without_duration_changes_what_the_machine_is_set_up_for():
    jobs = [Job((work(2, family=RED),)), Job((work(0, family=GREEN),)), Job((work(2, family=RED),))]
    instance = shop(*jobs, machines=[Machine(setups=0)], **COLOURS)
    assert broken(instance, (0, 0, 0, 3, 5), (1, 0, 0, 7, 7), (2, 0, 0, 8, 10)) == []
    assert broken(instance, (0, 0, 0, 3, 5), (1, 0, 0, 7, 7), (2, 0, 0, 7, 9)) == [Kind.SETUP]
