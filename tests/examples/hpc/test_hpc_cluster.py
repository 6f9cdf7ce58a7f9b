"""Schedules are what hand, brute force and an independent check say."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cluster import (
    ClusterError,
    Job,
    Placement,
    Simulation,
    bounded_slowdown,
    measure,
    simulate,
    violations,
)
from hpc_ticks import tick_starts, workloads
from hypothesis import given
from hypothesis import strategies as st
from schedulers import SCHEDULERS, best, oldest, sjf


def starts(schedule):
    return [start for _, start, _ in sorted(schedule.placements)]


def jobs_of(*rows):
    return [Job(number, *row) for number, row in enumerate(rows, start=1)]


# submit, run, requested, processors; ten processors
BY_HAND = jobs_of(
    (0, 10, 10, 6),  # starts at 0
    (1, 5, 5, 8),  # reserved for 10, leaves 2 processors
    (2, 9, 9, 3),  # would end at 11, and 3 are more than 2
    (3, 100, 100, 2),  # takes the 2 that are left over
    (4, 7, 7, 1),  # would end at 11, and nothing is left over
    (5, 5, 5, 2),  # ends at 10, just in time
)


def test_easy_backfilling_worked_by_hand():
    schedule = simulate(BY_HAND, 10, oldest)
    assert starts(schedule) == [0, 10, 15, 3, 15, 5]
    assert schedule.promises == {1: 10, 2: 15}
    assert violations(schedule) == []


def test_without_backfilling_everybody_waits_for_the_reserved_job():
    schedule = simulate(BY_HAND, 10, oldest, backfill=False)
    assert starts(schedule) == [0, 10, 15, 15, 15, 15]


def test_all_that_end_at_the_shadow_time_count_as_left_over():
    # Jobs 1 and 2 both end at 10; job 3 needs 5, so 10 - 5 - 2 = 3 stay free besides job 4's 2.
    jobs = jobs_of((0, 10, 10, 4), (0, 10, 10, 4), (1, 5, 5, 5), (2, 50, 50, 2))
    assert starts(simulate(jobs, 10, oldest)) == [0, 0, 10, 2]


def test_a_job_that_ends_early_makes_the_reserved_one_start_early():
    jobs = jobs_of((0, 4, 10, 6), (1, 5, 5, 8), (2, 7, 7, 2))
    schedule = simulate(jobs, 10, oldest)
    assert starts(schedule) == [0, 4, 2]
    assert schedule.promises == {1: 10}


def test_the_choice_is_kept_even_if_a_better_job_arrives():
    jobs = jobs_of((0, 10, 10, 10), (1, 8, 8, 10), (2, 3, 3, 10))
    assert starts(simulate(jobs, 10, best(sjf))) == [0, 10, 18]


def test_a_job_is_stopped_at_its_requested_time_unless_the_cluster_lets_it_run():
    jobs = jobs_of((0, 10, 4, 1), (1, 2, 2, 1))
    stopped = simulate(jobs, 1, oldest)
    assert starts(stopped) == [0, 4]
    assert stopped.placements[0].end == 4
    let = simulate(jobs, 1, oldest, kill=False)
    assert starts(let) == [0, 10]
    assert let.promises == {1: 4}, "and a promise may break"
    assert violations(stopped) == violations(let) == []


def test_jobs_that_overrun_are_expected_to_end_any_moment():
    jobs = jobs_of(
        (0, 20, 4, 5),
        (0, 20, 6, 3),
        (1, 3, 3, 6),  # reserved for 4, leaves 1 processor
        (2, 5, 50, 2),  # more than 1; but at 8, both running jobs may end, which leaves 4
        (8, 1, 1, 9),
    )
    schedule = simulate(jobs, 10, oldest, kill=False)
    assert starts(schedule) == [0, 0, 20, 8, 23]
    assert tick_starts(jobs, 10, backfill=True, kill=False) == starts(schedule)


def test_runs_of_no_time_take_none():
    jobs = jobs_of((0, 0, 0, 2), (0, 0, 5, 2), (0, 3, 3, 2))
    schedule = simulate(jobs, 2, oldest)
    assert starts(schedule) == [0, 0, 0]
    assert violations(schedule) == []


def test_no_jobs_need_no_choice():
    assert Simulation([], 4).needs_choice() is False
    assert Simulation([], 4).schedule().placements == ()


@given(workloads(), st.booleans(), st.booleans())
def test_first_come_first_served_equals_brute_force(drawn, backfill, kill):
    jobs, processors = drawn
    schedule = simulate(jobs, processors, oldest, backfill=backfill, kill=kill)
    assert starts(schedule) == tick_starts(jobs, processors, backfill=backfill, kill=kill)


@given(workloads(), st.booleans(), st.booleans())
def test_shortest_job_first_equals_brute_force(drawn, backfill, kill):
    jobs, processors = drawn
    schedule = simulate(jobs, processors, best(sjf), backfill=backfill, kill=kill, order=sjf)
    twin = tick_starts(
        jobs, processors, backfill=backfill, kill=kill, key=lambda job, _now: job.requested
    )
    assert starts(schedule) == twin


@given(workloads(most_jobs=14, shortest=0), st.sampled_from(sorted(SCHEDULERS)), st.booleans())
def test_every_schedule_is_possible(drawn, name, kill):
    jobs, processors = drawn
    schedule = SCHEDULERS[name].run(jobs, processors, kill=kill)
    assert violations(schedule) == []


@given(workloads(most_jobs=14), st.sampled_from(sorted(SCHEDULERS)), st.booleans())
def test_a_promise_is_kept(drawn, name, kill):
    """The reserved job starts when it was promised or earlier, if no job overruns."""
    jobs, processors = drawn
    if not kill:
        jobs = [replace(job, run=min(job.run, job.requested)) for job in jobs]
    schedule = SCHEDULERS[name].run(jobs, processors, kill=kill)
    begun = starts(schedule)
    assert all(begun[index] <= promise for index, promise in schedule.promises.items())


@given(workloads(most_jobs=14))
def test_first_come_first_served_starts_in_order(drawn):
    jobs, processors = drawn
    begun = starts(simulate(jobs, processors, oldest, backfill=False))
    assert begun == sorted(begun)


@given(workloads(most_jobs=14), st.sampled_from(sorted(SCHEDULERS)))
def test_the_machine_is_never_empty_while_a_job_waits(drawn, name):
    jobs, processors = drawn
    schedule = SCHEDULERS[name].run(jobs, processors)
    for index, begun, _ in schedule.placements:
        for time in range(int(jobs[index].submit), int(begun)):
            assert any(start <= time < end for _, start, end in schedule.placements)


@given(workloads(most_jobs=14, honest=True))
def test_backfilling_leaves_no_job_that_fits_when_all_are_alike(drawn):
    """Jobs that take one processor never wait while one is free."""
    jobs, processors = drawn
    jobs = [replace(job, processors=1) for job in jobs]
    schedule = simulate(jobs, processors, oldest)
    for index, begun, _ in schedule.placements:
        for time in range(int(jobs[index].submit), int(begun)):
            assert sum(start <= time < end for _, start, end in schedule.placements) == processors


def test_the_check_finds_every_fault():
    schedule = simulate(BY_HAND, 10, oldest)
    first, *others = schedule.placements

    def faults(*placements):
        return violations(replace(schedule, placements=placements))

    assert faults(*others) == ["job 1 runs 0 times"]
    assert "job 1 runs 2 times" in faults(first, first, *others)
    assert faults(Placement(0, -1, 9), *others) == ["job 1 starts at -1, before 0"]
    assert "job 1 runs from 0 to 9, not in one piece" in faults(Placement(0, 0, 9), *others)
    assert "14 of 10 processors are used at 1" in violations(
        replace(
            simulate(BY_HAND[:2], 10, oldest),
            placements=(Placement(0, 0, 10), Placement(1, 1, 6)),
        )
    )


@pytest.mark.parametrize(
    ("jobs", "processors", "fault"),
    [
        (jobs_of((0, 1, 1, 5)), 4, "job 1 needs 5 processors; must be in 1..4"),
        (jobs_of((0, 1, 1, 0)), 4, "job 1 needs 0 processors"),
        (jobs_of((0, -1, 1, 1)), 4, "job 1: the run time must be 0 or more, not -1"),
        (jobs_of((0, 1, float("nan"), 1)), 4, "job 1: the requested time must be 0 or more"),
        (jobs_of((5, 1, 1, 1), (4, 1, 1, 1)), 4, "job 2 is not in the order"),
        (jobs_of((float("nan"), 1, 1, 1)), 4, "job 1 is not in the order"),
        ([], 0, "needs 1 processor or more, not 0"),
    ],
)
def test_impossible_jobs_are_refused(jobs, processors, fault):
    with pytest.raises(ClusterError, match=fault):
        Simulation(jobs, processors)


def test_impossible_choices_are_refused():
    simulation = Simulation(jobs_of((0, 5, 5, 2), (0, 5, 5, 2), (0, 5, 5, 2)), 2)
    with pytest.raises(ClusterError, match="position 0 cannot be chosen: 0 jobs are waiting"):
        simulation.choose(0)
    assert simulation.needs_choice()
    for position in (-1, 3):
        with pytest.raises(ClusterError, match=f"position {position} cannot be chosen: 3 jobs"):
            simulation.choose(position)
    simulation.choose(0)
    simulation.choose(0)
    with pytest.raises(ClusterError, match="and one is reserved"):
        simulation.choose(0)
    with pytest.raises(ClusterError, match="3 jobs have not ended"):
        simulation.schedule()


def test_metrics_worked_by_hand():
    # Job 1 runs 0-20; job 2 waits 15 and runs 5; both take 1 of 2 processors, in turn.
    jobs = jobs_of((0, 20, 20, 2), (5, 5, 5, 1))
    found = measure(simulate(jobs, 2, oldest))
    assert found.slowdown == pytest.approx((1 + (15 + 5) / 10) / 2)
    assert (found.mean_wait, found.max_wait, found.makespan) == (7.5, 15, 25)
    assert found.utilisation == pytest.approx((40 + 5) / 50)


def test_the_bounded_slowdown_has_its_bounds():
    assert bounded_slowdown(0, 0) == 1, "never below 1"
    assert bounded_slowdown(0, 3) == 1
    assert bounded_slowdown(9, 1) == 1, "10 s are not slow for anybody"
    assert bounded_slowdown(90, 10) == 10
    assert bounded_slowdown(100, 0) == 10
    assert bounded_slowdown(300, 100) == 4
