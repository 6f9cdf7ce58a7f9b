"""Tabu search with N6 moves for classic job shops.

After Balas and Vazacopoulos (Management Science 1998) for moves and their estimates, and Zhang, Li,
Rao and Guan ("A very fast TS/SA algorithm for the job shop scheduling problem", Computers &
Operations Research 2008) for the length of the tabu list.
"""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray

from rlsys.errors import UserError
from rlsys_jobshop.problem import Instance, Schedule
from rlsys_jobshop.search.arrays import Ints
from rlsys_jobshop.search.budget import Budget, Clock
from rlsys_jobshop.search.n6.graph import Graph, Shop, by_start, empty_graph, load, shop_of
from rlsys_jobshop.search.n6.greedy import greedy_order
from rlsys_jobshop.search.n6.walk import BEST, advance, begin, empty_walk
from rlsys_jobshop.search.randomness import stream_of
from rlsys_jobshop.search.serial import order_of

_CHUNK, _LARGEST_CHUNK = 200, 100_000


def tabu(
    start: Schedule | Instance,
    *,
    seconds: float | None = None,
    iterations: int | None = None,
    seed: int = 0,
    clock: Clock = time.monotonic,
) -> Schedule:
    """Return the best schedule that tabu search finds for a classic job shop.

    It stops early when the makespan equals a lower bound. The compiled code is prepared before the
    time starts; at the first call on a machine that takes some seconds.

    Args:
        start: a schedule to improve, or an instance: then a dispatching rule makes the start.
        seconds: time to search, measured on `clock`.
        iterations: number of moves; without `seconds` the result is deterministic.
        seed: of the random stream.
        clock: what measures `seconds`, such as `time.process_time`.

    Returns:
        A schedule that is never worse than the start.

    Raises:
        UserError: the instance is not a classic job shop, or there is no limit.
    """
    budget = Budget(seconds, iterations, clock)
    instance = start if isinstance(start, Instance) else start.instance
    shop = _classic(instance)
    order = (
        greedy_order(shop, instance.job_first) if isinstance(start, Instance) else order_of(start)
    )
    graph, target = empty_graph(instance), _lower_bound(instance)
    walk = empty_walk(shop, stream_of(seed), _tenure(instance))
    begin(shop, graph, walk, order)
    advance(shop, graph, walk, 0, target)
    for chunk in budget.start().chunks(_CHUNK, _LARGEST_CHUNK):
        advance(shop, graph, walk, chunk, target)
        if walk.numbers[BEST] <= target:
            break
    return _schedule(instance, shop, graph, walk.best)


def improve_orders(
    instance: Instance, orders: NDArray[np.int64], *, iterations: int, seed: int = 0
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Improve many orders of one classic job shop by a short tabu search each.

    A training can so improve its labels: an order is a sequence of decisions, and so is the result.

    Args:
        instance: a classic job shop.
        orders: operation numbers, each after the one before it in its job; machines work in this
            sequence; (N, operations).
        iterations: moves per order.
        seed: of the random stream of the first row; the next row has the next seed.

    Returns:
        The orders found, by start, (N, operations), and their makespans, (N,).

    Raises:
        UserError: the instance is not a classic job shop.
        ValueError: a row is not such an order.
    """
    shop = _classic(instance)
    _check(instance, orders)
    graph, target = empty_graph(instance), _lower_bound(instance)
    improved = np.empty(orders.shape, np.int64)
    makespans = np.empty(len(orders), np.int64)
    for row, order in enumerate(np.ascontiguousarray(orders, np.int64)):
        walk = empty_walk(shop, stream_of(seed + row), _tenure(instance))
        begin(shop, graph, walk, order)
        advance(shop, graph, walk, iterations, target)
        makespans[row] = load(shop, graph, walk.best)
        improved[row] = by_start(shop, graph)
    return improved, makespans


def _classic(instance: Instance) -> Shop:
    if not instance.is_classic:
        raise UserError(
            f"{instance.name}: tabu search is for classic job shops (one machine per operation; no "
            "calendars, setups, releases); use the search by random keys or CP-SAT"
        )
    return shop_of(instance)


def _check(instance: Instance, orders: NDArray[np.int64]) -> None:
    numbers = np.arange(instance.operations)
    if orders.ndim != 2 or not np.array_equal(
        np.sort(orders, axis=1), np.broadcast_to(numbers, (len(orders), instance.operations))
    ):
        raise ValueError(
            f"orders has shape {orders.shape}; each row must hold the operations 0 to "
            f"{instance.operations - 1} once"
        )
    places = np.argsort(orders, axis=1)
    inside = instance.job_of[1:] == instance.job_of[:-1]
    early = (places[:, 1:] < places[:, :-1]) & inside
    if early.any():
        row, operation = np.argwhere(early)[0]
        raise ValueError(f"row {row} has operation {operation + 1} before {operation} of its job")


def _tenure(instance: Instance) -> Ints:
    """Return the least tenure and the number of its values (Zhang et al. 2008, section 3.4)."""
    least = 10 + instance.jobs // instance.machines
    return np.array([least, max(1, least // 2)], dtype=np.int64)


def _lower_bound(instance: Instance) -> int:
    """Return the largest of: a job's length; a machine's work and what must be before and after."""
    duration, machine = instance.duration, instance.mode_machines
    total = np.cumsum(duration)
    first, last = instance.job_first[:-1], instance.job_first[1:] - 1
    head = total - duration - (total - duration)[first][instance.job_of]
    tail = total[last][instance.job_of] - total
    bound = int((head + duration + tail).max())
    for number in np.unique(machine):
        own = machine == number
        bound = max(bound, int(head[own].min() + duration[own].sum() + tail[own].min()))
    return bound


def _schedule(instance: Instance, shop: Shop, graph: Graph, order: Ints) -> Schedule:
    load(shop, graph, order)
    decided = by_start(shop, graph)
    rank = np.empty(instance.operations, dtype=np.int64)
    rank[decided] = np.arange(instance.operations)
    end = graph.end[:-1].copy()
    return Schedule(
        instance=instance,
        mode=np.arange(instance.operations, dtype=np.int64),
        start=end - instance.duration,
        end=end,
        rank=rank,
    )
