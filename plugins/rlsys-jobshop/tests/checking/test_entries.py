"""Entries that do not fit the instance: each is told, and none hides another."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from small_shops import broken, entries, shop, work

from rlsys_jobshop.checking import Kind, violations
from rlsys_jobshop.problem import Clock, Entry, Job, Machine, Mode, Operation

TYPED = [Machine(type=0), Machine(type=0), Machine(type=1, name="M3")]


def two_jobs(**more):
    return shop(Job((work(2), work(2)), name="J-17"), Job((work(2),)), **more)


GOOD = [(0, 0, 0, 0, 2), (0, 1, 0, 2, 4), (1, 0, 0, 4, 6)]


def test_an_empty_schedule_misses_every_operation():
    found = violations(two_jobs(), [])
    assert [(v.kind, v.job, v.operation) for v in found] == [
        (Kind.MISSING, 0, 0),
        (Kind.MISSING, 0, 1),
        (Kind.MISSING, 1, 0),
    ]
    assert found[1].message == (
        "job 0 (J-17), operation 1: not in the schedule; each operation is done once"
    )


def test_of_an_operation_listed_three_times_the_first_entry_counts():
    rows = [*GOOD, (1, 0, 0, 0, 2), (1, 0, 9, -5, "x")]
    found = violations(two_jobs(), entries(*rows))
    assert [(v.kind, v.job) for v in found] == [(Kind.DUPLICATE, 1), (Kind.DUPLICATE, 1)]
    assert "listed at positions 2 and 3" in found[0].message


@pytest.mark.parametrize("job", [2, -1, 1.0, None, "0", True, 10**30])
def test_a_job_that_does_not_exist_is_named(job):
    found = violations(two_jobs(), entries(*GOOD, (job, 0, 0, 6, 8)))
    assert [v.kind for v in found] == [Kind.UNKNOWN_JOB]
    assert found[0].message == f"entry 3: there is no job {job!r}; jobs are 0 to 1"


@pytest.mark.parametrize("operation", [1, -1, 0.0, None, "0", False])
def test_an_operation_that_does_not_exist_is_named(operation):
    found = violations(two_jobs(), entries(*GOOD, (1, operation, 0, 6, 8)))
    assert [v.kind for v in found] == [Kind.UNKNOWN_OPERATION]
    assert found[0].message == (
        f"entry 3: job 1 has no operation {operation!r}; its operations are 0 to 0"
    )


@pytest.mark.parametrize("machine", [1, -1, 0.0, None, "0", False])
def test_a_machine_that_does_not_exist_is_named(machine):
    found = violations(two_jobs(), entries(*GOOD[:2], (1, 0, machine, 4, 6)))
    assert [v.kind for v in found] == [Kind.UNKNOWN_MACHINE]
    assert f"there is no machine {machine!r}; machines are 0 to 0" in found[0].message


def test_what_an_entry_with_an_unknown_machine_does_on_its_other_one_is_still_checked():
    found = broken(two_jobs(), *GOOD[:2], (1, 0, (0, 7), 3, 5))
    assert found == [Kind.UNKNOWN_MACHINE, Kind.MACHINE_OVERLAP]


@pytest.mark.parametrize("machines", [(), (0, 0), (0, 1)])
def test_the_machines_are_those_of_a_mode(machines):
    instance = two_jobs(machines=[Machine(), Machine()])
    assert broken(instance, *GOOD[:2], (1, 0, machines, 4, 6)) == [Kind.WRONG_MACHINE]


def test_another_machine_of_the_right_type_is_the_wrong_machine():
    instance = shop(Job((work(2, 0),)), machines=TYPED, types=("drill", "mill"))
    (violation,) = violations(instance, entries((0, 0, 1, 0, 2)))
    assert violation.kind is Kind.WRONG_MACHINE
    assert violation.message == "job 0, operation 0: is on machine 1; it needs machine 0"


def test_a_machine_of_another_type_is_the_wrong_type():
    modes = (Mode(2, (0,)), Mode(3, (1,)))
    instance = shop(Job((Operation(modes),)), machines=TYPED, types=("drill", "mill"))
    (violation,) = violations(instance, entries((0, 0, 2, 0, 2)))
    assert (violation.kind, violation.machine) == (Kind.WRONG_TYPE, 2)
    assert violation.message == (
        "job 0, operation 0: is on machine 2 (M3) of type 1 (mill); it needs type 0 (drill): "
        "machine 0 or machine 1"
    )


def test_too_few_machines_are_the_wrong_machines_whatever_their_type():
    instance = shop(Job((work(2, 0, 2),)), machines=TYPED, types=("drill", "mill"))
    assert broken(instance, (0, 0, 0, 0, 2)) == [Kind.WRONG_MACHINE]
    assert broken(instance, (0, 0, (0, 1), 0, 2)) == [Kind.WRONG_TYPE]
    assert broken(instance, (0, 0, (0, 0), 0, 2)) == [Kind.WRONG_MACHINE]
    assert broken(instance, (0, 0, (2, 0), 0, 2)) == []


def test_each_mode_has_a_duration_of_its_own():
    modes = (Mode(2, (0,)), Mode(3, (1,)))
    instance = shop(Job((Operation(modes),)), machines=TYPED[:2])
    assert broken(instance, (0, 0, 0, 0, 2)) == []
    assert broken(instance, (0, 0, 1, 0, 3)) == []
    assert broken(instance, (0, 0, 1, 0, 2)) == [Kind.DURATION]


@pytest.mark.parametrize("time", [1.5, 4.0, float("nan"), float("inf"), None, "4", True])
def test_a_time_that_is_no_integer_is_named(time):
    found = violations(two_jobs(), entries(*GOOD[:2], (1, 0, 0, time, 6)))
    assert [v.kind for v in found] == [Kind.NOT_WHOLE]
    assert f"its start is {time!r}; it must be an integer" in found[0].message


def test_a_start_is_checked_even_if_the_end_is_no_integer():
    instance = shop(Job((work(2),), release=3))
    assert broken(instance, (0, 0, 0, 1, None)) == [Kind.NOT_WHOLE, Kind.RELEASE]


def test_integers_of_numpy_are_integers():
    row = [np.int64(value) for value in (0, 0, 0, 0, 2)]
    assert broken(shop(Job((work(2),))), tuple(row)) == []


def test_times_begin_at_zero():
    found = violations(shop(Job((work(2),))), entries((0, 0, 0, -1, 1)))
    assert [v.kind for v in found] == [Kind.NEGATIVE]
    assert found[0].message == "job 0, operation 0: its start is -1; times begin at 0"


def test_an_end_before_the_start_is_not_besides_a_wrong_duration():
    assert broken(shop(Job((work(2),))), (0, 0, 0, 4, 2)) == [Kind.REVERSED]


def test_times_of_any_size_are_compared():
    huge = 10**40
    found = broken(two_jobs(), *GOOD[:2], (1, 0, 0, huge, huge + 2))
    assert found == [Kind.HOURS]


def test_one_bad_entry_hides_no_other():
    rows = [(0, 0, "x", None, -3), (7, 0, 0, 0, 1), (0, 1, 0, 2, 9), (1, 0, 0, 8, 10)]
    assert broken(two_jobs(), *rows) == [
        Kind.UNKNOWN_MACHINE,
        Kind.NOT_WHOLE,
        Kind.NEGATIVE,
        Kind.DURATION,
        Kind.MACHINE_OVERLAP,
        Kind.UNKNOWN_JOB,
    ]


def test_violations_come_by_job_and_operation_whatever_the_order_of_the_entries():
    rows = [(1, 0, 0, 1, 4), (0, 1, 0, 2, 4), (0, 0, 0, 0, 3)]
    assert violations(two_jobs(), entries(*rows)) == violations(two_jobs(), entries(*rows[::-1]))


def test_what_has_no_number_comes_last():
    rows = [GOOD[0], (0, "x", 0, 0, 1), (0, 1, ("y", 9), 2, 3), (None, 0, 0, 0, 1), GOOD[2]]
    found = violations(two_jobs(), entries(*rows))
    assert [(v.job, v.operation, v.machine) for v in found] == [
        (0, 1, 9),
        (0, 1, None),
        (0, None, None),
        (None, 0, None),
    ]


def test_names_with_line_breaks_stay_on_one_line():
    instance = shop(Job((work(2, name="a\nb"),), name="J\r\n1"))
    (violation,) = violations(instance, [])
    assert violation.message.startswith("job 0 (J 1), operation 0 (a b): ")


def test_times_are_shown_with_their_dates_where_there_is_a_clock():
    clock = Clock(datetime(2026, 3, 2, 6, tzinfo=UTC), "hour", "Europe/Berlin")
    instance = shop(Job((work(2),), release=5), clock=clock)
    (violation,) = violations(instance, [Entry(0, 0, (0,), 3, 5)])
    assert "starts at 3 (2026-03-02 10:00); its job is released at 5 (2026-03-02 12:00)" in (
        violation.message
    )
    (late,) = violations(instance, [Entry(0, 0, (0,), 1 << 61, (1 << 61) + 2)])
    assert f"starts at {1 << 61} while" in late.message
