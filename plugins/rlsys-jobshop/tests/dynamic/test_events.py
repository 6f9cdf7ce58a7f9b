"""Events that cannot be: one clear line for each."""

from __future__ import annotations

import math

import pytest
from planning import first_fit
from small_shops import shop, work

from rlsys.errors import UserError
from rlsys_jobshop.dynamic import JobArrives, JobCancelled, MachineBreaks, simulate
from rlsys_jobshop.dynamic.events import by_time
from rlsys_jobshop.problem import Job

ONE = shop(Job((work(4),)))
NEW = Job((work(1),))

WRONG = {
    "a time before 0": (JobArrives(-1, NEW), "JobArrives at -1: time: -1 must lie between 0"),
    "a fraction": (JobCancelled(1.5, 0), "time: 1.5 is not a whole number"),
    "no number": (JobCancelled(math.nan, 0), "time: nan is not a whole number"),
    "a text": (JobCancelled("1", 0), "time: '1' is not a whole number"),
    "a boolean": (JobCancelled(True, 0), "time: True is not a whole number"),
    "an unknown machine": (MachineBreaks(1, 1, 2), "machine: there is no machine 1; 0 to 0 are"),
    "a negative machine": (MachineBreaks(1, -1, 2), "machine: -1 must lie between 0"),
    "an unknown job": (JobCancelled(1, 1), "job: there is no job 1; 0 to 0 are known then"),
    "a repair that ends as it begins": (MachineBreaks(3, 0, 3), "until: 3 must be after"),
    "a repair that ends before": (MachineBreaks(3, 0, 2), "until: 2 must be after"),
    "an endless repair": (MachineBreaks(3, 0, math.inf), "until: inf is not a whole number"),
    "a repair beyond all times": (MachineBreaks(3, 0, 1 << 50), "must lie between 0 and"),
}


@pytest.mark.parametrize(("event", "said"), WRONG.values(), ids=WRONG)
def test_an_impossible_event_is_one_clear_line(event, said):
    with pytest.raises(UserError) as error:
        simulate(ONE, [event], first_fit)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_a_job_cannot_be_cancelled_before_it_arrives():
    with pytest.raises(UserError, match="0 to 0 are known then"):
        simulate(ONE, [JobArrives(5, NEW), JobCancelled(4, 1)], first_fit)


def test_an_impossible_event_is_found_before_anything_is_planned():
    asked = []
    with pytest.raises(UserError):
        simulate(ONE, [JobCancelled(2, 0), MachineBreaks(90, 4, 99)], asked.append)
    assert asked == []


def test_events_are_played_by_time_and_listed_in_any_order():
    early, late = JobArrives(2, Job((work(1),), name="early")), JobArrives(5, NEW)
    assert by_time([late, early]) == [(2, [early]), (5, [late])]
    both = simulate(ONE, [late, early], first_fit).record
    assert both.entries == simulate(ONE, [early, late], first_fit).record.entries


def test_events_of_one_moment_make_one_plan():
    events = [JobArrives(2, NEW), MachineBreaks(2, 0, 4), JobArrives(2, NEW)]
    assert len(simulate(ONE, events, first_fit).plans) == 2
