"""What holds for every day: random shops with everything in them, events, and random plans."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st
from minute_shop import HORIZON, Minutes, broken_rules
from planning import at_random
from random_days import days

from rlsys.errors import UserError
from rlsys_jobshop.checking import violations
from rlsys_jobshop.dynamic import JobArrives, JobCancelled, MachineBreaks, residual, simulate
from rlsys_jobshop.dynamic.record import schedule_of
from rlsys_jobshop.problem import build

pytestmark = pytest.mark.slow
seeds = st.integers(0, 1000)


def built(description):
    """The instance; some random ones cannot be scheduled at all."""
    try:
        return build(description)
    except UserError:
        assume(False)


def play(description, events, seed):
    instance = built(description)
    try:
        outcome = simulate(instance, events, at_random(seed))
    except UserError:
        # A breakdown may leave too little of the short windows, or a random plan waste them.
        assume(False)
    event(f"{len(outcome.plans)} plans")
    event(f"{len(outcome.record.lost)} attempts lost")
    return outcome


@settings(max_examples=60, deadline=None)
@given(days(), seeds)
def test_the_day_keeps_the_rules_played_unit_by_unit(day, seed):
    description, events = day
    record = play(description, events, seed).record
    if record.schedule is not None:
        whole = record.schedule.instance.description
        assert broken_rules(whole, record.schedule.entries()) == set()


@settings(max_examples=40, deadline=None)
@given(days(), seeds)
def test_the_problem_of_the_day_is_the_given_one_with_its_events(day, seed):
    description, events = day
    record = play(description, events, seed).record
    assume(record.schedule is not None)
    whole = record.schedule.instance.description
    arrivals = [e for e in events if isinstance(e, JobArrives)]
    jobs = [
        *description.jobs,
        *(replace(e.job, release=max(e.time, e.job.release)) for e in arrivals),
    ]
    for job, number in zip(whole.jobs, record.jobs, strict=False):
        assert job.release == jobs[number].release
        done = jobs[number].operations[: len(job.operations)]
        assert [o.family for o in job.operations] == [o.family for o in done]
        assert [o.interruptible for o in job.operations] == [o.interruptible for o in done]
    planned, closed = Minutes(description), Minutes(whole)
    for machine in range(len(description.machines)):
        down = {
            time
            for e in events
            if isinstance(e, MachineBreaks) and e.machine == machine
            for time in range(e.time, e.until)
        }
        expected = [planned.open[machine][time] and time not in down for time in range(HORIZON)]
        assert closed.open[machine] == expected


@settings(max_examples=60, deadline=None)
@given(days(), seeds)
def test_nothing_that_has_begun_is_changed(day, seed):
    outcome = play(*day, seed)
    facts = [plan.residual.situation for plan in outcome.plans]
    later = [*((one.begun, one.lost) for one in facts[1:])]
    later.append((outcome.record.entries, outcome.record.lost))
    for plan, (begun, lost) in zip(outcome.plans, later, strict=True):
        now = plan.residual.now
        until = min((e.time for e in day[1] if e.time > now), default=math.inf)
        followed = [e for e in plan.residual.entries(plan.schedule) if e.start < until]
        kept, given_up = (
            {(e.job, e.operation, e.machines, e.start): e.end for e in entries}
            for entries in (begun, lost)
        )
        for entry in (*plan.residual.situation.begun, *followed):
            key = (entry.job, entry.operation, entry.machines, entry.start)
            if key in given_up:
                assert key not in kept
                assert given_up[key] < entry.end
            else:
                assert kept[key] >= entry.end


@settings(max_examples=60, deadline=None)
@given(days(), seeds)
def test_of_a_cancelled_job_nothing_begins_and_all_others_are_done(day, seed):
    description, events = day
    record = play(description, events, seed).record
    jobs = [*description.jobs, *(e.job for e in events if isinstance(e, JobArrives))]
    since = {}
    for one in events:
        if isinstance(one, JobCancelled):
            since.setdefault(one.job, one.time)
    for entry in (*record.entries, *record.lost):
        assert entry.start < since.get(entry.job, 10**9)
    done = [(entry.job, entry.operation) for entry in record.entries]
    assert len(done) == len(set(done))
    for number, job in enumerate(jobs):
        count = len([1 for j, _ in done if j == number])
        assert set(done) >= {(number, index) for index in range(count)}
        assert count == len(job.operations) or number in record.cancelled
        assert number in since or number not in record.cancelled


@settings(max_examples=60, deadline=None)
@given(days(), days(), seeds)
def test_no_scheduler_sees_the_future(day, other, seed):
    description, events = day
    assume(events)
    change = events[len(events) // 2].time
    machines = len(description.machines)
    elsewhere = [
        e
        for e in other[1]
        if e.time >= change and isinstance(e, MachineBreaks) and e.machine < machines
    ]
    early = [e for e in events if e.time < change]
    first = play(description, events, seed)
    second = play(description, [*early, *elsewhere], seed)

    def begun(outcome):
        tried = (*outcome.record.entries, *outcome.record.lost)
        return {(e.job, e.operation, e.machines, e.start) for e in tried if e.start < change}

    def plans(outcome):
        made = [plan for plan in outcome.plans if plan.residual.now < change]
        return [plan.residual.entries(plan.schedule) for plan in made]

    assert begun(first) == begun(second)
    assert plans(first) == plans(second)


@settings(max_examples=20, deadline=None)
@given(days(), seeds)
def test_the_same_day_played_again_is_the_same(day, seed):
    assert play(*day, seed).record.entries == play(*day, seed).record.entries


@settings(max_examples=40, deadline=None)
@given(days(), st.integers(0, 40), seeds)
def test_a_moment_without_events_leaves_a_plan_that_can_be_followed(day, now, seed):
    instance = built(day[0])
    try:
        plan = at_random(seed)(instance)
    except UserError:
        assume(False)
    left = residual(instance, plan, now)
    assume(left.instance is not None)
    place = {number: position for position, number in enumerate(left.jobs)}
    rest = [
        replace(e, job=place[e.job], operation=e.operation - left.first[place[e.job]])
        for e in plan.entries()
        if e.start >= now
    ]
    assert violations(left.instance, rest) == []
    assert left.merged(schedule_of(left.instance, rest)).entries == tuple(plan.entries())
