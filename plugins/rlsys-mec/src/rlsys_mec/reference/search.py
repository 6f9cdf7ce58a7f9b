"""Good decisions for many users: the best of many restarts of a local search, without proof.

A restart begins with a set of offloading users and an order of all users. A step considers two
kinds of neighbours of the current plan: the most promising plans with one user's offloading
decision flipped, and the plans in which two tasks are swapped that the server executes one after
the other. The shares of band and CPU of each neighbour are improved
(`rlsys_mec.reference.gradient`). The best neighbour is taken if it is better than the current plan.
"""

from __future__ import annotations

import numpy as np

from rlsys_mec.baselines.controllers import cpu_logits
from rlsys_mec.baselines.rules import (
    OrderRule,
    ascend,
    earliest_deadline,
    first_come,
    greedy,
    like,
    ranked,
)
from rlsys_mec.clusters import Ints
from rlsys_mec.config import MecConfig
from rlsys_mec.plan import Line, admitted, turns
from rlsys_mec.randomness import stream_states, uniforms
from rlsys_mec.reference.gradient import Plan, improve, softmax, worth
from rlsys_mec.slot import LIMIT, Bools, Floats, Sent, Situation, transmit

FLIPS = 6
"""Number of flipped decisions that are examined in a step."""
STEPS = 12
ITERATIONS, LAST_ITERATIONS = 40, 200


def least_work(situation: Situation, sent: Sent) -> Floats:
    """Fewest cycles first."""
    del sent
    return ranked(situation, situation.cycles)


ORDERS = (earliest_deadline, first_come, least_work)


def best_found(config: MecConfig, situation: Situation, restarts: int) -> tuple[Plan, Floats]:
    """Return the best plan found for every copy and its reward, (B,).

    Args:
        restarts: random starts, in addition to the greedy ones and to a tentative plan in one
            queue; each start is tried with all `ORDERS`.
    """
    copies, users = situation.data.shape
    equal = np.full((copies, config.queues), 1.0 / config.queues)
    drawn = uniforms(stream_states([1]), restarts * users).reshape(restarts, users)
    plans = []
    for order in ORDERS:
        start = greedy(config, situation, equal, order)
        for offload in (start, *(like(start, row) for row in drawn)):
            plans.append(_climb(config, situation, _begin(config, situation, order, offload)))
    plans.append(_climb(config, situation, _in_one_queue(config, situation)))
    best, reached = plans[0]
    for plan, earned in plans[1:]:
        best.put(earned > reached, plan)
        reached = np.maximum(reached, earned)
    return improve(config, situation, best, LAST_ITERATIONS)


def _begin(config: MecConfig, situation: Situation, order: OrderRule, offload: Bools) -> Plan:
    """Return a plan in which no flip helps if shares of the band are proportional to need."""
    needed = situation.data / (situation.deadline * np.log2(1.0 + situation.snr))
    request = np.log(needed / needed.mean(axis=1, keepdims=True)).clip(-LIMIT, LIMIT)
    cpu = cpu_logits(situation, offload)
    offload, _ = ascend(config, situation, softmax(cpu), order, offload, request)
    cpu = np.maximum(cpu, cpu_logits(situation, offload))
    # For all users, because those that do not offload may do so later.
    sent = transmit(config, situation, np.ones_like(offload), request)
    return Plan(offload, request, cpu, order(situation, sent))


def _in_one_queue(config: MecConfig, situation: Situation) -> Plan:
    """Return the best plan of `rlsys_mec.plan` in which one queue has nearly all of the CPU.

    One fast queue meets more deadlines than several slow ones, and no sequence of small steps leads
    there from a divided CPU.
    """
    copies = len(situation.data)
    best: Plan | None = None
    reached = np.full(copies, -np.inf)
    for queue in range(config.queues):
        cpu = np.full((copies, config.queues), -LIMIT)
        cpu[:, queue] = LIMIT
        line = Line(config, situation, softmax(cpu))
        chosen = admitted(line)
        offload = line.to_users(chosen.astype(np.float64)) > 0.0
        order = ranked(situation, turns(situation, line.demand.airtime))
        plan = Plan(offload, line.to_users(line.requests(chosen)), cpu, order)
        earned = line.worth(chosen)
        if best is None:
            best = plan
        best.put(earned > reached, plan)
        reached = np.maximum(reached, earned)
    assert best is not None  # there is a queue
    return best


def _climb(config: MecConfig, situation: Situation, plan: Plan) -> tuple[Plan, Floats]:
    best, reached = improve(config, situation, plan, ITERATIONS)
    open_copies = np.arange(len(reached))
    for _ in range(STEPS):
        part = situation.take(open_copies)
        present = Plan._make(array[open_copies] for array in best)
        swapped, owner = _swaps(part, present)
        flipped, flip_owner = _flips(config, part, present)
        trials = Plan._make(np.concatenate(pair) for pair in zip(swapped, flipped, strict=True))
        owner = np.concatenate([owner, flip_owner])
        if not len(owner):
            break
        trials, earned = improve(config, part.take(owner), trials, ITERATIONS)
        found = np.full(len(open_copies), -np.inf)
        np.maximum.at(found, owner, earned)
        better = found > reached[open_copies] + 1e-9
        # The first of the best trials of every copy that continues.
        winners = np.flatnonzero((earned == found[owner]) & better[owner])
        owners, first = np.unique(owner[winners], return_index=True)
        open_copies = open_copies[owners]
        for own, new in zip(best, trials, strict=True):
            own[open_copies] = new[winners[first]]
        reached[open_copies] = found[owners]
        if not len(open_copies):
            break
    return best, reached


def _swaps(situation: Situation, plan: Plan) -> tuple[Plan, Ints]:
    """Return plans with two consecutive tasks swapped, and their copies."""
    queues = situation.queues
    served = queues.of_users(plan.offload) & queues.present
    order = np.argsort(np.where(served, -plan.priority, np.inf), axis=2, kind="stable")
    count = served.sum(axis=2)
    at = np.arange(max(int(count.max()) - 1, 0))
    copy, queue, place = np.nonzero(at < count[:, :, None] - 1)
    trials = Plan._make(array[copy] for array in plan)
    rows = np.arange(len(copy))
    one, other = order[copy, queue, place], order[copy, queue, place + 1]
    trials.priority[rows, queue, one] = plan.priority[copy, queue, other]
    trials.priority[rows, queue, other] = plan.priority[copy, queue, one]
    return trials, copy


def _flips(config: MecConfig, situation: Situation, plan: Plan) -> tuple[Plan, Ints]:
    """Return the `FLIPS` most promising plans with one decision flipped and unchanged shares.

    Also returns the copies of these plans.
    """
    copies, users = plan.offload.shape
    owner, user = np.divmod(np.arange(copies * users), users)
    trials = Plan._make(array[owner] for array in plan)
    trials.offload[np.arange(len(owner)), user] ^= True
    promised = worth(config, situation.take(owner), trials).reshape(copies, users)
    kept = np.argsort(-promised, axis=1, kind="stable")[:, :FLIPS]
    index = (kept + users * np.arange(copies)[:, None]).ravel()
    return Plan._make(array[index] for array in trials), owner[index]
