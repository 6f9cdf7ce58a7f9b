"""Rules for the baselines: who offloads, and in which order the server executes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from rlsys_mec.clusters import along
from rlsys_mec.config import MecConfig
from rlsys_mec.slot import (
    LIMIT,
    Bools,
    Floats,
    Sent,
    Situation,
    execute,
    local_delay,
    local_energy,
    quality,
    transmit,
    value,
)

OrderRule = Callable[[Situation, Sent], Floats]
"""Returns priorities (B, K, M)."""

UserRule = Callable[[MecConfig, Situation, Floats, OrderRule], Bools]
"""Returns who offloads, (B, N), under shares of the CPU (B, K) and an order at the server."""

CELLS = 2_000_000
"""Places that are evaluated at once; this bounds the memory of `rewards_of`."""


def earliest_deadline(situation: Situation, sent: Sent) -> Floats:
    """Earliest deadline first."""
    del sent
    return ranked(situation, situation.deadline)


def first_come(situation: Situation, sent: Sent) -> Floats:
    """Earliest arrival first."""
    return ranked(situation, sent.arrival)


def ranked(situation: Situation, key: Floats) -> Floats:
    """Return priorities within the bounds of the action space: the least key (B, N) first."""
    places = np.where(situation.queues.present, situation.queues.of_users(key), np.inf)
    rank = np.argsort(np.argsort(places, axis=2, kind="stable"), axis=2, kind="stable")
    priority: Floats = LIMIT - 2.0 * LIMIT * rank / places.shape[2]
    return priority


def rewards_of(
    config: MecConfig,
    situation: Situation,
    cpu: Floats,
    order: OrderRule,
    offload: Bools,
    request: Floats | None = None,
) -> Floats:
    """Return the reward of every copy for each of C decisions.

    Args:
        offload: (B, C, N).
        request: (B, N) for shares of the band; None: equal shares.

    Returns:
        (B, C).
    """
    copies, candidates, users = offload.shape
    worth = np.empty((copies, candidates))
    size = max(1, CELLS // (candidates * situation.queues.present[0].size))
    for begin in range(0, copies, size):
        chosen = np.arange(begin, min(begin + size, copies))
        repeated = np.repeat(chosen, candidates)
        part = situation.take(repeated)
        decided = offload[chosen].reshape(-1, users)
        wanted = np.zeros(decided.shape) if request is None else request[repeated]
        sent = transmit(config, part, decided, wanted)
        outcome = execute(config, part, sent, cpu[repeated], order(part, sent))
        worth[chosen] = value(config, outcome).reshape(-1, candidates)
    return worth


def nobody(config: MecConfig, situation: Situation, cpu: Floats, order: OrderRule) -> Bools:
    """Everything is executed locally."""
    del config, cpu, order
    return np.zeros(situation.data.shape, np.bool_)


def everybody(config: MecConfig, situation: Situation, cpu: Floats, order: OrderRule) -> Bools:
    """Everything is offloaded."""
    del config, cpu, order
    return np.ones(situation.data.shape, np.bool_)


def alone_gain(config: MecConfig, situation: Situation, cpu: Floats, order: OrderRule) -> Floats:
    """Return, for every user, the gain of offloading if nobody else did, (B, N)."""
    local = config.weight_qos * quality(local_delay(situation), situation.deadline)
    local = local - config.weight_energy * local_energy(config, situation)
    copies, users = situation.data.shape
    each = np.broadcast_to(np.eye(users, dtype=np.bool_), (copies, users, users))
    rest = local.sum(axis=1, keepdims=True)
    gain: Floats = rewards_of(config, situation, cpu, order, each) - rest
    return gain


def selfish(config: MecConfig, situation: Situation, cpu: Floats, order: OrderRule) -> Bools:
    """Offload users that would gain if nobody else offloaded; each knows only its own task."""
    return alone_gain(config, situation, cpu, order) > 0.0


def greedy(config: MecConfig, situation: Situation, cpu: Floats, order: OrderRule) -> Bools:
    """Admit users one by one, the greatest gain alone first, while the reward rises."""
    gain = alone_gain(config, situation, cpu, order)
    offload = np.zeros(gain.shape, np.bool_)
    best = rewards_of(config, situation, cpu, order, offload[:, None])[:, 0]
    turns = np.argsort(-gain, axis=1, kind="stable")
    copies = np.arange(len(gain))
    for turn in range(gain.shape[1]):
        user = turns[:, turn]
        if not (gain[copies, user] > 0.0).any():
            break
        trial = offload.copy()
        trial[copies, user] = True
        reached = rewards_of(config, situation, cpu, order, trial[:, None])[:, 0]
        better = reached > best
        offload[better] = trial[better]
        best = np.maximum(best, reached)
    return offload


def fitting(
    config: MecConfig, situation: Situation, cpu: Floats, offload: Bools, gain: Floats, limit: float
) -> Bools:
    """Return those of `offload` (B, N) that fit their queues, the greatest gain per cycle first.

    Args:
        gain: (B, N) gain of offloading.
        limit: time in s for which a queue may be busy, including its backlog.
    """
    queues = situation.queues
    wanted = queues.of_users(offload) & queues.present
    density = np.where(wanted, queues.of_users(gain / situation.cycles), -np.inf)
    order = np.argsort(-density, axis=2, kind="stable")
    work = along(np.where(wanted, queues.of_users(situation.cycles), 0.0), order)
    room = limit * config.server_ghz * cpu - situation.backlog
    fits = np.empty(order.shape)
    np.put_along_axis(fits, order, np.cumsum(work, axis=2) <= room[:, :, None], axis=2)
    return offload & (queues.to_users(fits) > 0.0)


def ascend(
    config: MecConfig,
    situation: Situation,
    cpu: Floats,
    order: OrderRule,
    offload: Bools,
    request: Floats | None = None,
) -> tuple[Bools, Floats]:
    """Flip the one decision that raises the reward most, until no flip does.

    Args:
        offload: (B, N), the start.
        request: as for `rewards_of`.

    Returns:
        Decisions (B, N) and rewards (B,).
    """
    offload = offload.copy()
    best = rewards_of(config, situation, cpu, order, offload[:, None], request)[:, 0]
    # Others only take band and server time from a user: users that do not gain alone are skipped.
    hopeful = alone_gain(config, situation, cpu, order) > 0.0
    open_copies = np.arange(len(offload))
    while len(open_copies):
        useful = offload[open_copies] | hopeful[open_copies]
        most = max(1, int(useful.sum(axis=1).max()))
        tried = np.argsort(~useful, axis=1, kind="stable")[:, :most]
        trials = np.repeat(offload[open_copies, None], most, axis=1)
        rows, columns = np.indices(tried.shape)
        trials[rows, columns, tried] ^= True
        part = situation.take(open_copies)
        wanted = None if request is None else request[open_copies]
        worth = rewards_of(config, part, cpu[open_copies], order, trials, wanted)
        choice = worth.argmax(axis=1)
        every = np.arange(len(choice))
        reached, choice = worth[every, choice], tried[every, choice]
        # Rounding must not make two equally good decisions alternate forever.
        better = reached > best[open_copies] + 1e-12
        open_copies, choice, reached = open_copies[better], choice[better], reached[better]
        offload[open_copies, choice] ^= True
        best[open_copies] = reached
    return offload, best


def like(offload: Bools, numbers: Floats) -> Bools:
    """Return random decisions with about as many offloading users, (B, N), to start a search.

    Each offloading user is kept with probability one half; others replace those that are dropped.

    Args:
        offload: (B, N).
        numbers: (N,), uniform in [0, 1).
    """
    users = offload.shape[1]
    count = offload.sum(axis=1, keepdims=True)
    others = np.maximum(users - count, 1)
    return numbers < np.where(offload, 0.5, np.maximum(0.5 * count, 0.5) / others)
