"""What each agent's own decision contributed in a slot: difference rewards.

All agents share the reward of a slot, and for one user among a hundred it is mostly due to the
others. Its difference reward is the slot's reward minus what the slot would have earned if only
this agent had made a fixed other decision (Wolpert and Tumer, "Optimal payoff functions for members
of collectives", Advances in Complex Systems 4, 2001). What is subtracted does not depend on the
agent's own decision, so its best decision remains the same.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rlsys_mec.config import MecConfig
from rlsys_mec.slot import (
    Bools,
    Floats,
    Outcome,
    Sent,
    Situation,
    execute,
    local_delay,
    local_energy,
    quality,
    transmit,
    value,
)

CELLS = 500_000
"""Users that are evaluated at once, so that their data stays in the processor's cache."""


class Played(NamedTuple):
    """A finished slot: its situation, decisions and outcome.

    Attributes:
        situation: situation at its start.
        cpu: (B, K) shares of the server's clock.
        request: (B, N) requests of the users for the band, as logits.
        sent: result of the users' decisions.
        priority: (B, K, M).
        outcome: outcome of the tasks.
    """

    situation: Situation
    cpu: Floats
    request: Floats
    sent: Sent
    priority: Floats
    outcome: Outcome


def of_users(config: MecConfig, played: Played) -> Floats:
    """Return the slot's reward minus that with this user's task executed locally, (B, N).

    The others keep their decisions; they share the band without this user. 0 for a user that did
    not offload.
    """
    copies, users = np.nonzero(played.sent.offload)
    reward = value(config, played.outcome)
    worth = np.zeros(played.sent.offload.shape)
    size = max(1, CELLS // config.n_users)
    for begin in range(0, len(copies), size):
        copy, user = copies[begin : begin + size], users[begin : begin + size]
        offload: Bools = played.sent.offload[copy]
        offload[np.arange(len(copy)), user] = False
        situation = played.situation.take(copy)
        sent = transmit(config, situation, offload, played.request[copy])
        without = execute(config, situation, sent, played.cpu[copy], played.priority[copy])
        worth[copy, user] = reward[copy] - value(config, without)
    return worth


def of_all(config: MecConfig, played: Played) -> Floats:
    """Return the slot's reward minus that of executing everything locally, (B, 1)."""
    local = config.weight_qos * quality(local_delay(played.situation), played.situation.deadline)
    local = local - config.weight_energy * local_energy(config, played.situation)
    worth: Floats = value(config, played.outcome)[:, None] - local.sum(axis=1, keepdims=True)
    return worth


def of_orders(config: MecConfig, played: Played) -> Floats:
    """Return what each queue's tasks gained over earliest deadline first, (B, K).

    The order in one queue has no influence on the tasks of other queues.
    """
    queues = played.situation.queues
    by_deadline = -queues.of_users(played.situation.deadline)
    usual = execute(config, played.situation, played.sent, played.cpu, by_deadline)
    # The order does not change the energy.
    gain = config.weight_qos * (played.outcome.qos - usual.qos)
    return queues.sums(np.where(played.sent.offload, gain, 0.0))
