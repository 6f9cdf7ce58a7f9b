"""Schedules of ours pass the validator, or the program stops with an error of its own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from small_shops import shop, work

from rlsys.errors import ExitCode, UserError
from rlsys_jobshop.checking import InvalidSchedule, require_valid
from rlsys_jobshop.problem import Job, Machine, Schedule


def ints(*values):
    return np.array(values, dtype=np.int64)


def valid():
    instance = shop(Job((work(3, 0), work(2, 1))), Job((work(4, 0),)), machines=[Machine()] * 2)
    return Schedule(instance, ints(0, 1, 2), ints(0, 3, 3), ints(3, 5, 7), ints(0, 1, 2))


def test_a_valid_schedule_is_returned_as_it_is():
    schedule = valid()
    assert require_valid(schedule) is schedule


def test_an_invalid_schedule_is_a_bug_of_ours_that_names_the_first_violation():
    schedule = replace(valid(), start=ints(0, 2, 2), end=ints(3, 4, 6))
    with pytest.raises(InvalidSchedule) as caught:
        require_valid(schedule)
    assert caught.value.exit_code is ExitCode.BUG
    assert not isinstance(caught.value, UserError)
    assert str(caught.value) == (
        "schedule of small: 2 violations, the first is job overlap: job 0, operation 1: starts at "
        "2; operation 0 of its job runs from 0 to 3 and comes first; this is a bug in rlsys"
    )


@pytest.mark.parametrize("mode", [ints(0, 1, 1), ints(0, 1, 3), ints(-1, 1, 2)])
def test_the_mode_of_another_operation_is_found(mode):
    with pytest.raises(
        InvalidSchedule, match=r"operation \d has mode -?\d; its modes are (\d) to \1;"
    ):
        require_valid(replace(valid(), mode=mode))


@pytest.mark.parametrize("start", [ints(0, 3), np.array([0.0, 3.0, 3.5]), ints(0, 3, 3, 7)])
def test_arrays_that_are_no_schedule_are_found(start):
    with pytest.raises(InvalidSchedule, match="`start` has shape"):
        require_valid(replace(valid(), start=start))
