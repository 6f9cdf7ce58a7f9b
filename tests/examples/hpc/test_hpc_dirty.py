"""No job of a dirty trace disappears silently."""

from __future__ import annotations

import pytest
import swf
from cluster import Job
from hypothesis import given
from hypothesis import strategies as st
from swf import Comment, Record, SwfError, Trace, machine_size, usable

SIZE = Comment("MaxProcs", "16")


def job(number=1, **fields):
    usual = {
        "submit_time": 10.0 * number,
        "run_time": 60.0,
        "allocated_processors": 4,
        "requested_processors": 8,
        "requested_time": 100.0,
        "status": 1,
    }
    return Record(number, **{**usual, **fields})


def result(*records):
    jobs, counts = usable(Trace((SIZE,), records))
    assert len(jobs) + sum(counts.left_out.values()) == len(records)
    return jobs, counts.left_out, counts.noted


def test_a_clean_job_is_taken_as_it_is():
    assert result(job()) == ((Job(1, 10, 60, 100, 4),), {}, {})


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"run_time": -1}, swf.NO_RUN),
        ({"submit_time": -1}, swf.NO_SUBMIT),
        ({"allocated_processors": -1, "requested_processors": -1}, swf.NO_PROCESSORS),
        ({"allocated_processors": 0, "requested_processors": 0}, swf.NO_PROCESSORS),
        ({"allocated_processors": 17}, swf.TOO_LARGE),
        ({"status": 5, "run_time": -1}, swf.NEVER_STARTED),
        ({"status": 5, "run_time": 0, "allocated_processors": 0}, swf.NEVER_STARTED),
        (
            {"status": 5, "allocated_processors": 0, "requested_processors": -1},
            swf.NEVER_STARTED,
        ),
    ],
)
def test_a_job_that_cannot_run_is_counted(fields, reason):
    jobs, left_out, _ = result(job(1), job(2, **fields))
    assert [one.number for one in jobs] == [1]
    assert left_out == {reason: 1}


@pytest.mark.parametrize(
    ("fields", "expected", "note"),
    [
        ({"allocated_processors": -1}, Job(1, 10, 60, 100, 8), swf.FROM_REQUEST),
        ({"allocated_processors": 0}, Job(1, 10, 60, 100, 8), swf.FROM_REQUEST),
        ({"requested_time": -1}, Job(1, 10, 60, 60, 4), swf.FROM_RUN),
        ({"requested_time": 0}, Job(1, 10, 60, 60, 4), swf.FROM_RUN),
        ({"run_time": 0.0}, Job(1, 10, 0, 100, 4), swf.NO_DURATION),
        ({"run_time": 200.0}, Job(1, 10, 200, 100, 4), swf.OVERRUN),
        ({"preceding_job": 7, "think_time": 5.0}, Job(1, 10, 60, 100, 4), swf.DEPENDENT),
    ],
)
def test_a_peculiar_job_runs_and_is_noted(fields, expected, note):
    assert result(job(**fields)) == ((expected,), {}, {note: 1})


@pytest.mark.parametrize("fields", [{"requested_processors": -1}, {"status": 0}, {"status": 5}])
def test_what_ran_is_simulated_whatever_became_of_it(fields):
    assert result(job(**fields)) == ((Job(1, 10, 60, 100, 4),), {}, {})


def test_jobs_are_sorted_and_equal_times_keep_their_order():
    jobs, left_out, noted = result(
        job(1, submit_time=30), job(2, submit_time=10), job(3, submit_time=30), job(4)
    )
    assert [one.number for one in jobs] == [2, 1, 3, 4]
    assert (left_out, noted) == ({}, {swf.LATE: 1})


def test_of_jobs_with_one_number_the_first_usable_one_is_kept():
    jobs, left_out, _ = result(
        job(1, run_time=-1), job(1, run_time=5), job(1, run_time=6), job(-1), job(-1)
    )
    assert [(one.number, one.run) for one in jobs if one.number == 1] == [(1, 5)]
    assert left_out == {swf.NO_RUN: 1, swf.DUPLICATE: 1, swf.NO_SUBMIT: 2}


def test_jobs_without_a_number_are_all_kept():
    jobs, left_out, _ = result(job(-1, submit_time=1), job(-1, submit_time=2))
    assert (len(jobs), left_out) == (2, {})


def test_partial_executions_are_counted_in_the_line_of_their_job():
    """A job that was swapped out twice, as the format defines it, and its summary."""
    jobs, left_out, noted = result(
        job(1, run_time=90.0),
        job(1, run_time=30.0, status=2),
        job(1, submit_time=-1, run_time=40.0, status=2),
        job(1, submit_time=-1, run_time=20.0, status=3),
        job(2),
    )
    assert [(one.number, one.run) for one in jobs] == [(1, 90), (2, 60)]
    assert (left_out, noted) == ({swf.PART: 3}, {})


def test_partial_executions_without_such_a_line_are_put_together():
    jobs, left_out, noted = result(
        job(1, run_time=30.0, status=2),
        job(1, submit_time=-1, run_time=-1, status=2),
        job(1, submit_time=-1, run_time=20.0, allocated_processors=5, status=4),
        job(2, status=3),
        job(3, run_time=-1, status=2),
    )
    assert jobs == (Job(1, 10, 50, 100, 5), Job(2, 20, 60, 100, 4))
    assert left_out == {swf.PART: 2, swf.NO_RUN: 1}
    assert noted == {swf.MERGED: 1}


NUMBERS = st.sampled_from([-1, 1, 2, 3])
DIRTY = st.builds(
    Record,
    job_number=NUMBERS,
    submit_time=st.sampled_from([-1, 0.0, 5.0]),
    run_time=st.sampled_from([-1, 0.0, 7.5]),
    allocated_processors=st.sampled_from([-1, 0, 4, 99]),
    requested_processors=st.sampled_from([-1, 0, 4, 99]),
    requested_time=st.sampled_from([-1, 0.0, 5.0, 50.0]),
    status=st.sampled_from([-1, 0, 1, 2, 3, 4, 5]),
    preceding_job=NUMBERS,
)


@given(st.lists(DIRTY, max_size=12))
def test_every_line_is_a_job_or_is_counted(records):
    jobs, left_out, _ = result(*records)
    assert all(0 < one.processors <= 16 and one.run >= 0 <= one.requested for one in jobs)
    assert [one.submit for one in jobs] == sorted(one.submit for one in jobs)
    assert all(count > 0 for count in left_out.values())


def test_the_size_of_the_machine_comes_from_the_best_source():
    records = (job(allocated_processors=5),)
    assert machine_size(Trace((SIZE, Comment("MaxNodes", "3")), records)) == 16
    assert machine_size(Trace((Comment("MaxNodes", "3"),), records)) == 3
    assert machine_size(Trace((Comment("MaxProcs", "-1"),), records)) == 5
    with pytest.raises(SwfError, match="has neither MaxProcs nor a job with processors"):
        machine_size(Trace())
    assert usable(Trace((SIZE,), records), processors=4)[1].left_out == {swf.TOO_LARGE: 1}
