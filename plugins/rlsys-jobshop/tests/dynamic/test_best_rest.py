"""The residual problem leaves exactly what the whole problem leaves, found by trying everything."""

from __future__ import annotations

from itertools import permutations, product

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from minute_shop import Minutes

from rlsys.errors import UserError
from rlsys_jobshop.dynamic import MachineBreaks, residual
from rlsys_jobshop.problem import Calendar, Description, Job, Machine, Mode, Operation, build
from rlsys_jobshop.rules import dispatch, rule_named
from rlsys_jobshop.search import cp_sat

durations = st.integers(0, 4)


@st.composite
def shops(draw):
    """Two or three jobs on two machines, with breaks and alternatives, but without setups."""
    modes = st.lists(
        st.builds(Mode, duration=durations, machines=st.sampled_from([(0,), (1,), (0, 1)])),
        min_size=1,
        max_size=2,
        unique_by=lambda mode: mode.machines,
    ).map(tuple)
    operations = st.lists(
        st.builds(Operation, modes=modes, interruptible=st.booleans()), min_size=1, max_size=2
    ).map(tuple)
    releases = st.sampled_from([0, 0, 2])
    jobs = st.lists(st.builds(Job, operations=operations, release=releases), min_size=2, max_size=3)
    hours = st.sampled_from([Calendar.always(), Calendar.of([(0, 3), (5, 9), (10, 250)])])
    machines = tuple(Machine(calendar=draw(hours)) for _ in range(2))
    return Description("random", tuple(draw(jobs)), machines)


def best_end(description, begun, now, lost):
    """The least makespan of what has not begun, if all that has begun stays as it is.

    Every order and every choice of modes is tried, unit of time by unit of time.
    """
    minutes = Minutes(description)
    done = {(entry.job, entry.operation) for entry in begun}
    left = [
        (number, index)
        for number, job in enumerate(description.jobs)
        for index in range(len(job.operations))
        if (number, index) not in done
    ]
    free = [max([now, *(e.end for e in begun if m in e.machines)]) for m in range(2)]
    ready = [
        max([now, job.release, *(e.end for e in begun if e.job == number)])
        for number, job in enumerate(description.jobs)
    ]
    before = max([0, *(entry.end for entry in (*begun, *lost))])
    orders = [o for o in permutations(left) if all(_in_turn(o, job) for job in range(len(ready)))]
    choices = [description.jobs[job].operations[index].modes for job, index in left]
    return min(
        _end(minutes, order, dict(zip(left, modes, strict=True)), free, ready, before)
        for order in orders
        for modes in product(*choices)
    )


def _in_turn(order, job):
    positions = [index for number, index in order if number == job]
    return positions == sorted(positions)


def _end(minutes, order, modes, free, ready, latest):
    free, ready = list(free), list(ready)
    for number, index in order:
        operation, mode = (
            minutes.description.jobs[number].operations[index],
            modes[number, index],
        )
        start = max([ready[number], *(free[machine] for machine in mode.machines)])
        while not minutes.fits(operation, mode, start):
            start += 1
            if start > 200:
                return 10**9
        end = minutes.end(operation, mode, start)
        ready[number] = end
        for machine in mode.machines:
            free[machine] = end
        latest = max(latest, end)
    return latest


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(shops(), st.integers(0, 6), st.sampled_from([None, (0, 3), (1, 8)]))
def test_the_best_rest_is_the_best_of_the_whole_problem_with_its_past(shop, now, broken):
    try:
        instance = build(shop)
    except UserError:
        assume(False)
    plan = dispatch(instance, rule_named("fifo"))[0]
    events = [] if broken is None else [MachineBreaks(now, broken[0], now + broken[1])]
    left = residual(instance, plan, now, events)
    assume(left.instance is not None)
    assume(left.instance.operations <= 5)
    result = cp_sat(left.instance, seconds=20, workers=1)
    day = left.merged(result.schedule)
    machines = [
        Machine(calendar=hours if hours is not None else Calendar.of([(249, 250)]))
        for hours in left.situation.hours
    ]
    closed = Description("closed", shop.jobs, tuple(machines))
    begun, lost = left.situation.begun, left.situation.lost
    assert day.schedule.makespan == best_end(closed, begun, now, lost)
