"""What is left at a moment, worked by hand."""

from __future__ import annotations

import numpy as np
import pytest
from planning import first_fit, planned, rows
from small_shops import shop, work

from rlsys_jobshop.dynamic import MachineBreaks, Residual, opening, residual
from rlsys_jobshop.dynamic.sunk import latest_end, tardiness
from rlsys_jobshop.problem import FOREVER, Job, Machine

TWO = (Machine(), Machine())
# Job 0: machine 0 for 4, machine 1 for 3. Job 1: machine 0 for 2, machine 1 for 5.
FLOW = shop(Job((work(4, 0), work(3, 1))), Job((work(2, 0), work(5, 1))), machines=TWO)
PLAN = planned(FLOW, (0, 0, 0, 0, 4), (1, 0, 0, 4, 6), (0, 1, 1, 4, 7), (1, 1, 1, 7, 12))


def test_at_the_opening_everything_is_left():
    left = opening(FLOW)
    assert left.instance is FLOW
    assert (left.now, left.jobs, left.first) == (0, (0, 1), (0, 0))
    assert rows(left.merged(PLAN).entries) == rows(PLAN.entries())


def test_what_started_before_now_has_begun():
    left = residual(FLOW, PLAN, 5)
    assert rows(left.situation.begun) == [
        (0, 0, (0,), 0, 4),
        (1, 0, (0,), 4, 6),
        (0, 1, (1,), 4, 7),
    ]
    assert (left.jobs, left.first) == ((1,), (1,))


def test_what_would_start_at_this_very_moment_has_not_begun():
    left = residual(FLOW, PLAN, 4)
    assert rows(left.situation.begun) == [(0, 0, (0,), 0, 4)]
    assert (left.jobs, left.first) == ((0, 1), (1, 0))


def test_at_time_zero_nothing_has_begun():
    left = residual(FLOW, PLAN, 0)
    assert left.situation.begun == ()
    assert left.instance.operations == 4


def test_a_job_is_released_when_its_operation_that_runs_ends():
    left = residual(FLOW, PLAN, 5)
    assert left.instance.release.tolist() == [6]


def test_a_job_that_waits_keeps_the_time_since_when_it_waits():
    left = residual(FLOW, PLAN, 4)
    assert left.instance.release.tolist() == [4, 0]
    later = shop(Job((work(4, 0),)), Job((work(2, 0),), release=1), machines=TWO)
    plan = planned(later, (0, 0, 0, 0, 4), (1, 0, 0, 4, 6))
    assert residual(later, plan, 3).instance.release.tolist() == [1]


def test_a_release_that_is_still_to_come_stays():
    later = shop(Job((work(4),)), Job((work(2),), release=9))
    plan = planned(later, (0, 0, 0, 0, 4), (1, 0, 0, 9, 11))
    assert residual(later, plan, 3).instance.release.tolist() == [9]


def test_a_machine_is_available_when_it_has_ended_what_it_does_and_not_before_now():
    assert residual(FLOW, PLAN, 5).instance.available.tolist() == [6, 7]
    assert residual(FLOW, PLAN, 4).instance.available.tolist() == [4, 4]
    assert residual(FLOW, PLAN, 6).instance.available.tolist() == [6, 7]


def test_a_machine_that_is_available_later_stays_so():
    late = shop(Job((work(1, 0),)), Job((work(1, 1),)), machines=(Machine(), Machine(available=9)))
    plan = planned(late, (0, 0, 0, 0, 1), (1, 0, 1, 9, 10))
    assert residual(late, plan, 3).instance.available.tolist() == [3, 9]


def test_nothing_is_planned_before_now():
    left = residual(FLOW, PLAN, 4)
    assert first_fit(left.instance).start.min() == 4


def test_nothing_is_left_when_the_last_operation_has_begun():
    left = residual(FLOW, PLAN, 8)
    assert (left.instance, left.jobs) == (None, ())
    assert rows(left.merged(None).entries) == rows(PLAN.entries())


def test_a_plan_of_the_rest_is_merged_with_the_past_under_the_original_numbers():
    left = residual(FLOW, PLAN, 5)
    plan = planned(left.instance, (0, 0, 1, 9, 14))
    day = left.merged(plan)
    assert rows(day.entries)[-1] == (1, 1, (1,), 9, 14)
    assert day.schedule.makespan == 14
    assert day.jobs == (0, 1)


def test_going_on_in_two_steps_is_the_same_as_in_one():
    half = residual(FLOW, PLAN, 3)
    rest = planned(half.instance, (0, 0, 1, 4, 7), (1, 0, 0, 4, 6), (1, 1, 1, 7, 12))
    twice, once = half.advanced(rest, 5), residual(FLOW, PLAN, 5)
    assert twice.situation == once.situation
    assert twice.instance.release.tolist() == once.instance.release.tolist()


def test_facts_that_were_kept_lead_to_the_same_rest():
    left = residual(FLOW, PLAN, 5, [MachineBreaks(5, 0, 9)])
    again = Residual.of(left.situation)
    assert again.instance.description == left.instance.description
    assert (again.jobs, again.first) == (left.jobs, left.first)


def test_a_job_that_is_late_already_keeps_its_due_date():
    late = shop(Job((work(4), work(3)), due=2), Job((work(1),)))
    plan = planned(late, (0, 0, 0, 0, 4), (0, 1, 0, 4, 7), (1, 0, 0, 7, 8))
    left = residual(late, plan, 1)
    assert left.instance.due.tolist() == [2, FOREVER]
    assert left.merged(first_fit(left.instance)).schedule.instance.due.tolist() == [2, FOREVER]


def test_the_past_contributes_the_tardiness_of_jobs_that_are_done_and_its_latest_end():
    late = Job((work(4, 0), work(3, 1)), due=2, important=True)
    other = Job((work(9, 0), work(1, 0)), due=1)
    instance = shop(late, other, machines=TWO)
    plan = planned(instance, (0, 0, 0, 0, 4), (1, 0, 0, 4, 13), (0, 1, 1, 4, 7), (1, 1, 0, 13, 14))
    # When the second operation of job 0 has begun, it is known to be 5 late, and weighs 5.
    facts = [residual(instance, plan, now).situation for now in (0, 4, 5, 13)]
    assert [tardiness(fact) for fact in facts] == [0, 0, 25, 25]
    assert [latest_end(fact) for fact in facts] == [0, 4, 13, 13]
    done = residual(instance, plan, 14).situation
    assert tardiness(done) == 25 + 13


def test_jobs_keep_their_names_and_those_without_one_get_their_number():
    named = shop(Job((work(1),)), Job((work(4),), name="valve"), Job((work(2),)))
    plan = planned(named, (0, 0, 0, 0, 1), (1, 0, 0, 1, 5), (2, 0, 0, 5, 7))
    left = residual(named, plan, 1)
    assert [left.instance.job_name(job) for job in range(2)] == ["valve", "2"]


def test_operations_without_duration_at_one_moment_stay_in_their_order():
    zero = shop(Job((work(0),)), Job((work(0),)), Job((work(2),)))
    plan = planned(zero, (1, 0, 0, 0, 0), (0, 0, 0, 0, 0), (2, 0, 0, 0, 2))
    left = residual(zero, plan, 1)
    assert rows(left.merged(None).schedule.entries()) == rows(plan.entries())


def test_a_plan_of_another_instance_is_refused():
    left = residual(FLOW, PLAN, 5)
    with pytest.raises(ValueError, match="another instance"):
        left.advanced(PLAN, 6)
    with pytest.raises(ValueError, match="another instance"):
        left.merged(PLAN)


def test_a_missing_plan_is_refused_while_something_is_left():
    left = opening(FLOW)
    with pytest.raises(ValueError, match="give the plan"):
        left.advanced(None, 1)
    with pytest.raises(ValueError, match="give a plan"):
        left.merged(None)


def test_time_does_not_run_backwards():
    left = residual(FLOW, PLAN, 5)
    with pytest.raises(ValueError, match="4 is before 5"):
        left.advanced(first_fit(left.instance), 4)


@pytest.mark.parametrize("time", [4, 6])
def test_an_event_of_another_time_is_refused(time):
    with pytest.raises(ValueError, match="all events must be at 5"):
        residual(FLOW, PLAN, 5, [MachineBreaks(time, 0, 9)])


def test_the_instance_that_is_given_stays_as_it_is():
    before = [FLOW.release.copy(), FLOW.available.copy(), FLOW.description]
    residual(FLOW, PLAN, 5, [MachineBreaks(5, 0, 9)])
    assert np.array_equal(before[0], FLOW.release)
    assert np.array_equal(before[1], FLOW.available)
    assert before[2] is FLOW.description
