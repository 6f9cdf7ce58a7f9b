"""What the flat views show: the same numbers as plain Python finds, in any unit of time."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import plain_views
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from other_units import scaled, with_due_dates
from plain_views import LIMIT, Situation
from random_shops import descriptions
from schedule_play import KINDS, classic_shop, play_out, random_step, seeds
from small_shops import shop, work

from rlsys_jobshop.env.views import LAYOUTS, FlatView
from rlsys_jobshop.instances import classic, factory
from rlsys_jobshop.problem import Job, Machine, build
from rlsys_jobshop.simulator import simulator_of

GOALS = ("makespan", "weighted-tardiness")
NAMES = {view: [value.name for value in layout.values()] for view, layout in LAYOUTS.items()}


def shown(view):
    view.look()
    return view.observe()[0].copy()


def check_against_plain_python(simulator):
    for goal in GOALS:
        for name, plain in (
            ("full", plain_views.full),
            ("hierarchical", partial(plain_views.hierarchical, goal=goal)),
            ("compressed", partial(plain_views.compressed, goal=goal)),
        ):
            seen = shown(FlatView(name, simulator, goal))
            expected = plain(Situation(simulator))
            np.testing.assert_allclose(seen, expected, rtol=1e-4, atol=1e-4, err_msg=name)


@settings(max_examples=40)
@given(descriptions().map(with_due_dates), st.sampled_from(KINDS), seeds)
def test_every_value_is_what_plain_python_finds(description, kind, seed):
    simulator = simulator_of([build(description)], kind, 10)
    check = partial(check_against_plain_python, simulator)
    play_out(simulator, np.random.default_rng(seed), check)
    check()


@pytest.mark.parametrize("name", ["ft10", "mk01"])
def test_also_in_published_shops(name):
    simulator, generator = simulator_of([classic(name)], "all", 10), np.random.default_rng(0)
    while simulator.count[0]:
        if generator.random() < 0.2:
            check_against_plain_python(simulator)
        random_step(simulator, generator)


def test_also_in_a_factory():
    instance = build(factory("medium", np.random.default_rng(3)))
    simulator, generator = simulator_of([instance], "active", 10), np.random.default_rng(0)
    for _ in range(instance.operations):
        if generator.random() < 0.05:
            for goal in GOALS:
                seen = shown(FlatView("full", simulator, goal))
                expected = plain_views.full(Situation(simulator))
                np.testing.assert_allclose(seen, expected, rtol=1e-4, atol=1e-4)
        random_step(simulator, generator)


@settings(max_examples=30)
@given(
    descriptions().map(with_due_dates),
    seeds,
    st.sampled_from([2, 60]),
    st.sampled_from(list(LAYOUTS)),
    st.sampled_from(GOALS),
)
def test_the_unit_of_time_does_not_matter(description, seed, by, name, goal):
    generator = np.random.default_rng(seed)
    both = [simulator_of([build(one)], "all", 10) for one in (description, scaled(description, by))]
    views = [FlatView(name, simulator, goal) for simulator in both]
    while both[0].count[0]:
        one, other = (shown(view) for view in views)
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5)
        choice = generator.integers(both[0].count)
        for simulator in both:
            simulator.step(choice)


def test_other_copies_do_not_matter():
    instances = [classic("ft06"), classic("mk01"), build(factory("toy", np.random.default_rng(1)))]
    together = simulator_of(instances, "active", 10)
    play_out_some = np.random.default_rng(0)
    for _ in range(7):
        random_step(together, play_out_some)
    for name in LAYOUTS:
        many = FlatView(name, together, "weighted-tardiness")
        many.look()
        for copy, instance in enumerate(instances):
            alone = simulator_of([instance], "active", 10)
            alone.repeat(0, together.decisions(copy))
            single = FlatView(name, alone, "weighted-tardiness")
            np.testing.assert_array_equal(many.observe()[copy], shown(single))


def by_name(name, instance, goal="makespan", steps=()):
    simulator = simulator_of([instance], "all", 10)
    for choice in steps:
        simulator.step(np.array([choice]))
    seen = shown(FlatView(name, simulator, goal))
    return dict(zip(NAMES[name], seen.tolist(), strict=True))


def test_values_worked_out_by_hand():
    # Durations 3 4 | 5 6 | 2 on machines 0 1 | 0 1 | 1; their mean is 4, the bound 12.
    # All could start at 0; job 2 would end first, then job 0, then job 1.
    instance = classic_shop([(0, 3), (1, 4)], [(0, 5), (1, 6)], [(1, 2)])
    seen = by_name("full", instance)
    expected = {
        "progress": 0,
        "candidates": 3 / 8,
        "time gone": 0,
        "unfinished jobs": 1,
        "time left": 12 / 4 / 16,
        "longest job": 11 / 12,
        "mean load": 10 / 12,
        "late jobs": 0,
        "mean slack to the due dates": LIMIT,
        "place 0: free": 0,
        "place 0: load": 8 / 12,
        "place 0: queue": 2 / 4,
        "place 1: free": 0,
        "place 1: load": 12 / 12,
        "place 1: queue": 1 / 4,
        "place 2: load": 0,
        "candidate 0: start": 0,
        "candidate 0: duration": 2 / 4,
        "candidate 0: slack to the bound": 10 / 4,
        "candidate 0: slack to the due date": LIMIT,
        "candidate 1: duration": 3 / 4,
        "candidate 1: slack to the bound": 5 / 4,
        "candidate 2: duration": 5 / 4,
        "candidate 2: slack to the bound": 1 / 4,
        "candidate 3: slack to the due date": 0,
    }
    assert {name: seen[name] for name in expected} == pytest.approx(expected)
    # The busier machine is the first group, though its number is higher.
    grouped = by_name("hierarchical", instance)
    assert grouped["place 0: mean load"] == pytest.approx(12 / 12)
    assert grouped["place 1: largest load"] == pytest.approx(8 / 12)
    assert grouped["largest load"] == pytest.approx(12 / 12)
    assert grouped["candidate 2: urgency"] == pytest.approx(1 / 4)
    assert grouped["candidate 3: urgency"] == LIMIT


def test_when_a_machine_was_free_before_now_its_number_is_negative():
    # Machine 0 works to 3 and then waits for job 1 until 5; machine 1 has been free since 0.
    instance = classic_shop([(0, 3)], [(2, 5), (0, 4), (1, 4)])
    seen = by_name("full", instance, steps=[0, 0])
    assert seen["place 0: free"] == pytest.approx(-2 / 4)
    assert seen["place 1: free"] == pytest.approx(-5 / 4)
    assert seen["place 2: free"] == pytest.approx(0)
    assert seen["time gone"] == pytest.approx(5 / 13)


def test_urgency_counts_importance_and_the_due_date():
    machines = (Machine(), Machine(), Machine(), Machine())
    jobs = (
        Job((work(4, 0),), due=20),
        Job((work(4, 1),), due=20, important=True),
        Job((work(4, 2),), due=4),
        Job((work(4, 3),)),
    )
    instance = shop(*jobs, machines=machines, important_weight=5)
    seen = by_name("compressed", instance, "weighted-tardiness")
    urgencies = [seen[f"candidate {slot}: urgency"] for slot in range(5)]
    # A slack of 16 is twice the look-ahead of 2 mean operations; a late job has none.
    assert urgencies == pytest.approx([2.0, 2.0 - np.log(5.0), 0.0, LIMIT, LIMIT])


def test_a_complete_schedule_shows_an_end():
    seen = by_name("full", classic_shop([(0, 3)], [(0, 4)]), steps=[0, 0])
    assert seen["progress"] == 1
    assert [seen[name] for name in ("candidates", "unfinished jobs", "mean load")] == [0, 0, 0]


def test_late_jobs_are_seen_before_they_are_late():
    instance = shop(Job((work(4),), due=3), Job((work(2),), due=9), Job((work(1),)))
    seen = by_name("compressed", instance)
    assert seen["late jobs"] == pytest.approx(1 / 3)
    assert seen["mean slack to the due dates"] == pytest.approx((-1 + 7) / 2 / (7 / 3) / 4)


def test_what_is_shown_does_not_depend_on_earlier_instances_of_the_copy():
    first, second = classic("la31"), replace(classic("ft06").description, name="again")
    simulator = simulator_of([first], "active", 10)
    views = {name: FlatView(name, simulator, "makespan") for name in LAYOUTS}
    for view in views.values():
        shown(view)
    simulator.start(0, build(second))
    fresh = simulator_of([build(second)], "active", 10)
    for name, view in views.items():
        expected = shown(FlatView(name, fresh, "makespan"))
        np.testing.assert_array_equal(shown(view), expected)
