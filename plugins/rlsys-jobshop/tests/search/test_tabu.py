"""Tabu search: published optima, and what it keeps to."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlsys.errors import UserError
from rlsys_jobshop.checking import require_valid
from rlsys_jobshop.instances import classic
from rlsys_jobshop.problem import build
from rlsys_jobshop.search import improve_orders, tabu
from rlsys_jobshop.search.serial import order_of


@pytest.mark.parametrize(
    ("name", "optimum"),
    [("ft06", 55), ("la01", 666), ("la02", 655), ("la03", 597), ("la04", 590), ("la05", 593)],
)
def test_it_finds_the_published_optimum(name, optimum):
    schedule = require_valid(tabu(classic(name), iterations=50_000))
    assert schedule.makespan == optimum


@pytest.mark.slow
@pytest.mark.parametrize(("name", "optimum"), [("ft10", 930), ("la16", 945), ("la21", 1046)])
def test_it_comes_within_a_percent_of_harder_ones(name, optimum):
    schedule = require_valid(tabu(classic(name), iterations=300_000))
    assert optimum <= schedule.makespan <= 1.01 * optimum


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_its_schedule_is_valid_and_never_worse_than_the_start(classic_shops, data):
    instance = data.draw(classic_shops)
    start = tabu(instance, iterations=0)
    found = require_valid(tabu(start, iterations=data.draw(st.integers(0, 300))))
    assert found.makespan <= start.makespan


@pytest.mark.parametrize(
    ("jobs", "optimum"),
    [
        ([[(0, 3)], [(0, 1)], [(0, 2)]], 6),
        ([[(0, 3), (1, 2), (0, 4), (1, 1)]], 10),
        ([[(0, 0)], [(0, 0), (1, 0)]], 0),
        # Machine 1 works from 0 to 11 at best, and an operation of 1 must follow on machine 2.
        ([[(0, 2), (1, 3), (2, 1), (1, 3), (2, 1)], [(1, 4), (2, 2), (1, 1)], [(2, 5)]], 12),
    ],
    ids=["one machine", "one job that returns", "no durations", "unequal jobs that return"],
)
def test_shops_of_unusual_shape(shop_of_visits, jobs, optimum):
    instance = shop_of_visits(jobs)
    assert require_valid(tabu(instance, iterations=2_000)).makespan == optimum


def test_the_same_seed_gives_the_same_schedule():
    one, other = (tabu(classic("la20"), iterations=3_000, seed=4) for _ in range(2))
    assert np.array_equal(one.start, other.start)
    assert not np.array_equal(one.start, tabu(classic("la20"), iterations=3_000, seed=5).start)


def test_the_walk_does_not_depend_on_how_it_is_cut_into_chunks(stepping_clock):
    whole = tabu(classic("la20"), iterations=3_000)
    cut = tabu(classic("la20"), iterations=3_000, seconds=1e9, clock=stepping_clock)
    assert np.array_equal(whole.start, cut.start)


def test_at_the_deadline_it_returns_the_best_so_far(stepping_clock):
    start = tabu(classic("ta01"), iterations=0)
    found = require_valid(tabu(start, seconds=40, clock=stepping_clock))
    assert found.makespan < start.makespan


def test_without_time_it_returns_the_start(stepping_clock):
    start = tabu(classic("ta01"), iterations=50)
    found = tabu(start, seconds=0, clock=stepping_clock)
    assert found.makespan == start.makespan


def test_ctrl_c_ends_it_and_leaves_nothing_behind(interrupted_clock):
    with pytest.raises(KeyboardInterrupt):
        tabu(classic("ta01"), seconds=100, clock=interrupted_clock)
    one, other = (tabu(classic("la20"), iterations=500) for _ in range(2))
    assert np.array_equal(one.start, other.start)


def test_other_shops_are_refused_with_what_to_do():
    description = classic("ft06").description
    late = replace(description.jobs[0], release=1)
    instance = build(replace(description, jobs=(late, *description.jobs[1:])))
    with pytest.raises(UserError, match="ft06: tabu search is for classic job shops"):
        tabu(instance, iterations=1)


def test_many_orders_are_improved_one_by_one():
    instance = classic("la02")
    orders = np.stack([order_of(tabu(instance, iterations=n)) for n in (0, 5, 20)])
    improved, makespans = improve_orders(instance, orders, iterations=400, seed=3)
    assert improved.shape == (3, 50)
    for row in range(3):
        start = tabu(instance, iterations=(0, 5, 20)[row])
        alone = tabu(start, iterations=400, seed=3 + row)
        assert makespans[row] == alone.makespan < start.makespan
        assert np.array_equal(improved[row], np.argsort(alone.rank))
        again = improve_orders(instance, improved[row : row + 1], iterations=0)
        assert again[1] == makespans[row]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda order: order[:-1], "shape"),
        (lambda order: np.where(order == 3, 4, order), "once"),
        (lambda order: order[::-1].copy(), "before"),
    ],
    ids=["too short", "twice", "backwards"],
)
def test_a_wrong_order_is_refused(change, said):
    instance = classic("ft06")
    order = order_of(tabu(instance, iterations=0))
    with pytest.raises(ValueError, match=said):
        improve_orders(instance, change(order)[np.newaxis], iterations=1)
