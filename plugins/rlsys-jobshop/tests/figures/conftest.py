"""Schedules that the figures are drawn of, and programs that run a page."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from rlsys.plugins.requirements import in_ci
from rlsys_jobshop.checking import require_valid
from rlsys_jobshop.instances import factory
from rlsys_jobshop.problem import (
    Calendar,
    Clock,
    Description,
    Job,
    Machine,
    Mode,
    Operation,
    Schedule,
    Setups,
    build,
)
from rlsys_jobshop.rules import RULES, dispatch

Need = Callable[..., str]


@pytest.fixture(scope="session")
def need() -> Need:
    """Return a function that finds a program; without it, fail in CI and skip elsewhere."""

    def program(*names: str, package: str) -> str:
        found = next(filter(None, map(shutil.which, names)), None)
        if found is None:
            text = f"{names[0]} is missing; install it with: apt-get install {package}"
            (pytest.fail if in_ci() else pytest.skip)(text)
        return found

    return program


@pytest.fixture
def workshop() -> Schedule:
    """Return a schedule by hand, in which everything occurs that a figure shows.

    The lathe is closed from 4 to 5 and has setups of 2, the oven never closes. Job "red" is
    interrupted by the break and ends at 9, due 8. Job "blue" starts after a setup from 7 to 9.
    """
    at = Clock(datetime(2026, 3, 29, 0, tzinfo=ZoneInfo("Europe/Berlin")), "hour", "Europe/Berlin")
    instance = build(
        Description(
            name="workshop",
            types=("turning", "heat"),
            families=("steel", "brass"),
            setups=(Setups(between=((0, 2), (2, 0)), first=(1, 1)),),
            machines=(
                Machine(Calendar.of([(0, 4), (5, 40)]), type=0, setups=0, name="lathe"),
                Machine(type=1, name="oven"),
            ),
            jobs=(
                Job(
                    (
                        Operation((Mode(5, (0,)),), interruptible=True, family=0, name="turn"),
                        Operation((Mode(2, (1,)),)),
                    ),
                    due=8,
                    name="red",
                ),
                Job((Operation((Mode(3, (0,)),), family=1),), important=True, name="blue"),
            ),
            clock=at,
        )
    )
    schedule = Schedule(
        instance,
        mode=np.array([0, 1, 2]),
        start=np.array([1, 7, 9]),
        end=np.array([7, 9, 12]),
        rank=np.array([0, 1, 2]),
    )
    return require_valid(schedule)


@pytest.fixture(scope="session")
def largest() -> Schedule:
    """Return a schedule of 500 jobs on 152 machines."""
    instance = build(factory("full", np.random.default_rng(1)))
    return require_valid(dispatch(instance, RULES["importance-due"])[0])


HOSTILE = [
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "<img src=x onerror=alert(1)>",
    "]]>{{script}}{{data}}",
    "&lt;b&gt; \" ' `",
    "$\\frac{1}{0}$ $x",
    "two\nlines\ttab\r\x00\x1b[31m",
    "\u2028\u2029\u202e",
    "\ud800 half a letter",
    "n" * 500,
    "100 %",
    " ",
]
"""Names that a stranger's file may contain."""


@pytest.fixture
def hostile() -> Schedule:
    """Return a schedule in which every name is one of `HOSTILE`."""
    names = [f"{number}{name}" for number, name in enumerate(HOSTILE)]
    instance = build(
        Description(
            name=HOSTILE[0],
            types=tuple(names),
            families=tuple(names),
            machines=tuple(Machine(name=n, type=i) for i, n in enumerate(names)),
            jobs=tuple(
                Job((Operation((Mode(20, (i,)),), family=i, name=n),), name=n, due=10)
                for i, n in enumerate(names)
            ),
        )
    )
    return require_valid(dispatch(instance, RULES["mwkr"])[0])


@pytest.fixture
def hostile_names() -> list[str]:
    """Return the names of the jobs and machines of `hostile`."""
    return [f"{number}{name}" for number, name in enumerate(HOSTILE)]
