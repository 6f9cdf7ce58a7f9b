"""Clocks without time, and small classic job shops with everything that one may have."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st

from rlsys_jobshop.problem import Description, Job, Machine, Mode, Operation, build


class SteppingClock:
    """A clock on which every look at it takes one second."""

    def __init__(self):
        self.looks = 0

    def __call__(self):
        self.looks += 1
        return float(self.looks)


class InterruptedClock(SteppingClock):
    """A clock during whose fifth look the user presses ctrl-C."""

    def __call__(self):
        if self.looks == 4:
            raise KeyboardInterrupt
        return super().__call__()


@pytest.fixture
def stepping_clock():
    return SteppingClock()


@pytest.fixture
def interrupted_clock():
    return InterruptedClock()


def classic_shop(jobs, machines=None, name="shop"):
    """The classic job shop of lists of (machine, duration)."""
    count = machines or 1 + max(machine for job in jobs for machine, _ in job)
    return build(
        Description(
            name,
            tuple(Job(tuple(Operation((Mode(time, (m,)),)) for m, time in job)) for job in jobs),
            tuple(Machine() for _ in range(count)),
        )
    )


@st.composite
def _classic_shops(draw):
    machines = draw(st.integers(1, 4))
    visit = st.tuples(st.integers(0, machines - 1), st.sampled_from([0, 0, 1, 2, 3, 9]))
    job = st.lists(visit, min_size=1, max_size=5)
    return classic_shop(draw(st.lists(job, min_size=1, max_size=5)), machines + 1)


@pytest.fixture(scope="session")
def classic_shops():
    """Jobs of unequal length that may return to a machine, no durations, and an idle machine."""
    return _classic_shops()


@st.composite
def _plain_shops(draw):
    machines = draw(st.integers(2, 4))
    times = st.lists(st.integers(1, 9), min_size=machines, max_size=machines)
    routes = draw(st.lists(st.permutations(range(machines)), min_size=2, max_size=5))
    return classic_shop([list(zip(route, draw(times), strict=True)) for route in routes], machines)


@pytest.fixture(scope="session")
def plain_shops():
    """Every job is once on every machine, and takes time there."""
    return _plain_shops()


@pytest.fixture(scope="session")
def shop_of_visits():
    return classic_shop
