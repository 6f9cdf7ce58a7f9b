"""Random factories: sizes of the curriculum, and every rule of a real one in each."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlsys.errors import UserError
from rlsys_jobshop.instances import FACTORY_SIZES, FactorySize, factory
from rlsys_jobshop.problem import build

SEEDS = st.integers(0, 2**32)


def drawn(size, seed=0):
    return factory(size, np.random.default_rng(seed))


def operations(description):
    return [operation for job in description.jobs for operation in job.operations]


@pytest.mark.parametrize(
    ("size", "types", "machines", "jobs", "least", "most"),
    [
        ("toy", 2, 2, 5, 10, 20),
        ("medium", 4, 10, 40, 120, 280),
        ("scaled", 12, 40, 172, 516, 1376),
        ("full", 42, 152, 500, 2700, 3300),
    ],
)
def test_a_stage_has_its_size(size, types, machines, jobs, least, most):
    instance = build(drawn(size))
    assert (instance.machines, instance.jobs) == (machines, jobs)
    assert len(instance.description.types) == types
    assert set(instance.machine_type.tolist()) == set(range(types))
    assert least <= instance.operations <= most


@settings(max_examples=25, deadline=None)
@given(SEEDS, st.sampled_from(["toy", "medium", "scaled"]))
def test_every_factory_can_be_built_and_has_every_rule(seed, size):
    description = drawn(size, seed)
    instance = build(description)
    assert instance.has_calendars
    assert instance.has_setups
    assert instance.has_due_dates
    assert description.clock is not None
    assert len(instance.mode_machines) > instance.modes
    assert instance.modes == sum(len(operation.modes) for operation in operations(description))


@settings(max_examples=10, deadline=None)
@given(SEEDS)
def test_a_seed_repeats_a_factory_and_another_does_not(seed):
    assert drawn("medium", seed) == drawn("medium", seed)
    assert drawn("medium", seed) != drawn("medium", seed + 1)


@settings(max_examples=15, deadline=None)
@given(SEEDS)
def test_an_operation_may_run_on_every_machine_of_one_type(seed):
    description = drawn("medium", seed)
    types = [machine.type for machine in description.machines]
    for operation in operations(description):
        first = {mode.machines[0] for mode in operation.modes}
        kinds = {types[machine] for machine in first}
        assert len(kinds) == 1
        assert first == {machine for machine, kind in enumerate(types) if kind in kinds}
        calendars = {description.machines[m].calendar for o in operation.modes for m in o.machines}
        assert len(calendars) == 1


@settings(max_examples=15, deadline=None)
@given(SEEDS)
def test_a_few_operations_need_two_machines(seed):
    sizes = [{len(m.machines) for m in o.modes} for o in operations(drawn("scaled", seed))]
    assert all(size in ({1}, {2}) for size in sizes)
    assert sizes.count({2}) == np.ceil(0.03 * len(sizes))


@settings(max_examples=15, deadline=None)
@given(SEEDS, st.sampled_from(list(FACTORY_SIZES)[:3]))
def test_setups_break_the_triangle_inequality(seed, size):
    """Without it a search may not leave setups out of its bounds."""
    for table in drawn(size, seed).setups:
        times = np.array(table.between)
        via = (times[:, :, None] + times[None, :, :]).min(axis=1)
        assert (times > via).any()
        assert times.min() >= 0


def test_setups_are_a_fifth_of_a_duration_and_durations_are_skewed():
    instance = build(drawn("full"))
    setups = instance.setups[1:, 1:]
    usual = setups[:, ~np.eye(setups.shape[1], dtype=bool)].mean()
    assert usual / instance.duration.mean() == pytest.approx(0.22, abs=0.05)
    assert np.median(instance.duration) < 0.9 * instance.duration.mean()
    assert instance.duration.min() >= 4
    assert instance.duration.max() <= 600 * 1.5 * 1.2


def test_shares_of_important_interruptible_waiting_and_mixed_speed():
    description = drawn("full")
    jobs = description.jobs
    given_operations = operations(description)
    assert np.mean([job.important for job in jobs]) == pytest.approx(0.2, abs=0.06)
    assert np.mean([job.release == 0 for job in jobs]) == pytest.approx(0.4, abs=0.08)
    assert 0.05 < np.mean([not o.interruptible for o in given_operations]) < 0.16
    several = [o for o in given_operations if len(o.modes) > 1]
    mixed = np.mean([len({m.duration for m in o.modes}) > 1 for o in several])
    assert 0.1 < mixed < 0.6


def test_jobs_are_released_over_days_and_not_in_the_order_of_their_numbers():
    releases = [job.release for job in drawn("full").jobs]
    assert max(releases) > 2 * 1440
    assert releases != sorted(releases)


@settings(max_examples=15, deadline=None)
@given(SEEDS, st.sampled_from(list(FACTORY_SIZES)[:3]))
def test_a_due_date_leaves_at_least_the_work_of_the_job(seed, size):
    """Slack is 1 or more, on time that counts closed hours too; so no job is late at once."""
    for job in drawn(size, seed).jobs:
        work = sum(min(mode.duration for mode in o.modes) for o in job.operations)
        assert job.due >= job.release + work


def serial_end(instance):
    """Return when all operations end if each waits for the one before, in its slowest mode.

    Each also waits for its worst setup, on all its machines in turn.
    """
    setup = int(instance.setups.max())
    calendars = [(c.opens, c.closes) for c in instance.calendars]
    now = int(instance.release.max())
    for operation in range(instance.operations):
        modes = range(instance.mode_first[operation], instance.mode_first[operation + 1])
        mode = max(modes, key=lambda mode: instance.duration[mode])
        opens, closes = calendars[instance.mode_calendar[mode]]
        left = setup * len(instance.machines_of(mode))
        window = int(np.searchsorted(closes, now, side="right"))
        for work, split in (
            (left, True),
            (int(instance.duration[mode]), bool(instance.interruptible[operation])),
        ):
            left = work
            while left:
                now = max(now, int(opens[window]))
                spent = min(left, int(closes[window]) - now)
                if split or spent == left:
                    left -= spent
                    now += spent
                if left:
                    window += 1
    return now


@settings(max_examples=6, deadline=None)
@given(SEEDS, st.sampled_from(["toy", "medium", "scaled"]))
def test_calendars_are_twice_as_long_as_doing_everything_in_turn(seed, size):
    instance = build(drawn(size, seed))
    last = int(instance.release.max())
    for calendar in instance.calendars[1:]:
        assert calendar.end - last >= 2 * (serial_end(instance) - last)


def test_machines_of_one_shift_share_one_calendar():
    description = drawn("full")
    assert len({id(machine.calendar) for machine in description.machines}) == 3
    assert len(build(description).calendars) == 4


def test_a_size_of_one_s_own_is_drawn():
    large = replace(FACTORY_SIZES["medium"], jobs=300)
    assert len(drawn(large).jobs) == 300


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"jobs": 0}, "jobs: 0 is not allowed; give at least 1"),
        ({"types": 1}, "types: 1 is not allowed; give 2 to 10"),
        ({"types": 11}, "types: 11 is not allowed; give 2 to 10"),
        ({"families": 2}, "families: 2 is not allowed; give at least 3"),
        ({"operations": (0, 3)}, "operations: 0 to 3 is not allowed"),
        ({"operations": (4, 3)}, "operations: 4 to 3 is not allowed"),
    ],
)
def test_a_size_that_cannot_be_is_refused(change, message):
    given_size = {"types": 4, "machines": 10, "jobs": 40, "operations": (3, 7), "families": 4}
    with pytest.raises(UserError, match=message):
        FactorySize(**{**given_size, **change})


def test_an_unknown_size_gets_a_suggestion():
    with pytest.raises(UserError, match=r"no factory size 'ful' \(did you mean 'full'"):
        drawn("ful")
