"""Better shares of band and CPU for given offloading decisions and orders, many problems at once.

This is gradient ascent of the reward in the logits x of the shares. A task is done at
end_k = S_k + max_{j <= k}(A_j - S_{j-1}) (see `rlsys_mec.slot.execute`). So it depends only on the
arrival of one critical task j and on the service times from j to k.

For all tasks that end before twice their deadline, the reward is concave in the arrivals, and a
task's arrival is convex in its share. So there are no bad local optima. A task that is later than
that earns nothing and has no gradient. Therefore the first half of the steps values lateness
without limit, and the second half as the environment does.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rlsys_mec.config import MecConfig
from rlsys_mec.slot import LIMIT, Bools, Floats, Situation, execute, transmit, value

STEP = 0.15
"""Initial step of a logit; falls linearly to a hundredth of this."""
_FIRST, _SECOND = 0.8, 0.95  # decay of the moment estimates of Adam (Kingma and Ba, 2015)


class Plan(NamedTuple):
    """All decisions of a slot.

    Attributes:
        offload, request: (B, N).
        cpu: (B, K) logits.
        priority: (B, K, M).
    """

    offload: Bools
    request: Floats
    cpu: Floats
    priority: Floats

    def put(self, chosen: Bools, other: Plan) -> None:
        """Copy the copies `chosen` (B,) from another plan."""
        for own, new in zip(self, other, strict=True):
            own[chosen] = new[chosen]


def softmax(logits: Floats) -> Floats:
    """Return shares that sum to 1 along the last axis."""
    weight = np.exp(logits)
    total: Floats = weight / weight.sum(axis=-1, keepdims=True)
    return total


def worth(config: MecConfig, situation: Situation, plan: Plan) -> Floats:
    """Return the reward of every copy's plan, (B,), as the environment computes it."""
    sent = transmit(config, situation, plan.offload, plan.request)
    return value(config, execute(config, situation, sent, softmax(plan.cpu), plan.priority))


def improve(
    config: MecConfig, situation: Situation, plan: Plan, iterations: int
) -> tuple[Plan, Floats]:
    """Improve the shares of a plan; its decisions and orders stay the same.

    Returns:
        The best plans found, including the given ones, and their rewards (B,).
    """
    best = Plan._make(np.array(part) for part in plan)
    reached = worth(config, situation, best)
    parts = [np.array(plan.request), np.array(plan.cpu)]
    moved = parts if config.queues > 1 else parts[:1]
    first = [np.zeros_like(part) for part in moved]
    second = [np.zeros_like(part) for part in moved]
    for turn in range(1, iterations + 1):
        present = Plan(plan.offload, parts[0], parts[1], plan.priority)
        endless = 2 * turn <= iterations
        slopes, earned = _slopes(config, situation, present, endless)
        better = earned > reached
        if better.any():
            best.put(better, present)
            reached = np.maximum(reached, earned)
        step = STEP * (1.0 - 0.99 * (turn - 1) / iterations)
        for index, slope in enumerate(slopes[: len(moved)]):
            first[index] += (1.0 - _FIRST) * (slope - first[index])
            second[index] += (1.0 - _SECOND) * (slope * slope - second[index])
            mean = first[index] / (1.0 - _FIRST**turn)
            spread = np.sqrt(second[index] / (1.0 - _SECOND**turn))
            parts[index] = parts[index] + step * mean / (spread + 1e-9)
            np.clip(parts[index], -LIMIT, LIMIT, out=parts[index])
    last = Plan(plan.offload, parts[0], parts[1], plan.priority)
    earned = worth(config, situation, last)
    best.put(earned > reached, last)
    return best, np.maximum(earned, reached)


def _slopes(
    config: MecConfig, situation: Situation, plan: Plan, endless: bool
) -> tuple[tuple[Floats, Floats], Floats]:
    """Return the reward's derivatives by requests (B, N) and CPU logits (B, K); the reward, (B,).

    Args:
        endless: in the derivative, also value lateness beyond twice the deadline.
    """
    queues, offload = situation.queues, plan.offload
    sent = transmit(config, situation, offload, plan.request)
    part = softmax(plan.cpu)
    outcome = execute(config, situation, sent, part, plan.priority)
    clock = config.server_ghz * part

    late = offload & (outcome.delay > situation.deadline)
    if not endless:
        late &= outcome.delay < 2.0 * situation.deadline
    by_end = np.where(late, -config.weight_qos / situation.deadline, 0.0)

    order = np.argsort(-plan.priority, axis=2, kind="stable")
    present = queues.present if config.queues > 1 else np.True_
    work = np.where(present, queues.of_users(np.where(offload, situation.cycles, 0.0)), 0.0)
    service = np.take_along_axis(work, order, axis=2) / clock[:, :, None]
    arrival = np.take_along_axis(queues.of_users(sent.arrival), order, axis=2)
    total = np.cumsum(service, axis=2)
    before = total - service
    ready = np.where(service > 0.0, arrival - before, 0.0)
    waited = np.maximum(ready, (situation.backlog / clock)[:, :, None])
    highest = np.maximum.accumulate(waited, axis=2)
    places = np.arange(ready.shape[2])
    critical = np.maximum.accumulate(np.where(waited == highest, places, 0), axis=2)
    pull = np.take_along_axis(np.where(present, queues.of_users(by_end), 0.0), order, axis=2)
    weight = np.zeros_like(pull)
    flat = (np.arange(pull.shape[0] * pull.shape[1]) * pull.shape[2])[:, None]
    index = (flat + critical.reshape(len(flat), -1)).ravel()
    weight.ravel()[:] = np.bincount(index, pull.ravel(), pull.size)
    by_arrival = np.zeros_like(pull)
    np.put_along_axis(by_arrival, order, weight, axis=2)
    slope = np.where(
        offload, queues.to_users(by_arrival) - config.weight_energy * config.transmit_w, 0.0
    )

    # Shares of the band: arrival = data / rate(share), share = floor + (1 - n floor) softmax.
    share = np.where(offload, sent.share, 1.0)
    ratio = situation.snr / share
    speed = config.bandwidth_mhz * share * np.log2(1.0 + ratio)
    gain = config.bandwidth_mhz * (np.log2(1.0 + ratio) - ratio / ((1.0 + ratio) * np.log(2.0)))
    by_share = np.where(offload, slope * (-situation.data / (speed * speed)) * gain, 0.0)
    soft = np.exp(plan.request) * offload
    soft = soft / np.maximum(soft.sum(axis=1, keepdims=True), 1e-300)
    count = offload.sum(axis=1, keepdims=True)
    floor = np.minimum(config.spectrum_floor, 1.0 / np.maximum(count, 1))
    by_share = by_share * (1.0 - count * floor)
    by_request = soft * (by_share - (soft * by_share).sum(axis=1, keepdims=True))

    # Shares of the CPU: times at the server are proportional to 1 / share.
    span = total - np.take_along_axis(before, critical, axis=2)
    by_part = -(pull * span).sum(axis=2) / part
    by_cpu = part * (by_part - (part * by_part).sum(axis=1, keepdims=True))
    return (by_request, by_cpu), value(config, outcome)
