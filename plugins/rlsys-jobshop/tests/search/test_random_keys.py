"""Hill climbing over random keys: what it returns for every kind of problem."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_shops import descriptions

from rlsys.errors import UserError
from rlsys_jobshop.checking import measure, require_valid
from rlsys_jobshop.instances import classic
from rlsys_jobshop.problem import (
    Calendar,
    Description,
    ImpossibleInstance,
    Job,
    Machine,
    Mode,
    Operation,
    build,
)
from rlsys_jobshop.search import random_keys


@st.composite
def shops(draw):
    """Small shops with everything, and due dates."""
    description = draw(descriptions())
    jobs = tuple(
        replace(job, due=job.release + draw(st.integers(0, 9)), important=draw(st.booleans()))
        if draw(st.booleans())
        else job
        for job in description.jobs
    )
    try:
        return build(replace(description, jobs=jobs))
    except ImpossibleInstance:
        return build(Description("plain", (Job((Operation((Mode(1, (0,)),)),)),), (Machine(),)))


def goals(schedule):
    """What counts for each objective, as the judge of schedules measures it."""
    found = measure(schedule)
    return {"makespan": found.makespan, "weighted-tardiness": found.weighted_tardiness}


objectives = st.sampled_from(["makespan", "weighted-tardiness"])


@settings(max_examples=60, deadline=None)
@given(shops(), objectives, st.integers(0, 200))
def test_schedules_are_valid_and_never_worse_than_the_rules(instance, objective, evaluations):
    rules = require_valid(random_keys(instance, evaluations=0, objective=objective))
    found = require_valid(random_keys(instance, evaluations=evaluations, objective=objective))
    assert goals(found)[objective] <= goals(rules)[objective]


@settings(max_examples=60, deadline=None)
@given(shops(), objectives, objectives)
def test_a_start_is_never_made_worse(instance, before, objective):
    start = random_keys(instance, evaluations=20, seed=1, objective=before)
    # A start may be later than it needs to be.
    found = require_valid(random_keys(instance, evaluations=30, start=start, objective=objective))
    assert goals(found)[objective] <= goals(start)[objective]


def test_a_start_that_wastes_time_is_improved_at_once():
    instance = classic("ft06")
    start = random_keys(instance, evaluations=0, objective="makespan")
    late = replace(start, start=start.start + 100, end=start.end + 100)
    found = random_keys(instance, evaluations=0, start=late, objective="makespan")
    assert found.makespan == start.makespan


def test_ft06_is_solved_from_some_seed():
    instance = classic("ft06")
    found = [
        require_valid(random_keys(instance, evaluations=3_000, seed=seed, objective="makespan"))
        for seed in range(8)
    ]
    assert min(schedule.makespan for schedule in found) == 55


def test_the_same_seed_gives_the_same_schedule():
    one, other, third = (
        random_keys(classic("la21"), evaluations=500, seed=seed, objective="makespan")
        for seed in (3, 3, 4)
    )
    assert np.array_equal(one.start, other.start)
    assert not np.array_equal(one.start, third.start)


def test_the_important_job_goes_first_where_only_one_can_be_on_time():
    jobs = [Job((Operation((Mode(4, (0,)),)),), due=4) for _ in range(4)]
    jobs[2] = replace(jobs[2], important=True)
    instance = build(Description("one machine", tuple(jobs), (Machine(),)))
    found = random_keys(instance, evaluations=200)
    assert found.start[2] == 0
    assert goals(found)["weighted-tardiness"] == 4 + 8 + 12


def test_between_equal_schedules_the_other_objective_decides():
    jobs = [Job((Operation((Mode(time, (0,)), Mode(9, (1,)))),)) for time in (5, 6)]
    instance = build(Description("no due dates", tuple(jobs), (Machine(), Machine())))
    found = random_keys(instance, evaluations=200)
    assert found.makespan == 9


def test_at_the_deadline_it_returns_the_best_so_far(stepping_clock):
    instance = classic("ta01")
    rules = random_keys(instance, evaluations=0, objective="makespan")
    found = random_keys(instance, seconds=60, clock=stepping_clock, objective="makespan")
    assert require_valid(found).makespan < rules.makespan


def test_ctrl_c_ends_it_and_leaves_nothing_behind(interrupted_clock):
    instance = classic("la21")
    before = random_keys(instance, evaluations=100)
    with pytest.raises(KeyboardInterrupt):
        random_keys(instance, seconds=100, clock=interrupted_clock)
    assert np.array_equal(random_keys(instance, evaluations=100).start, before.start)


def test_calendars_that_end_before_the_work_are_one_clear_line():
    job = Job((Operation((Mode(4, (0,)),)),))
    machine = Machine(calendar=Calendar.of([(0, 7)]))
    instance = build(Description("short", (job, job), (machine,)))
    with pytest.raises(UserError, match=r"short: .*\(the first at 7\)") as raised:
        random_keys(instance, evaluations=10)
    assert "\n" not in str(raised.value)


def test_a_negative_seed_is_refused():
    with pytest.raises(UserError, match="seed is -1"):
        random_keys(classic("ft06"), evaluations=1, seed=-1)


def test_an_unknown_objective_is_named():
    with pytest.raises(UserError, match="did you mean 'makespan'"):
        random_keys(classic("ft06"), evaluations=1, objective="makespam")
