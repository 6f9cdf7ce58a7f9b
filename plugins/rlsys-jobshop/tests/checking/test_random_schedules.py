"""The validator against the rules played unit by unit, on random shops with everything in them."""

from __future__ import annotations

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from minute_shop import broken_rules
from random_shops import spoilt_schedules, valid_schedules

from rlsys_jobshop.checking import Kind, violations
from rlsys_jobshop.problem import build


def kinds(found):
    """The rules, in the terms of `broken_rules`."""
    as_one = {Kind.JOB_OVERLAP: Kind.PRECEDENCE}
    return {as_one.get(violation.kind, violation.kind) for violation in found}


@settings(max_examples=80)
@given(valid_schedules())
def test_a_schedule_built_unit_by_unit_is_valid(case):
    description, entries = case
    assert violations(build(description), entries) == []
    assert broken_rules(description, entries) == set()


@pytest.mark.slow
@settings(max_examples=400)
@given(spoilt_schedules())
def test_the_validator_and_the_rules_played_unit_by_unit_agree(case):
    description, entries = case
    found = kinds(violations(build(description), entries))
    expected = broken_rules(description, entries)
    event("valid" if not expected else "invalid")
    assert bool(found) == bool(expected)
    # Once the order on a machine is broken, which setups it needs is a matter of taste.
    if expected & {Kind.MACHINE_OVERLAP, Kind.AVAILABILITY, Kind.REVERSED, Kind.NEGATIVE}:
        found, expected = found - {Kind.SETUP}, expected - {Kind.SETUP}
    # Times that run backwards take no part in the order; unit by unit they still do.
    if Kind.REVERSED in expected:
        order = {Kind.PRECEDENCE, Kind.MACHINE_OVERLAP}
        found, expected = found - order, expected - order
    assert found == expected


@settings(max_examples=40)
@given(valid_schedules(), st.data())
def test_a_dropped_operation_is_missing(case, data):
    description, entries = case
    gone = entries.pop(data.draw(st.integers(0, len(entries) - 1)))
    found = violations(build(description), entries)
    missing = [v for v in found if v.kind is Kind.MISSING]
    assert [(v.job, v.operation) for v in missing] == [(gone.job, gone.operation)]


@settings(max_examples=40)
@given(valid_schedules(), st.data())
def test_an_operation_listed_again_at_the_end_is_one_violation(case, data):
    description, entries = case
    again = data.draw(st.sampled_from(entries))
    found = violations(build(description), [*entries, again])
    assert [(v.kind, v.job, v.operation) for v in found] == [
        (Kind.DUPLICATE, again.job, again.operation)
    ]


@settings(max_examples=40)
@given(spoilt_schedules(), st.randoms(use_true_random=False))
def test_the_order_of_the_list_does_not_matter_without_zero_durations(case, random):
    description, entries = case
    instance = build(description)
    listed_once = {(e.job, e.operation): e for e in entries if e.start < e.end}
    entries = list(listed_once.values())
    before = violations(instance, entries)
    random.shuffle(entries)
    assert {(v.kind, v.job, v.operation) for v in violations(instance, entries)} == {
        (v.kind, v.job, v.operation) for v in before
    }


@settings(max_examples=50)
@given(spoilt_schedules())
def test_each_message_is_one_line_and_names_job_and_operation(case):
    description, entries = case
    for violation in violations(build(description), entries):
        assert "\n" not in violation.message
        assert violation.message.startswith(f"job {violation.job}, operation {violation.operation}")
