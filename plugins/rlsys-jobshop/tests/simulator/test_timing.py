"""Every start is the earliest possible: against the rules played unit by unit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from minute_shop import append_all
from random_shops import descriptions
from schedule_play import KINDS, offered, random_step, roomy, seeds, times_of
from small_shops import BREAK, shop, work

from rlsys_jobshop.checking import violations
from rlsys_jobshop.problem import Calendar, Job, Machine, Setups, build


@settings(max_examples=60)
@given(descriptions(), st.sampled_from(KINDS), seeds)
def test_each_candidate_starts_as_early_as_the_rules_allow(description, kind, seed):
    instance = build(description)
    simulator, generator, order = roomy([instance], kind), np.random.default_rng(seed), []
    while simulator.count[0]:
        candidates = offered(simulator)
        expected = [append_all(description, [*order, (*c, 0)])[-1][3:] for c in candidates]
        assert times_of(simulator) == expected
        choice = generator.integers(len(candidates))
        order.append((*candidates[choice], 0))
        simulator.step(np.array([choice]))
    schedule = simulator.schedule(0)
    assert violations(instance, schedule.entries()) == []
    rows = append_all(description, order)
    assert schedule.makespan == max(end for *_, end in rows)
    assert simulator.decisions(0).tolist() == [
        instance.mode_first[instance.job_first[job] + operation] + mode
        for (job, operation, *_), (_, mode, _) in zip(rows, order, strict=True)
    ]


def ends(instance, *jobs):
    """Decide the jobs' next operations in this order; the ends, in the order of operations."""
    simulator = roomy([instance], "all")
    for job in jobs:
        numbers = [number for number, _ in offered(simulator)]
        simulator.step(np.array([numbers.index(job)]))
    schedule = simulator.schedule(0)
    return list(zip(schedule.start.tolist(), schedule.end.tolist(), strict=True))


LONG_BREAK = (Machine(Calendar.of([(2, 4), (10, 99)])),)
TWO_FAMILIES = (Setups(between=[[1, 3], [2, 0]], first=[5, 4]),)


@pytest.mark.parametrize(
    ("operation", "machines", "expected"),
    [
        (work(5, interruptible=True), (Machine(BREAK),), (0, 6)),
        (work(5), (Machine(BREAK),), (5, 10)),
        (work(4, interruptible=True), (Machine(BREAK),), (0, 4)),
        (work(4), (Machine(BREAK),), (0, 4)),
        (work(2), LONG_BREAK, (2, 4)),
        (work(3, interruptible=True), LONG_BREAK, (2, 11)),
        (work(3), LONG_BREAK, (10, 13)),
        (work(0), LONG_BREAK, (2, 2)),
        (work(0), (Machine(available=7),), (7, 7)),
        (work(0), (Machine(LONG_BREAK[0].calendar, available=4),), (4, 4)),
        (work(0), (Machine(LONG_BREAK[0].calendar, available=5),), (10, 10)),
        (work(1, interruptible=True), (Machine(LONG_BREAK[0].calendar, available=4),), (10, 11)),
        (work(3, 0, 1), (Machine(BREAK), Machine(available=2)), (5, 8)),
        (work(3, 0, 1, interruptible=True), (Machine(BREAK), Machine(available=2)), (2, 6)),
        (work(1, 0, 1), (Machine(BREAK), Machine(Calendar.of([(4, 9)]))), (5, 6)),
    ],
)
def test_one_operation_alone(operation, machines, expected):
    assert ends(shop(Job((operation,)), machines=machines), 0) == [expected]


@pytest.mark.parametrize(
    ("machine", "first", "second"),
    [
        (Machine(setups=0), (5, 6), (9, 10)),
        (Machine(setups=0, family=1), (2, 3), (6, 7)),
        (Machine(setups=0, available=3), (8, 9), (12, 13)),
        (Machine(BREAK, setups=0), (6, 7), (10, 11)),
        (Machine(BREAK, setups=0, family=1), (2, 3), (7, 8)),
        (Machine(), (0, 1), (1, 2)),
    ],
)
def test_a_setup_is_open_time_of_the_machine_before_the_operation(machine, first, second):
    jobs = (Job((work(1, family=0),)), Job((work(1, family=1),)))
    instance = shop(*jobs, machines=(machine,), families=("a", "b"), setups=TWO_FAMILIES)
    assert ends(instance, 0, 1) == [first, second]


def test_a_setup_is_done_before_the_job_arrives():
    jobs = (Job((work(6, 1), work(1, 0))),)
    machines = (Machine(setups=0), Machine())
    instance = shop(*jobs, machines=machines, families=("a", "b"), setups=TWO_FAMILIES)
    assert ends(instance, 0, 0) == [(0, 6), (6, 7)]


def test_a_setup_after_the_same_family_takes_its_own_time():
    jobs = (Job((work(1),)), Job((work(1),)))
    machines = (Machine(setups=0, family=0),)
    instance = shop(*jobs, machines=machines, families=("a", "b"), setups=TWO_FAMILIES)
    assert ends(instance, 1, 0) == [(3, 4), (1, 2)]


def test_the_release_delays_the_first_operation():
    assert ends(shop(Job((work(2), work(1)), release=7)), 0, 0) == [(7, 9), (9, 10)]


def test_schedules_with_a_thousand_windows_are_valid():
    """The search for a window is binary; here it has far to go."""
    calendar = Calendar.of((8 * day, 8 * day + 5) for day in range(1000))
    jobs = [Job(tuple(work(7, m, interruptible=True) for m in (0, 1, 0))) for _ in range(60)]
    instance = shop(*jobs, machines=(Machine(calendar), Machine()))
    simulator, generator = roomy([instance]), np.random.default_rng(0)
    while simulator.count[0]:
        random_step(simulator, generator)
    schedule = simulator.schedule(0)
    assert violations(instance, schedule.entries()) == []
    # 120 operations of 7 units, without a pause between them: 840 units of 5 per window.
    assert schedule.makespan >= 167 * 8 + 5
