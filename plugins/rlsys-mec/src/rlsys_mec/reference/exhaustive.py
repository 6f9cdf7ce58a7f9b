"""The optimum of a slot for a few users: all offloading decisions, all orders, the best shares.

1. `rlsys_mec.reference.bounds` bounds what each decision with its order can earn.
2. Starting with the most promising, `rlsys_mec.reference.gradient` finds shares for every decision
   whose bound is above the best reward so far.
3. `rlsys_mec.reference.polish` solves those that come within `MARGIN` of the best exactly.
"""

from __future__ import annotations

import numpy as np

from rlsys_mec.clusters import Ints
from rlsys_mec.config import MecConfig
from rlsys_mec.reference.bounds import all_orders, upper_bounds
from rlsys_mec.reference.gradient import Plan, improve, worth
from rlsys_mec.reference.polish import polish
from rlsys_mec.slot import LIMIT, Floats, Situation, execute, transmit

MOST_USERS = 6
TOLERANCE = 1e-3
"""Tolerance of a slot's reward, in units of a task's reward; the tests measure it."""

MARGIN = 0.01
FIRST = 12
"""Decisions in the first round, which sets the threshold for the second."""
ITERATIONS = 120
POLISHED = 4


def optimum(config: MecConfig, situation: Situation) -> tuple[Plan, Floats]:
    """Return the best plan of every copy and its reward, (B,).

    Only for flat situations of at most `MOST_USERS` users without backlog. The result is at most
    `TOLERANCE` below the optimum, in units of a task's reward.
    """
    copies, users = situation.data.shape
    ranks = all_orders(users)
    bounds = upper_bounds(config, situation, ranks)
    every = np.arange(copies)
    promising = np.argsort(-bounds, axis=1, kind="stable")
    first = promising[:, :FIRST]
    best = _Best(config, situation)
    best.try_all(np.repeat(every, first.shape[1]), ranks[first.ravel()])
    rest = promising[:, FIRST:]
    level = best.reached[:, None] + 0.1 * TOLERANCE * config.weight_qos
    copy, column = np.nonzero(np.take_along_axis(bounds, rest, axis=1) > level)
    best.try_all(copy, ranks[rest[copy, column]])
    best.polish()
    return best.plan, best.reached


class _Best:
    """The best plans so far, and the runners-up that are worth polishing."""

    def __init__(self, config: MecConfig, situation: Situation) -> None:
        self._config = config
        self._situation = situation
        copies = len(situation.data)
        self.plan = _plan(situation, np.full(situation.data.shape, -1, np.int64))
        self.reached = worth(config, situation, self.plan)
        self._close: list[list[tuple[float, Ints, Floats]]] = [[] for _ in range(copies)]

    def try_all(self, copies: Ints, ranks: Ints) -> None:
        """Find shares for decisions (C, N) of copies (C,) and keep the good ones."""
        for begin in range(0, len(copies), 20_000):
            part = slice(begin, begin + 20_000)
            given = self._situation.take(copies[part])
            plan = _plan(given, ranks[part])
            plan, earned = improve(self._config, given, plan, ITERATIONS)
            self._keep(copies[part], ranks[part], plan, earned)

    def polish(self) -> None:
        """Solve the best decisions of every copy exactly."""
        for copy, close in enumerate(self._close):
            level = self.reached[copy] - MARGIN * self._config.weight_qos
            candidates = sorted((c for c in close if c[0] > level), key=lambda c: -c[0])
            one = self._situation.take(np.array([copy]))
            for _, ranks, request in candidates[:POLISHED]:
                self._polish_one(copy, one, ranks, request)

    def _polish_one(self, copy: int, one: Situation, ranks: Ints, request: Floats) -> None:
        config = self._config
        order = [int(u) for u in np.argsort(ranks, kind="stable") if ranks[u] >= 0]
        if len(order) < 2:
            return
        plan = _plan(one, ranks[None], request[None])
        sent = transmit(config, one, plan.offload, plan.request)
        outcome = execute(config, one, sent, np.ones((1, 1)), plan.priority)
        timely = [bool(outcome.delay[0, u] < 2.0 * one.deadline[0, u]) for u in order]
        share = polish(config, one, order, timely, sent.share[0, order])
        floor = min(config.spectrum_floor, 1.0 / len(order))
        soft = np.log(np.maximum(share - floor, 1e-12))
        better = request.copy()
        better[order] = np.clip(soft - soft.max() + LIMIT, -LIMIT, LIMIT)
        plan = _plan(one, ranks[None], better[None])
        (earned,) = worth(config, one, plan)
        if earned > self.reached[copy]:
            self.reached[copy] = earned
            for own, new in zip(self.plan, plan, strict=True):
                own[copy] = new[0]

    def _keep(self, copies: Ints, ranks: Ints, plan: Plan, earned: Floats) -> None:
        for index in np.argsort(earned, kind="stable"):
            copy = copies[index]
            if earned[index] <= self.reached[copy] - MARGIN * self._config.weight_qos:
                continue
            self._close[copy].append((float(earned[index]), ranks[index], plan.request[index]))
            if earned[index] > self.reached[copy]:
                self.reached[copy] = earned[index]
                for own, new in zip(self.plan, plan, strict=True):
                    own[copy] = new[index]


def _plan(situation: Situation, ranks: Ints, request: Floats | None = None) -> Plan:
    """Return plans for ranks (B, N), with requests in proportion to every user's need."""
    offload = ranks >= 0
    if request is None:
        needed = situation.data / (situation.deadline * np.log2(1.0 + situation.snr))
        request = np.clip(np.log(needed / needed.max(axis=1, keepdims=True)), -LIMIT, LIMIT)
    users = ranks.shape[1]
    priority = LIMIT - 2.0 * LIMIT * np.where(offload, ranks, users) / users
    return Plan(offload, np.array(request), np.zeros((len(ranks), 1)), priority[:, None, :])
