"""The classical dispatching rules, as priorities: the lowest number goes first."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from rlsys_jobshop.problem import FOREVER
from rlsys_jobshop.simulator import Facts

Priorities = NDArray[np.float64]
Priority = Callable[[Facts], Priorities]
"""From facts to priorities, (copies, width)."""

ATC_LOOK_AHEAD = 2.0
"""The parameter k of `atc`; Vepsalainen and Morton (1987) found 1.5 to 4.5 good in job shops."""


def first_fit(facts: Facts) -> Priorities:
    """Put the job that is listed first first, on the machine of it that is listed first."""
    listed: Priorities = np.broadcast_to(
        np.arange(facts.present.shape[1], dtype=np.float64), facts.present.shape
    )
    return listed


def importance_due(facts: Facts) -> Priorities:
    """Put important jobs first, among them those that are due first."""
    # Below 2**53, so that every sum is exact; due dates are at most 2**40.
    due = np.where(facts.due < FOREVER, facts.due, 1 << 41)
    order: Priorities = np.where(facts.weight > 1, 0.0, float(1 << 42)) + due
    return order


def fifo(facts: Facts) -> Priorities:
    """Put first what arrived at its machine first; a job arrives when its last operation ends."""
    return facts.ready.astype(np.float64)


def spt(facts: Facts) -> Priorities:
    """Put the shortest operation first."""
    return facts.duration.astype(np.float64)


def mwkr(facts: Facts) -> Priorities:
    """Put the job with the most work remaining first."""
    return -facts.work.astype(np.float64)


def mopnr(facts: Facts) -> Priorities:
    """Put the job with the most operations remaining first."""
    return -facts.operations.astype(np.float64)


def atc(facts: Facts) -> Priorities:
    """Put the highest apparent tardiness cost first (Vepsalainen and Morton, 1987).

    The cost is ``w / p * exp(-max(0, d - W - t) / (k * mean p))`` with weight w, duration p, due
    date d, remaining work W, k = `ATC_LOOK_AHEAD`, and for t the candidate's own start, because
    candidates do not start at the same time. Its logarithm orders in the same way and does not
    underflow. A job without due date is taken to have no slack.
    """
    duration = np.maximum(facts.duration, 1)
    count = np.maximum(facts.present.sum(axis=1, keepdims=True), 1)
    mean = np.where(facts.present, duration, 0).sum(axis=1, keepdims=True) / count
    slack = np.where(facts.due < FOREVER, facts.due - facts.work - facts.start, 0)
    waiting = np.maximum(slack, 0) / (ATC_LOOK_AHEAD * np.maximum(mean, 1))
    order: Priorities = waiting - np.log(facts.weight / duration)
    return order


def wmdd(facts: Facts) -> Priorities:
    """Put the earliest weighted modified due date first (Kanet and Li, 2004).

    It is ``max(W, d - t) / w`` with remaining work W, due date d, weight w, and for t the
    candidate's own start. A job without due date comes after all that have one.
    """
    rest = np.maximum(facts.work, facts.due - facts.start) / facts.weight
    order: Priorities = np.where(facts.due < FOREVER, rest, float(FOREVER))
    return order


def least_rise(facts: Facts) -> Priorities:
    """Put first what raises the bounds of the machines least; then the most work remaining.

    The bounds are Jackson's, see `rlsys_jobshop.simulator.lookahead`; a norm of them counts, so
    those near the highest one matter too.

    Raises:
        ValueError: the facts do not say how the bounds rise.
    """
    if facts.rise is None:
        raise ValueError("the facts lack `rise`; ask for it")
    order: Priorities = facts.rise - 1e-9 * facts.work
    return order


def chosen(facts: Facts, priorities: Priorities) -> NDArray[np.int64]:
    """Return each copy's candidate with the lowest priority, int64 (copies,).

    Among equals the one that ends first goes first, then the one that is listed first.
    """
    priorities = np.where(facts.present, priorities, np.inf)
    equal = facts.present & (priorities == priorities.min(axis=1, keepdims=True))
    first: NDArray[np.int64] = np.where(equal, facts.end, FOREVER).argmin(axis=1)
    return first
