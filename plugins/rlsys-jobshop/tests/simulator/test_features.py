"""What a policy sees: its range, what it does not depend on, and columns worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from other_units import scaled, with_due_dates
from random_shops import descriptions
from schedule_play import KINDS, classic_shop, offered, play_out, roomy, seeds
from small_shops import shop, work

from rlsys_jobshop.instances import classic, factory
from rlsys_jobshop.problem import Calendar, Job, Machine, Mode, Operation, Setups, build
from rlsys_jobshop.simulator.features import LIMIT, NAMES


def check_range(simulator):
    features = simulator.features()
    assert np.isfinite(features).all()
    assert (np.abs(features) <= LIMIT).all()
    present = np.arange(simulator.width) < simulator.count[:, None]
    np.testing.assert_array_equal(features[..., 0], present)
    assert not features[~present].any()


@settings(max_examples=40)
@given(descriptions(), st.sampled_from(KINDS), seeds)
def test_features_are_finite_and_within_their_limit(description, kind, seed):
    simulator = roomy([build(description)], kind)
    play_out(simulator, np.random.default_rng(seed), lambda: check_range(simulator))
    check_range(simulator)


def test_also_in_published_shops_and_factories_side_by_side():
    factories = [build(factory("toy", np.random.default_rng(seed))) for seed in range(3)]
    simulator = roomy([classic("ft10"), classic("mk01"), classic("vdata/la01"), *factories])
    play_out(simulator, np.random.default_rng(0), lambda: check_range(simulator))


def follow(description, order):
    """Features by job and mode at each step along (job, mode) choices, all being candidates."""
    simulator, seen = roomy([build(description)], "all"), []
    for one in order:
        found = offered(simulator)
        rows = simulator.features()[0, : len(found)]
        seen.append(dict(zip(found, rows, strict=True)))
        simulator.step(np.array([found.index(one)]))
    return seen


def some_order(description, seed):
    simulator, generator, order = (
        roomy([build(description)], "all"),
        np.random.default_rng(seed),
        [],
    )
    while simulator.count[0]:
        found = offered(simulator)
        choice = generator.integers(len(found))
        order.append(found[choice])
        simulator.step(np.array([choice]))
    return order


@settings(max_examples=30)
@given(descriptions().map(with_due_dates), seeds, st.sampled_from([2, 60]))
def test_the_unit_of_time_does_not_matter(description, seed, by):
    order = some_order(description, seed)
    original, longer = follow(description, order), follow(scaled(description, by), order)
    for one, other in zip(original, longer, strict=True):
        assert one.keys() == other.keys()
        for key in one:
            np.testing.assert_allclose(one[key], other[key], rtol=1e-5, atol=1e-5)


def single_machines(description):
    """Without what is decided by the order of machines: a mode's first one counts in features."""
    jobs = tuple(
        replace(
            job,
            operations=tuple(
                replace(operation, modes=(Mode(o.duration, o.machines[:1]),))
                for operation in job.operations
                for o in operation.modes[:1]
            ),
        )
        for job in description.jobs
    )
    return replace(description, jobs=jobs)


@settings(max_examples=30)
@given(descriptions().map(with_due_dates).map(single_machines), seeds, st.data())
def test_the_numbers_of_jobs_and_machines_do_not_matter(description, seed, data):
    jobs = data.draw(st.permutations(range(len(description.jobs))))
    machines = data.draw(st.permutations(range(len(description.machines))))

    def moved(operation):
        modes = (
            Mode(m.duration, tuple(machines.index(k) for k in m.machines)) for m in operation.modes
        )
        return replace(operation, modes=tuple(modes))

    renumbered = replace(
        description,
        jobs=tuple(
            replace(
                description.jobs[job],
                operations=tuple(moved(o) for o in description.jobs[job].operations),
            )
            for job in jobs
        ),
        machines=tuple(description.machines[machine] for machine in machines),
    )
    order = some_order(description, seed)
    original = follow(description, order)
    other = follow(renumbered, [(jobs.index(job), mode) for job, mode in order])
    for one, two in zip(original, other, strict=True):
        for (job, mode), row in one.items():
            np.testing.assert_allclose(row, two[jobs.index(job), mode], rtol=1e-5, atol=1e-5)


def column(simulator, name):
    return simulator.features()[0, : simulator.count[0], NAMES.index(name)].tolist()


HAND_WORKED = {
    # Durations 3 4 | 5 6 | 2 on machines 0 1 | 0 1 | 1; their mean is 4.
    # Machine 0 has 8 to do, machine 1 has 12; no job takes longer than 11. So the bound is 12.
    "duration": [3 / 4, 5 / 4, 2 / 4],
    "start after the earliest start": [0, 0, 0],
    "end after the earliest end": [1 / 4, 3 / 4, 0],
    "wait of the job": [0, 0, 0],
    "work after": [4 / 16, 6 / 16, 0],
    "work after, share of the longest": [4 / 6, 1, 0],
    "operations after, share of the most": [1 / 2, 1 / 2, 0],
    "slack to the bound": [5 / 4, 1 / 4, 10 / 4],
    "slack to the bound, share of the time left": [5 / 12, 1 / 12, 10 / 12],
    "load of the machine": [8 / 12, 8 / 12, 12 / 12],
    "queue of the machine": [2 / 4, 2 / 4, 1 / 4],
    # If job 0 goes first, job 1 needs 3 + 11; the others can wait for job 1: 5 + 7, 2 + 11.
    "bound on the other jobs if it goes first": [2 / 4, 0, 1 / 4],
    # 8 units on machine 0, then the shortest tail of the others: none. On machine 1: 12, then 4.
    "bound on the machine if it goes first": [-1, -1, 1],
    "slack to the due date": [LIMIT, LIMIT, LIMIT],
    "importance": [0, 0, 0],
    "candidates": [3 / 8] * 3,
    "progress": [0, 0, 0],
    "next duration": [4 / 4, 6 / 4, 0],
    "next machine free after its end": [-3 / 4, -5 / 4, 0],
    "load of the next machine": [1, 1, 0],
    "queue of the next machine": [1 / 4, 1 / 4, 0],
    "work before the busiest machine": [0, 0, 0],
    "load of the busiest machine": [1, 1, 0],
}


@pytest.mark.parametrize("name", HAND_WORKED)
def test_columns_worked_out_by_hand(name):
    instance = classic_shop([(0, 3), (1, 4)], [(0, 5), (1, 6)], [(1, 2)])
    assert column(roomy([instance], "all"), name) == pytest.approx(HAND_WORKED[name])


def test_after_a_decision_waits_and_progress_count_from_it():
    instance = classic_shop([(0, 3), (1, 4)], [(0, 5), (1, 6)], [(1, 2)])
    simulator = roomy([instance], "all")
    simulator.step(np.array([0]))
    # Job 0 is next on machine 1 from 3 to 7, job 1 on machine 0 from 3 to 8, job 2 can go at 0.
    assert column(simulator, "start after the earliest start") == [3 / 4, 3 / 4, 0]
    assert column(simulator, "wait of the job") == [0, 3 / 4, 0]
    assert column(simulator, "idle time of the machine") == [3 / 4, 0, 0]
    assert column(simulator, "progress") == pytest.approx([1 / 5] * 3)


def test_alternative_machines_setups_pauses_and_due_dates_worked_out_by_hand():
    either = Operation((Mode(2, (0,)), Mode(6, (1,))), interruptible=True, family=1)
    machines = (
        Machine(Calendar.of([(0, 4), (5, 99)]), setups=0, family=0, available=2),
        Machine(),
    )
    instance = shop(
        Job((either,), due=20, important=True),
        Job((work(6, 1),)),
        machines=machines,
        families=("a", "b"),
        setups=(Setups(between=[[0, 1], [0, 0]], first=[0, 0]),),
    )
    simulator = roomy([instance], "all")
    # The mean of the shortest durations is 4. On machine 0: setup 2-3, work 3-4 and 5-6.
    assert column(simulator, "setup") == [1 / 4, 0, 0]
    assert column(simulator, "pauses") == [1 / 4, 0, 0]
    assert column(simulator, "idle time of the machine") == [1 / 4, 0, 0]
    assert column(simulator, "slower than its fastest machine") == [0, 1, 0]
    assert column(simulator, "later than on its best machine") == [0, 0, 0]
    assert column(simulator, "importance") == [1, 1, 0]
    assert column(simulator, "slack to the due date") == [14 / 16, 14 / 16, LIMIT]
    # Half of the operation's work lies on either machine.
    rest = simulator.makespan_bounds()[0]
    assert column(simulator, "load of the machine") == pytest.approx([1 / rest, 9 / rest, 9 / rest])
    assert column(simulator, "queue of the machine") == pytest.approx([1 / 8, 3 / 8, 3 / 8])
    simulator.step(np.array([2]))
    assert column(simulator, "later than on its best machine") == [0, 6 / 4]


def test_features_can_be_written_into_an_array_of_ones_own():
    simulator = roomy([classic("ft06")] * 2)
    own = np.full((2, simulator.width, len(NAMES)), 7.0, np.float32)
    assert simulator.features(own) is own
    np.testing.assert_array_equal(own, simulator.features())
