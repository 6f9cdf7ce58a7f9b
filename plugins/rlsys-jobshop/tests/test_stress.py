"""Shops that are far from usual: everything still gets a valid schedule, or one clear line."""

from __future__ import annotations

import numpy as np
import pytest

from rlsys.errors import UserError
from rlsys_jobshop.checking import require_valid
from rlsys_jobshop.instances import FactorySize, factory
from rlsys_jobshop.playing import play
from rlsys_jobshop.problem import Calendar, Description, Job, Machine, Mode, Operation, build
from rlsys_jobshop.rules import RULES, dispatch
from rlsys_jobshop.search import random_keys
from rlsys_jobshop.shipped import shipped_policy

METHODS = {
    "importance-due": lambda instance: dispatch(instance, RULES["importance-due"])[0],
    "atc": lambda instance: dispatch(instance, RULES["atc"], candidates="non-delay")[0],
    "policy": lambda instance: play(instance, shipped_policy(instance, "weighted-tardiness"))[0],
    "random-keys": lambda instance: random_keys(instance, evaluations=3),
}


@pytest.fixture(scope="module")
def thousands():
    """2,000 jobs on 152 machines."""
    size = FactorySize(types=42, machines=152, jobs=2000, operations=(3, 9), families=6)
    return build(factory(size, np.random.default_rng(0)))


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_two_thousand_jobs(method, thousands):
    schedule = require_valid(METHODS[method](thousands))
    assert thousands.jobs == 2000
    assert (schedule.mode >= 0).all()


@pytest.mark.parametrize("method", METHODS)
def test_one_giant_job_among_small_ones(method):
    """The giant alone has 1,500 operations, back and forth between two machines."""
    giant = Job(tuple(Operation((Mode(7, (step % 2,)),)) for step in range(1500)), due=20_000)
    small = [Job((Operation((Mode(3, (number % 2,)),)),), due=10 * number) for number in range(40)]
    instance = build(Description("giant", (giant, *small), (Machine(), Machine())))
    schedule = require_valid(METHODS[method](instance))
    assert schedule.makespan >= 1500 * 7


@pytest.mark.parametrize("method", METHODS)
def test_a_machine_that_closes_for_good_leaves_the_work_to_the_other_one(method):
    """It has one hour in all; the second machine of its type is always open."""
    hour, always = Calendar.of([(0, 60)]), Calendar.always()
    jobs = tuple(
        Job((Operation((Mode(25, (0,)), Mode(40, (1,)))), Operation((Mode(5, (2,)),))), due=300)
        for _ in range(30)
    )
    machines = (Machine(calendar=hour), Machine(calendar=always), Machine(calendar=always))
    instance = build(Description("closing", jobs, machines))
    schedule = require_valid(METHODS[method](instance))
    used = [instance.machines_of(mode)[0] for mode in schedule.mode[::2].tolist()]
    assert used.count(0) <= 2
    assert used.count(1) >= 28


@pytest.mark.parametrize("method", METHODS)
def test_a_machine_without_hours_for_its_work_is_one_line(method):
    jobs = tuple(Job((Operation((Mode(25, (0,)),)),), due=100) for _ in range(5))
    instance = build(Description("closing", jobs, (Machine(calendar=Calendar.of([(0, 60)])),)))
    with pytest.raises(UserError, match="calendar") as error:
        METHODS[method](instance)
    assert "\n" not in str(error.value)
