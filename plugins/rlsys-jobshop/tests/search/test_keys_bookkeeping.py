"""The climb decodes only what changed; here everything is decoded again and measured."""

from __future__ import annotations

from dataclasses import replace
from heapq import heapify as heapify_list
from heapq import heappop

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlsys_jobshop.checking import measure, require_valid
from rlsys_jobshop.instances import classic
from rlsys_jobshop.problem import build
from rlsys_jobshop.search.keys.heap import heapify, sift_down
from rlsys_jobshop.search.keys.job_keys import climb_ranks, job_keys, rules, try_ranks
from rlsys_jobshop.search.keys.operation_keys import STRIDE, advance, climb_from, settle
from rlsys_jobshop.search.randomness import below, stream_of
from rlsys_jobshop.search.serial import MAKESPAN, TARDINESS, batch_of, schedule_of, timed


@pytest.fixture(scope="module")
def instance():
    """More operations than between two saves, with a due date on every other job."""
    description = classic("mk04").description
    jobs = [
        replace(job, due=30 if number % 2 else None, important=number % 3 == 0)
        for number, job in enumerate(description.jobs)
    ]
    return build(replace(description, jobs=tuple(jobs)))


@pytest.mark.parametrize("goal", [TARDINESS, MAKESPAN])
@pytest.mark.parametrize("candidates", [1, 10, 300, 3000])
def test_the_current_schedule_is_that_of_its_keys(instance, goal, candidates):
    assert instance.operations > STRIDE
    batch = batch_of(instance)
    ranks = job_keys(batch, stream_of(0))
    try_ranks(ranks, goal)
    climb = climb_from(
        batch_of(instance), ranks.order, np.full(instance.operations, -1), stream_of(1)
    )
    settle(climb, goal)
    advance(climb, candidates, goal)

    anew = require_valid(timed(instance, climb.now.order, climb.now.wish))
    assert np.array_equal(anew.start, climb.current.start)
    assert np.array_equal(anew.mode, climb.current.mode)
    found = measure(anew)
    assert climb.value.tolist() == [found.weighted_tardiness, found.makespan]
    assert np.array_equal(climb.now.order[climb.now.place], np.arange(instance.operations))


@pytest.mark.parametrize("goal", [TARDINESS, MAKESPAN])
def test_the_best_ranks_give_the_order_that_is_kept(instance, goal):
    batch = batch_of(instance)
    search = job_keys(batch, stream_of(0))
    for ranks in rules(instance):
        search.trial[:] = ranks
        try_ranks(search, goal)
    search.trial[:] = search.jobs
    climb_ranks(search, 300, goal)
    assert sorted(search.jobs) == list(range(instance.jobs))
    anew = require_valid(timed(instance, search.order, np.full(instance.operations, -1)))
    found = measure(anew)
    assert search.value.tolist() == [found.weighted_tardiness, found.makespan]


def test_where_nobody_has_a_choice_operations_are_appended_by_start():
    instance = classic("la21")
    batch = batch_of(instance)
    search = job_keys(batch, stream_of(0))
    try_ranks(search, MAKESPAN)
    start = schedule_of(instance, batch, search.order).start
    assert (np.diff(start[search.order]) >= 0).all()


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 99)), min_size=1, unique=True))
def test_the_heap_gives_its_entries_in_order(entries):
    time, rank = (np.array(column, dtype=np.int64) for column in zip(*entries, strict=True))
    size = len(entries)
    heapify(time, rank, size)
    heapify_list(entries)
    while size:
        assert (time[0], rank[0]) == heappop(entries)
        size -= 1
        time[0], rank[0] = time[size], rank[size]
        sift_down(time, rank, size, 0)


def test_draws_are_uniform():
    stream = stream_of(0)
    counts = np.bincount([below(stream, 7) for _ in range(70_000)], minlength=7)
    # Chi-square with 6 degrees of freedom exceeds 22.5 once in a thousand seeds; this one is fixed.
    assert ((counts - 10_000) ** 2 / 10_000).sum() < 22.5
