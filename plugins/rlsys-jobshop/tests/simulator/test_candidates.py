"""What is offered: Giffler and Thompson's conflict set, what could start first, or everything."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from minute_shop import append_all
from random_shops import descriptions
from schedule_play import KINDS, classic_shops, offered, play_out, roomy, seeds, times_of

from rlsys_jobshop.instances import classic
from rlsys_jobshop.problem import build
from rlsys_jobshop.simulator import simulator_of


def naive(description, order, kind):
    """The sets of candidates that are right: ties between those that end first may go either way.

    Returns:
        Sets of (job, position of the mode).
    """
    begun = [job for job, *_ in order]
    times = {}
    for number, job in enumerate(description.jobs):
        if begun.count(number) < len(job.operations):
            operation = job.operations[begun.count(number)]
            for mode, machines in enumerate(set(m.machines) for m in operation.modes):
                row = append_all(description, [*order, (number, mode, 0)])[-1]
                times[number, mode] = (*row[3:], machines)
    if kind == "all":
        return [set(times)]
    if kind == "non-delay":
        soonest = min(start for start, *_ in times.values())
        return [{one for one, (start, *_) in times.items() if start == soonest}]
    first_end = min(end for _, end, _ in times.values())
    return [
        {
            one
            for one, (start, _, needed) in times.items()
            if one == best or (start < first_end and needed & machines)
        }
        for best, (_, end, machines) in times.items()
        if end == first_end
    ]


@settings(max_examples=60)
@given(descriptions(), st.sampled_from(KINDS), seeds)
def test_the_candidates_are_those_of_the_definition(description, kind, seed):
    simulator, generator = roomy([build(description)], kind), np.random.default_rng(seed)
    order = []
    while simulator.count[0]:
        found = offered(simulator)
        assert found == sorted(found)
        assert set(found) in naive(description, order, kind)
        choice = generator.integers(len(found))
        order.append((*found[choice], 0))
        simulator.step(np.array([choice]))
    assert len(order) == sum(len(job.operations) for job in description.jobs)


@settings(max_examples=60)
@given(classic_shops(), seeds)
def test_no_operation_of_an_active_schedule_fits_into_an_earlier_gap(instance, seed):
    (schedule,) = play_out(roomy([instance]), np.random.default_rng(seed))
    start, end = schedule.start.tolist(), schedule.end.tolist()
    machine = [instance.machines_of(int(mode))[0] for mode in schedule.mode]
    for this in range(instance.operations):
        first = this == instance.job_first[instance.job_of[this]]
        ready = 0 if first else end[this - 1]
        others = [
            o for o in range(instance.operations) if o != this and machine[o] == machine[this]
        ]
        for time in range(ready, start[this]):
            until = time + end[this] - start[this]
            assert any(start[o] < until and time < end[o] for o in others)


@settings(max_examples=60)
@given(classic_shops(), seeds)
def test_in_a_non_delay_schedule_no_machine_is_idle_while_work_waits(instance, seed):
    (schedule,) = play_out(roomy([instance], "non-delay"), np.random.default_rng(seed))
    start, end = schedule.start.tolist(), schedule.end.tolist()
    machine = [instance.machines_of(int(mode))[0] for mode in schedule.mode]
    for this in range(instance.operations):
        first = this == instance.job_first[instance.job_of[this]]
        for time in range(0 if first else end[this - 1], start[this]):
            assert any(
                start[o] <= time < end[o]
                for o in range(instance.operations)
                if machine[o] == machine[this]
            )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("width", [1, 2, 4])
def test_of_too_many_candidates_those_that_could_start_first_remain(kind, width):
    instance = classic("mk01")
    wide, narrow = roomy([instance], kind), simulator_of([instance], kind, width)
    generator, cut = np.random.default_rng(0), 0
    while wide.count[0]:
        every, kept = offered(wide), offered(narrow)
        starts = dict(zip(every, (begin for begin, _ in times_of(wide)), strict=True))
        assert len(kept) == min(width, len(every))
        assert kept == [one for one in every if one in kept]
        dropped = set(every) - set(kept)
        assert all(starts[k] <= starts[d] for k in kept for d in dropped)
        cut += bool(dropped)
        choice = generator.integers(len(kept))
        narrow.step(np.array([choice]))
        wide.step(np.array([every.index(kept[choice])]))
    assert cut


@pytest.mark.parametrize("choice", [-1, 6])
def test_a_choice_that_is_no_candidate_changes_nothing(choice):
    simulator = roomy([classic("ft06")] * 2, "all")
    with pytest.raises(ValueError, match=f"copy 1 has the candidates 0 to 5, not {choice}"):
        simulator.step(np.array([0, choice]))
    assert [len(simulator.decisions(copy)) for copy in (0, 1)] == [0, 0]
