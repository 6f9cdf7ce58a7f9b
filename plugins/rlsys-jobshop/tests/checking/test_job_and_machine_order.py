"""Order within a job, one operation at a time on a machine, release and availability."""

from __future__ import annotations

import pytest
from small_shops import broken, entries, shop, work

from rlsys_jobshop.checking import Kind, violations
from rlsys_jobshop.problem import Job, Machine

TWO = (Machine(), Machine(name="lathe"))


def test_a_schedule_without_gaps_is_valid():
    jobs = [Job((work(3, 0), work(2, 1))), Job((work(2, 1), work(4, 0)))]
    instance = shop(*jobs, machines=TWO)
    rows = [(0, 0, 0, 0, 3), (1, 0, 1, 0, 2), (0, 1, 1, 3, 5), (1, 1, 0, 3, 7)]
    assert broken(instance, *rows) == []
    assert broken(instance, *reversed(rows)) == []


def test_the_second_operation_does_not_come_first():
    instance = shop(Job((work(3, 0), work(2, 1))), machines=TWO)
    assert broken(instance, (0, 0, 0, 2, 5), (0, 1, 1, 0, 2)) == [Kind.PRECEDENCE]


@pytest.mark.parametrize("start", [3, 2, 4])
def test_two_operations_of_a_job_do_not_overlap(start):
    instance = shop(Job((work(3, 0), work(2, 1))), machines=TWO)
    (violation,) = violations(instance, entries((0, 0, 0, 2, 5), (0, 1, 1, start, start + 2)))
    assert violation.kind is Kind.JOB_OVERLAP
    assert violation.operation == 1
    assert f"starts at {start}; operation 0 of its job runs from 2 to 5" in violation.message


def test_operations_are_numbered_within_their_job():
    instance = shop(Job((work(1, 0),)), Job((work(1, 0), work(3, 0), work(2, 1))), machines=TWO)
    rows = [(0, 0, 0, 0, 1), (1, 0, 0, 1, 2), (1, 1, 0, 2, 5), (1, 2, 1, 4, 6)]
    (violation,) = violations(instance, entries(*rows))
    assert (violation.job, violation.operation) == (1, 2)
    assert violation.message == (
        "job 1, operation 2: starts at 4; operation 1 of its job runs from 2 to 5 and comes first"
    )


def test_an_operation_is_held_against_all_before_it_in_its_job():
    """The third starts after the second, but while the first still runs."""
    jobs = Job((work(10, 0), work(1, 1), work(1, 1)))
    found = violations(
        shop(jobs, machines=TWO), entries((0, 0, 0, 0, 10), (0, 1, 1, 2, 3), (0, 2, 1, 5, 6))
    )
    assert [(v.kind, v.operation) for v in found] == [(Kind.JOB_OVERLAP, 1), (Kind.JOB_OVERLAP, 2)]


def test_an_operation_without_duration_does_not_lie_inside_another_of_its_job():
    instance = shop(Job((work(3, 0), work(0, 1))), machines=TWO)
    assert broken(instance, (0, 0, 0, 0, 3), (0, 1, 1, 3, 3)) == []
    assert broken(instance, (0, 0, 0, 0, 3), (0, 1, 1, 2, 2)) == [Kind.JOB_OVERLAP]
    assert broken(instance, (0, 0, 0, 0, 3), (0, 1, 1, 0, 0)) == [Kind.PRECEDENCE]


def test_a_job_that_visits_a_machine_twice_is_valid():
    instance = shop(Job((work(1, 0), work(1, 1), work(1, 0), work(1, 0))), machines=TWO)
    rows = [(0, 0, 0, 0, 1), (0, 1, 1, 1, 2), (0, 2, 0, 2, 3), (0, 3, 0, 3, 4)]
    assert broken(instance, *rows) == []


def test_a_machine_does_one_operation_at_a_time():
    instance = shop(Job((work(3),)), Job((work(3),)), machines=[Machine(name="lathe")])
    assert broken(instance, (0, 0, 0, 0, 3), (1, 0, 0, 3, 6)) == []
    (violation,) = violations(instance, entries((1, 0, 0, 2, 5), (0, 0, 0, 0, 3)))
    assert violation.kind is Kind.MACHINE_OVERLAP
    assert violation.message == (
        "job 1, operation 0: starts at 2 on machine 0 (lathe); job 0, operation 0 occupies it from "
        "0 to 3"
    )


def test_all_operations_that_collide_with_a_long_one_are_reported():
    instance = shop(Job((work(9),)), *[Job((work(1),)) for _ in range(3)])
    rows = [(0, 0, 0, 0, 9), (1, 0, 0, 1, 2), (2, 0, 0, 5, 6), (3, 0, 0, 9, 10)]
    found = violations(instance, entries(*rows))
    assert [(v.kind, v.job) for v in found] == [
        (Kind.MACHINE_OVERLAP, 1),
        (Kind.MACHINE_OVERLAP, 2),
    ]


def test_an_operation_without_duration_may_touch_another_but_not_lie_inside():
    instance = shop(Job((work(3),)), Job((work(0),)))
    for time, kinds in {2: [], 3: [Kind.MACHINE_OVERLAP], 4: [Kind.MACHINE_OVERLAP], 5: []}.items():
        assert broken(instance, (0, 0, 0, 2, 5), (1, 0, 0, time, time)) == kinds, time
        assert broken(instance, (1, 0, 0, time, time), (0, 0, 0, 2, 5)) == kinds, time


def test_an_overlap_on_two_machines_is_reported_for_each():
    instance = shop(Job((work(3, 0, 1),)), Job((work(3, 0, 1),)), machines=TWO)
    found = violations(instance, entries((0, 0, (0, 1), 0, 3), (1, 0, (1, 0), 1, 4)))
    assert [(v.kind, v.machine) for v in found] == [
        (Kind.MACHINE_OVERLAP, 0),
        (Kind.MACHINE_OVERLAP, 1),
    ]


def test_no_operation_starts_before_its_job_is_released():
    instance = shop(Job((work(1), work(1)), release=4))
    assert broken(instance, (0, 0, 0, 4, 5), (0, 1, 0, 5, 6)) == []
    assert broken(instance, (0, 0, 0, 2, 3), (0, 1, 0, 3, 4)) == [Kind.RELEASE, Kind.RELEASE]


def test_no_operation_starts_before_its_machine_is_available():
    instance = shop(Job((work(1),)), Job((work(0),)), machines=[Machine(available=4)])
    assert broken(instance, (0, 0, 0, 4, 5), (1, 0, 0, 4, 4)) == []
    assert broken(instance, (0, 0, 0, 3, 4), (1, 0, 0, 3, 3)) == [Kind.AVAILABILITY] * 2


def test_a_due_date_limits_nothing():
    assert broken(shop(Job((work(5),), due=1)), (0, 0, 0, 0, 5)) == []
