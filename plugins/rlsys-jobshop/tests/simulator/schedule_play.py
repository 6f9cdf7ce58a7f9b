"""Schedules built by random choices, and what the simulator offers, as plain Python values."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from rlsys_jobshop.problem import Description, Job, Machine, Mode, Operation, build
from rlsys_jobshop.simulator import simulator_of

KINDS = ("active", "non-delay", "all")
seeds = st.integers(0, 1 << 32)


def classic_shop(*jobs, **more):
    """The classic job shop of lists of (machine, duration)."""
    machines = 1 + max(machine for job in jobs for machine, _ in job)
    made = tuple(Job(tuple(Operation((Mode(time, (m,)),)) for m, time in job)) for job in jobs)
    return build(Description("shop", made, (Machine(),) * machines, **more))


@st.composite
def classic_shops(draw, least=1, most=9, jobs=4, operations=4):
    """Jobs of unequal length, which may return to a machine; durations `least` to `most`."""
    machines = draw(st.integers(1, 3))
    visit = st.tuples(st.integers(0, machines - 1), st.integers(least, most))
    job = st.lists(visit, min_size=1, max_size=operations)
    return classic_shop(*draw(st.lists(job, min_size=1, max_size=jobs)))


def roomy(instances, kind="active"):
    """A simulator in which no candidate is ever cut."""
    return simulator_of(instances, kind, max(instance.most_choices for instance in instances))


def random_step(simulator, generator):
    """Decide one random candidate in every copy."""
    simulator.step(generator.integers(np.maximum(simulator.count, 1)))


def play_out(simulator, generator, each_step=lambda: None):
    """Choose at random until all schedules are complete."""
    while simulator.count.any():
        each_step()
        random_step(simulator, generator)
    return [simulator.schedule(copy) for copy in range(simulator.copies)]


def offered(simulator, copy=0):
    """The candidates as (job, position of the mode within its operation), in order."""
    found = []
    instance = simulator.instances[copy]
    for index in range(simulator.count[copy]):
        mode = int(simulator.modes[copy, index]) - copy * simulator.capacity.modes
        operation = int(np.searchsorted(instance.mode_first, mode, side="right")) - 1
        assert simulator.operations[copy, index] == operation + copy * simulator.capacity.operations
        found.append((int(instance.job_of[operation]), mode - int(instance.mode_first[operation])))
    return found


def times_of(simulator, copy=0):
    """(earliest start, end) of each candidate."""
    modes = simulator.batch.modes[simulator.modes[copy, : simulator.count[copy]]]
    return list(zip(modes["begin"].tolist(), modes["finish"].tolist(), strict=True))
