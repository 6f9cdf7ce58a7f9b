"""A classic job shop as a disjunctive graph: what tabu search changes and measures.

The nodes are the operations; a job's arcs are fixed, a machine's arcs follow the order of its
operations. Index ``operations`` stands for "no operation": its values are 0, so that neighbours
need no test (Roy and Sussmann 1964; notation of Balas and Vazacopoulos, Management Science 1998).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rlsys.batched.compiled import kernel
from rlsys_jobshop.problem import Instance
from rlsys_jobshop.search.arrays import Ints


class Shop(NamedTuple):
    """What never changes; each array is int64 (operations + 1,).

    Attributes:
        duration: of each operation.
        machine: of each operation.
        slot: number of an operation among those of its machine, in no particular order.
        job_before, job_after: neighbour in the job, or ``operations``.
    """

    duration: Ints
    machine: Ints
    slot: Ints
    job_before: Ints
    job_after: Ints


class Graph(NamedTuple):
    """One choice of machine orders, with its longest paths; arrays as in `Shop`.

    Attributes:
        before, after: neighbour on the machine, or ``operations``.
        order: the operations so that each follows its neighbours before, (operations,).
        place: position in `order`, (operations + 1,).
        end: length of the longest path up to the end of an operation.
        rest: length of the longest path from the start of an operation to the end of everything.
        scratch: for moves to work in, (2, operations + 1).
        last: for `load` to work in, (machines,).
    """

    before: Ints
    after: Ints
    order: Ints
    place: Ints
    end: Ints
    rest: Ints
    scratch: Ints
    last: Ints


def shop_of(instance: Instance) -> Shop:
    """Return the arrays of a classic job shop."""
    count = instance.operations
    machine = np.append(instance.mode_machines, -1)
    slot = np.zeros(count + 1, dtype=np.int64)
    seen = [0] * instance.machines
    for operation in range(count):
        slot[operation] = seen[machine[operation]]
        seen[machine[operation]] += 1
    numbers = np.arange(count, dtype=np.int64)
    job_before, job_after = np.append(numbers - 1, count), np.append(numbers + 1, count)
    job_before[instance.job_first[:-1]] = count
    job_after[instance.job_first[1:] - 1] = count
    return Shop(np.append(instance.duration, 0), machine, slot, job_before, job_after)


def empty_graph(instance: Instance) -> Graph:
    """Return a graph to load an order into."""
    count = instance.operations
    return Graph(
        before=np.full(count + 1, count, np.int64),
        after=np.full(count + 1, count, np.int64),
        order=np.zeros(count, np.int64),
        place=np.zeros(count + 1, np.int64),
        end=np.zeros(count + 1, np.int64),
        rest=np.zeros(count + 1, np.int64),
        scratch=np.zeros((2, count + 1), np.int64),
        last=np.zeros(instance.machines, np.int64),
    )


@kernel
def load(shop: Shop, graph: Graph, order: Ints) -> int:
    """Let every machine work in the sequence of `order`; return the makespan.

    Args:
        order: the operations so that each follows the one before it in its job, (operations,).
    """
    count, last = len(order), graph.last
    last[:] = count
    for place in range(count):
        operation = order[place]
        machine = shop.machine[operation]
        graph.order[place] = operation
        graph.place[operation] = place
        graph.before[operation] = last[machine]
        graph.after[operation] = count
        if last[machine] < count:
            graph.after[last[machine]] = operation
        last[machine] = operation
    return measure(shop, graph, 0, count - 1)


@kernel
def measure(shop: Shop, graph: Graph, first: int, final: int) -> int:
    """Bring the longest paths up to date after places `first` to `final` changed.

    Returns:
        The makespan.
    """
    count = len(graph.order)
    duration, end, rest = shop.duration, graph.end, graph.rest
    for place in range(first, count):
        operation = graph.order[place]
        end[operation] = (
            max(end[shop.job_before[operation]], end[graph.before[operation]]) + duration[operation]
        )
    longest = 0
    for operation in range(count):
        longest = max(longest, end[operation])
    for place in range(final, -1, -1):
        operation = graph.order[place]
        rest[operation] = (
            max(rest[shop.job_after[operation]], rest[graph.after[operation]]) + duration[operation]
        )
    return int(longest)


def by_start(shop: Shop, graph: Graph) -> Ints:
    """Return the operations by start; those that start together keep their order in the graph."""
    start = graph.end - shop.duration
    return graph.order[np.argsort(start[graph.order], kind="stable")]
