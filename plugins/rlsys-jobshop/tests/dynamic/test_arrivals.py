"""Jobs that arrive and jobs that are cancelled, worked by hand."""

from __future__ import annotations

import pytest
from planning import first_fit, planned, rows
from small_shops import shop, work

from rlsys.errors import UserError
from rlsys_jobshop.checking import measure, require_valid
from rlsys_jobshop.dynamic import JobArrives, JobCancelled, MachineBreaks, residual, simulate
from rlsys_jobshop.problem import FOREVER, Job

ONE = shop(Job((work(4), work(3)), due=5))
PLAN = first_fit(ONE)


def test_a_job_that_arrives_gets_the_next_number_and_is_released_then():
    left = residual(ONE, PLAN, 2, [JobArrives(2, Job((work(1),), name="rush"))])
    assert left.jobs == (0, 1)
    assert left.instance.release.tolist() == [4, 2]
    day = left.merged(first_fit(left.instance))
    assert day.schedule.instance.release.tolist() == [0, 2]
    assert day.schedule.instance.job_name(1) == "rush"


def test_a_job_that_is_announced_before_its_release_is_released_then():
    left = residual(ONE, PLAN, 2, [JobArrives(2, Job((work(1),), release=50))])
    assert left.instance.release.tolist() == [4, 50]


def test_a_job_may_arrive_after_everything_was_done():
    day = simulate(ONE, [JobArrives(100, Job((work(1),)))], first_fit).record
    assert rows(day.entries)[-1] == (1, 0, (0,), 100, 101)


def test_jobs_that_arrive_at_once_are_numbered_as_they_are_listed():
    arrivals = [JobArrives(2, Job((work(1),), name=name)) for name in ("b", "a")]
    left = residual(ONE, PLAN, 2, arrivals)
    assert [left.instance.job_name(job) for job in (1, 2)] == ["b", "a"]


def test_a_job_that_arrives_at_time_zero_is_in_the_first_plan():
    outcome = simulate(ONE, [JobArrives(0, Job((work(1),)))], first_fit)
    assert [plan.residual.instance.jobs for plan in outcome.plans] == [2]


def test_an_arrival_with_an_impossible_job_is_one_clear_line():
    for job, said in (
        (Job((work(1),), due=1), "due: 1 is before the release at 2"),
        (Job((work(1, 7),)), "there is no machine 7"),
        (Job(()), "operations: there is none"),
        (Job((work(-1),)), "duration: -1 must lie"),
    ):
        with pytest.raises(UserError, match=said) as error:
            residual(ONE, PLAN, 2, [JobArrives(2, job)])
        assert "job 1" in str(error.value)
        assert "\n" not in str(error.value)


def test_a_cancelled_job_ends_with_the_operation_that_runs():
    left = residual(ONE, PLAN, 2, [JobCancelled(2, 0)])
    assert left.instance is None
    assert rows(left.merged(None).entries) == [(0, 0, (0,), 0, 4)]


def test_a_cancelled_job_has_no_due_date_any_more():
    left = residual(ONE, PLAN, 2, [JobCancelled(2, 0)])
    day = left.merged(None)
    assert day.cancelled == (0,)
    assert day.schedule.instance.due.tolist() == [FOREVER]
    assert measure(require_valid(day.schedule)).late_jobs == 0


def test_a_job_that_is_cancelled_before_it_began_is_absent():
    two = shop(Job((work(4),)), Job((work(3),)))
    day = simulate(two, [JobCancelled(2, 1)], first_fit).record
    assert rows(day.entries) == [(0, 0, (0,), 0, 4)]
    assert (day.jobs, day.cancelled) == ((0,), (1,))
    assert day.schedule.instance.jobs == 1


def test_a_cancelled_job_frees_its_place_on_the_machine():
    three = shop(Job((work(4),)), Job((work(3),)), Job((work(2),)))
    day = simulate(three, [JobCancelled(2, 1)], first_fit).record
    assert rows(day.entries) == [(0, 0, (0,), 0, 4), (2, 0, (0,), 4, 6)]
    assert day.jobs == (0, 2)


def test_an_operation_that_pauses_is_finished_although_its_job_is_cancelled():
    pausing = shop(Job((work(4, interruptible=True), work(3))))
    events = [MachineBreaks(1, 0, 10), JobCancelled(5, 0)]
    day = simulate(pausing, events, first_fit).record
    assert rows(day.entries) == [(0, 0, (0,), 0, 13)]


def test_a_job_whose_last_operation_runs_cannot_be_cancelled_any_more():
    left = residual(ONE, PLAN, 6, [JobCancelled(6, 0)])
    day = left.merged(None)
    assert day.cancelled == ()
    assert measure(day.schedule).tardiness == 2


@pytest.mark.parametrize("again", [2, 3, 50])
def test_to_cancel_a_job_again_changes_nothing(again):
    two = shop(Job((work(4), work(3))), Job((work(1),)))
    once = simulate(two, [JobCancelled(2, 0)], first_fit).record
    twice = simulate(two, [JobCancelled(2, 0), JobCancelled(again, 0)], first_fit).record
    assert twice.entries == once.entries
    assert twice.cancelled == once.cancelled == (0,)


def test_a_job_that_arrived_can_be_cancelled_even_at_once():
    for time in (2, 3):
        events = [JobArrives(2, Job((work(9),))), JobCancelled(time, 1)]
        day = simulate(ONE, events, first_fit).record
        assert day.cancelled == (1,)
        assert rows(day.entries) == rows(PLAN.entries())


def test_a_day_on_which_nothing_ever_begins_has_no_schedule():
    outcome = simulate(ONE, [JobCancelled(0, 0)], first_fit)
    assert outcome.plans == ()
    assert outcome.record.schedule is None
    assert (outcome.record.entries, outcome.record.cancelled) == ((), (0,))


def test_the_importance_of_a_job_that_arrives_counts():
    rush = Job((work(1),), due=2, important=True)
    left = residual(ONE, PLAN, 2, [JobArrives(2, rush)])
    plan = planned(left.instance, (0, 0, 0, 4, 7), (1, 0, 0, 7, 8))
    assert measure(left.merged(plan).schedule).weighted_tardiness == 2 + 5 * 6
