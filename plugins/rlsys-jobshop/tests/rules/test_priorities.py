"""The priorities of each rule, worked out by hand; and which of equal candidates goes first."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlsys_jobshop.problem import FOREVER
from rlsys_jobshop.rules.priorities import ATC_LOOK_AHEAD, chosen
from rlsys_jobshop.rules.rule import RULES
from rlsys_jobshop.simulator import Facts

USUAL = {
    "present": True,
    "duration": 5,
    "start": 10,
    "end": 15,
    "ready": 10,
    "release": 0,
    "due": 100,
    "weight": 1,
    "work": 20,
    "operations": 3,
}


def facts(*candidates):
    """One copy's candidates, given as changes of a usual one."""
    rows = [{**USUAL, **changes} for changes in candidates]
    return Facts(**{name: np.array([[row[name] for row in rows]]) for name in USUAL})


def order(name, *candidates):
    """The positions of the candidates, from the first to go to the last."""
    known = facts(*candidates)
    return np.argsort(RULES[name].priority(known)[0], kind="stable").tolist()


@pytest.mark.parametrize(
    ("name", "column", "values", "expected"),
    [
        ("fifo", "ready", [9, 3, 7], [1, 2, 0]),
        ("spt", "duration", [4, 9, 0], [2, 0, 1]),
        ("mwkr", "work", [4, 9, 5], [1, 2, 0]),
        ("mopnr", "operations", [1, 3, 2], [1, 2, 0]),
        ("importance-due", "due", [30, FOREVER, 20], [2, 0, 1]),
        ("importance-due", "due", [(1 << 40) - 1, FOREVER, 1 << 40], [0, 2, 1]),
        ("atc", "due", [30, FOREVER, 50], [0, 1, 2]),
        ("atc", "duration", [4, 9, 2], [2, 0, 1]),
        ("atc", "weight", [1, 5, 3], [1, 2, 0]),
        ("first-fit", "end", [30, 20, 10], [0, 1, 2]),
    ],
)
def test_the_rule_orders_by_its_number(name, column, values, expected):
    assert order(name, *({column: value} for value in values)) == expected


@pytest.mark.parametrize("weight", [2, 5, 1000])
def test_important_jobs_go_before_all_others_and_among_them_by_due_date_to_the_unit(weight):
    candidates = [
        {"due": 1},
        {"due": 1_000_001, "weight": weight},
        {"due": FOREVER, "weight": weight},
        {"due": 1_000_000, "weight": weight},
        {"due": 2},
        {"due": FOREVER},
    ]
    assert order("importance-due", *candidates) == [3, 1, 2, 0, 4, 5]


values = st.fixed_dictionaries(
    {
        "duration": st.integers(1, 99),
        "start": st.integers(0, 500),
        "due": st.one_of(st.just(FOREVER), st.integers(0, 2000)),
        "weight": st.sampled_from([1, 5]),
        "work": st.integers(1, 500),
    }
)


@given(st.lists(values, min_size=1, max_size=6))
def test_atc_is_the_logarithm_of_the_formula(candidates):
    mean = sum(c["duration"] for c in candidates) / len(candidates)
    priorities = RULES["atc"].priority(facts(*candidates))[0]
    for one, priority in zip(candidates, priorities, strict=True):
        slack = 0 if one["due"] == FOREVER else one["due"] - one["work"] - one["start"]
        urgency = math.exp(-max(0, slack) / (ATC_LOOK_AHEAD * mean))
        if urgency > 0:
            cost = one["weight"] / one["duration"] * urgency
            assert math.exp(-priority) == pytest.approx(cost, rel=1e-9)


@given(st.lists(values, min_size=1, max_size=6))
def test_wmdd_is_the_later_of_due_date_and_earliest_end_over_the_weight(candidates):
    priorities = RULES["wmdd"].priority(facts(*candidates))[0]
    for one, priority in zip(candidates, priorities, strict=True):
        if one["due"] == FOREVER:
            assert priority == FOREVER
        else:
            modified = max(one["due"], one["start"] + one["work"]) - one["start"]
            assert priority == pytest.approx(modified / one["weight"], rel=1e-12)


def test_wmdd_puts_what_is_late_anyway_by_its_work_and_what_is_not_by_its_due_date():
    late = [{"due": 10, "start": 50, "work": work} for work in (40, 30)]
    early = [{"due": due, "start": 50, "work": 1} for due in (200, 60)]
    assert order("wmdd", *late, *early) == [3, 1, 0, 2]


def test_atc_takes_the_mean_over_those_that_are_there():
    alone = RULES["atc"].priority(facts({"due": 90}))[0, 0]
    padded = RULES["atc"].priority(facts({"due": 90}, {"present": False, "duration": 10**6}))[0, 0]
    assert padded == alone


def test_atc_orders_also_where_its_formula_underflows():
    assert order("atc", {"due": 10**7}, {"due": 10**6}) == [1, 0]


def test_operations_without_duration_have_a_finite_cost():
    priorities = RULES["atc"].priority(facts({"duration": 0}, {"duration": 0}))
    assert np.isfinite(priorities).all()


@pytest.mark.parametrize(
    ("priorities", "ends", "expected"),
    [([2, 1, 3], [9, 9, 9], 1), ([1, 1, 2], [9, 7, 3], 1), ([1, 1, 1], [7, 8, 7], 0)],
)
def test_of_equal_candidates_the_first_to_end_goes_first_then_the_first_listed(
    priorities, ends, expected
):
    known = facts(*({"end": end} for end in ends))
    assert chosen(known, np.array([priorities], float)) == [expected]


def test_what_is_no_candidate_is_never_chosen():
    known = facts({"present": False}, {"end": 99}, {"present": False})
    assert chosen(known, np.array([[-9.0, 5.0, -np.inf]])) == [1]
