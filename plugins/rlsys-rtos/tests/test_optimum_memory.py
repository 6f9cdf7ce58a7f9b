"""A schedule needs little memory: layers are dropped and computed again, with the same result."""

from __future__ import annotations

import itertools
import math
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import tasksets

from rlsys.errors import UserError
from rlsys.seeds import evaluation_seeds
from rlsys_rtos import checkpoints
from rlsys_rtos.config import RtosConfig, cases
from rlsys_rtos.optimum import DEFAULT_MEMORY_LIMIT, ValueTable, _Problem, optimum
from rlsys_rtos.vector_env import RtosVectorEnv


def memory(size, ticks):
    """All checkpoints, and the largest segment between two."""
    between = max((sum(size[a + 1 : b]) for a, b in itertools.pairwise(ticks)), default=0)
    return sum(size[tick] for tick in ticks) + between


@settings(max_examples=100, deadline=None)
@given(size=st.lists(st.integers(1, 1000), min_size=2, max_size=10))
def test_checkpoints_need_little_more_than_the_least_memory_possible(size):
    """The limits that are tried differ by a factor of sqrt(2)."""
    ticks, needed = checkpoints.choose(np.array(size, np.float64))
    inner = range(1, len(size) - 1)
    least = min(
        memory(size, [0, *some, len(size) - 1])
        for count in range(len(size) - 1)
        for some in itertools.combinations(inner, count)
    )
    assert ticks.tolist() == sorted({0, *ticks.tolist(), len(size) - 1})
    assert needed == memory(size, ticks.tolist())
    assert least <= needed <= math.sqrt(2) * least + 1e-9


def test_equal_layers_need_the_square_root():
    _, needed = checkpoints.choose(np.ones(10_000))
    assert 200 <= needed <= 2 * math.sqrt(2) * 100


@settings(max_examples=150, deadline=None)
@given(taskset=tasksets(longest=40), seed=st.integers(0, 99), work_first=st.booleans())
def test_the_schedule_is_that_of_the_whole_table(taskset, seed, work_first):
    env = RtosVectorEnv(RtosConfig(taskset=taskset), 1)
    env.reset(seed=seed)
    jobs = env.job_table(0)
    table = ValueTable(jobs, work_first=work_first)
    whole, pieced = table.plan(), optimum(jobs, work_first=work_first)
    assert whole.reward == pieced.reward
    assert whole.actions.tolist() == pieced.actions.tolist()


@pytest.mark.parametrize("name", ["normal", "stressed"])
def test_it_takes_a_tenth_of_the_memory_and_no_more_than_it_says(name):
    env = RtosVectorEnv(RtosConfig(taskset=name), 1)
    env.reset(seed=0)
    jobs = env.job_table(0)
    whole = ValueTable(jobs)
    problem = _Problem(jobs)
    said = int(checkpoints.choose(problem.entries)[1]) * problem.kind.itemsize
    with pytest.raises(UserError):
        optimum(jobs, memory_limit=said - 1)
    optimum(jobs)  # compiled before memory is counted
    tracemalloc.start()
    pieced = optimum(jobs, memory_limit=said)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert pieced.actions.tolist() == whole.plan().actions.tolist()
    assert said < peak < said + 2**20
    assert said < whole.nbytes / 10


@pytest.mark.parametrize("case", cases(RtosConfig(generator={}, observation="items")))
def test_every_held_out_taskset_of_the_general_preset_has_its_optimum(case):
    """Only their sizes: with more tasks the largest takes half a minute to solve."""
    env = RtosVectorEnv(case.config, 200)
    env.reset(seed=evaluation_seeds(200))
    problems = [_Problem(env.job_table(copy)) for copy in range(200)]
    for problem in problems:
        _, entries = checkpoints.choose(problem.entries)
        problem.require(entries, DEFAULT_MEMORY_LIMIT, "the optimum")
    if case.name == "more-tasks":
        whole = max(float(p.entries.sum()) * p.kind.itemsize for p in problems)
        assert whole > DEFAULT_MEMORY_LIMIT
