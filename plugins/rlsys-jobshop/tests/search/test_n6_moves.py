"""N6 moves against longest paths that are computed anew, without any of the search's arrays."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlsys_jobshop.search.n6.graph import by_start, empty_graph, load, measure, shop_of
from rlsys_jobshop.search.n6.moves import (
    critical_path,
    go_after,
    go_before,
    length_after,
    length_before,
    may_go_after,
    may_go_before,
)


def random_order(data, instance):
    """The operations in an order that respects the jobs."""
    turns = data.draw(st.permutations(instance.job_of.tolist()))
    following = instance.job_first[:-1].tolist()
    order = []
    for job in turns:
        order.append(following[job])
        following[job] += 1
    return np.array(order, dtype=np.int64)


def sequences(instance, order):
    machine = instance.mode_machines
    return [[int(o) for o in order if machine[o] == m] for m in range(instance.machines)]


def longest_paths(instance, machine_sequences):
    """The longest path through each operation; fails if there is a cycle."""
    count = instance.operations
    arcs = [(o, o + 1) for o in range(count - 1) if instance.job_of[o] == instance.job_of[o + 1]]
    for sequence in machine_sequences:
        arcs += pairwise(sequence)
    up_to, after = [0] * count, [0] * count
    for _ in range(count + 1):
        for a, b in arcs:
            up_to[b] = max(up_to[b], up_to[a] + instance.duration[a])
            after[a] = max(after[a], after[b] + instance.duration[b])
    # Without a cycle, there is an order in which every arc goes forward.
    left, order = set(range(count)), []
    while left:
        free = [o for o in left if not any(b == o and a in left for a, b in arcs)]
        assert free, "a cycle"
        order += free
        left -= set(free)
    return [up_to[o] + instance.duration[o] + after[o] for o in range(count)]


def all_moves(shop, graph, machine_sequences):
    """Every move of one operation to another place of its machine that the tests allow."""
    for sequence in machine_sequences:
        for i, moved in enumerate(sequence):
            for j, anchor in enumerate(sequence):
                if i < j and may_go_after(shop, graph, moved, anchor):
                    yield True, moved, anchor, sequence[i : j + 1]
                if j < i and may_go_before(shop, graph, moved, anchor):
                    yield False, moved, anchor, sequence[j : i + 1]


def is_block(graph, instance, makespan, operations):
    """Whether these operations of a machine follow each other on a critical path."""
    end, duration = graph.end, instance.duration
    is_critical = all(end[o] + graph.rest[o] - duration[o] == makespan for o in operations)
    return is_critical and all(end[a] == end[b] - duration[b] for a, b in pairwise(operations))


@pytest.mark.slow
@settings(max_examples=80, deadline=None)
@given(st.data())
def test_moves_and_their_estimates_agree_with_paths_computed_anew(classic_shops, plain_shops, data):
    is_plain = data.draw(st.booleans())
    instance = data.draw(plain_shops if is_plain else classic_shops)
    shop, graph = shop_of(instance), empty_graph(instance)
    order = random_order(data, instance)
    given_sequences = sequences(instance, order)
    makespan = load(shop, graph, order)
    assert makespan == max(longest_paths(instance, given_sequences))
    for forward, moved, anchor, affected in list(all_moves(shop, graph, given_sequences)):
        load(shop, graph, order)
        length = length_after if forward else length_before
        estimate = length(shop, graph, moved, anchor)
        # Outside of a critical block, or where jobs return, it is no more than an estimate.
        is_exact = is_plain and is_block(graph, instance, makespan, affected)
        first, final = sorted([graph.place[moved], graph.place[anchor]])
        (go_after if forward else go_before)(shop, graph, moved, anchor)
        found = measure(shop, graph, first, final)

        changed = [[o for o in sequence if o != moved] for sequence in given_sequences]
        for sequence in changed:
            if anchor in sequence:
                sequence.insert(sequence.index(anchor) + forward, moved)
        through = longest_paths(instance, changed)
        assert not is_exact or estimate == max(through[o] for o in affected)
        assert found == max(through)
        assert sequences(instance, graph.order) == changed
        assert [graph.place[o] for o in graph.order] == list(range(instance.operations))
        both = graph.end[:-1] + graph.rest[:-1] - instance.duration
        assert both.tolist() == through


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_critical_path_is_as_long_as_the_makespan(classic_shops, data):
    instance = data.draw(classic_shops)
    shop, graph = shop_of(instance), empty_graph(instance)
    makespan = load(shop, graph, random_order(data, instance))
    path = np.zeros(instance.operations, dtype=np.int64)
    length = critical_path(shop, graph, makespan, data.draw(st.integers(0, 2**31 - 1)), path)
    assert instance.duration[path[:length]].sum() == makespan


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_by_start_is_an_order_of_the_same_schedule(classic_shops, data):
    instance = data.draw(classic_shops)
    shop, graph = shop_of(instance), empty_graph(instance)
    load(shop, graph, random_order(data, instance))
    ends = graph.end.tolist()
    load(shop, graph, by_start(shop, graph))
    assert graph.end.tolist() == ends
