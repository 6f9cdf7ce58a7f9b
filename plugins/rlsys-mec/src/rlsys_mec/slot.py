"""What happens in a slot: transmission, execution and reward.

The environment, the baselines and the search for the optimum share these functions. So all of them
take B copies at once, and no Python loop runs over copies, users or places. Data are in Mbit,
cycles in 10^9, times in s from the start of the slot, clocks in GHz, energy in J.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rlsys_mec.clusters import Ints, Queues, along, flat_index
from rlsys_mec.config import MecConfig
from rlsys_mec.radio import rate, shares

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


LIMIT = 5.0
"""Bound of all actions, which are logits: shares differ by at most exp(10)."""


class Situation(NamedTuple):
    """The situation at the start of a slot.

    Attributes:
        data, cycles, deadline: (B, N) of the tasks.
        distance, local_ghz, snr: (B, N) of the users; see `rlsys_mec.radio.full_band_snr`.
        queues: who is in which place at the server.
        backlog: (B, K) unfinished work of earlier slots, 10^9 cycles.
    """

    data: Floats
    cycles: Floats
    deadline: Floats
    distance: Floats
    local_ghz: Floats
    snr: Floats
    queues: Queues
    backlog: Floats

    def take(self, copies: Ints) -> Situation:
        """Return the situations of some copies, in that order; repeats are allowed."""
        return Situation._make(
            part.take(copies) if isinstance(part, Queues) else part[copies] for part in self
        )


class Sent(NamedTuple):
    """The result of the users' decisions.

    Attributes:
        offload: (B, N).
        share: (B, N) of the band, 0 for local execution.
        arrival: (B, N) when the data arrive at the server, 0 for local execution.
    """

    offload: Bools
    share: Floats
    arrival: Floats

    def take(self, copies: Ints) -> Sent:
        """Return those of some copies, in that order."""
        return Sent._make(array[copies] for array in self)


class Outcome(NamedTuple):
    """The outcome of the tasks.

    Attributes:
        start: (B, N) when the server starts it; 0 for local execution, which starts at once.
        delay: (B, N) when it is done.
        qos: (B, N) 1 until the deadline, linear to 0 at twice the deadline.
        energy: (B, N) of user and server for it.
        backlog: (B, K) unfinished work at the end of the slot; 0 if nothing carries over.
    """

    start: Floats
    delay: Floats
    qos: Floats
    energy: Floats
    backlog: Floats


def local_delay(situation: Situation) -> Floats:
    """Return how long the users' own CPUs take, (B, N)."""
    return situation.cycles / situation.local_ghz


def local_energy(config: MecConfig, situation: Situation) -> Floats:
    """Return the energy of local execution, (B, N): kappa f^2 per cycle."""
    clock_hz = situation.local_ghz * 1e9
    return config.kappa * clock_hz * clock_hz * (situation.cycles * 1e9)


def quality(delay: Floats, deadline: Floats) -> Floats:
    """Return the QoS: 1 until the deadline, linear to 0 at twice the deadline."""
    return np.clip(2.0 - delay / deadline, 0.0, 1.0)


def transmit(config: MecConfig, situation: Situation, offload: Bools, request: Floats) -> Sent:
    """Send the tasks of the offloading users; `offload` and `request` are (B, N)."""
    share = shares(config, offload, request)
    # Users that do not offload get the whole band here, to avoid a division by zero.
    speed = rate(config, np.where(offload, share, 1.0), situation.snr)
    return Sent(offload, share, np.where(offload, situation.data / speed, 0.0))


def execute(
    config: MecConfig, situation: Situation, sent: Sent, cpu: Floats, priority: Floats
) -> Outcome:
    """Execute what was sent, each queue in the order of its priorities, highest first.

    A queue is served one task after another. It waits for the arrival of the next task in order,
    even if a later one is already there: start_k = max(arrival_k, end_{k-1}). Its first task waits
    for the backlog. Equal priorities keep the order of the places.

    If work carries over, what is unfinished at the end of the slot goes before the tasks of the
    next slot. A task's own delay remains the one that is planned here.

    With A_k the arrivals and S_k the sums of the service times up to k this is
    end_k = S_k + max_{j <= k}(A_j - S_{j-1}), which needs no loop over the places.

    Args:
        cpu: (B, K) shares of the server's clock.
        priority: (B, K, M).
    """
    queues = situation.queues
    clock = config.server_ghz * cpu
    served = np.where(sent.offload, situation.cycles, 0.0)
    work = queues.of_users(served)
    if queues.members.shape[1] > 1:
        work = np.where(queues.present, work, 0.0)
    order = flat_index(np.argsort(-priority, axis=2, kind="stable"), priority.shape[2])
    service = work.ravel().take(order) / clock[:, :, None]
    arrival = queues.of_users(sent.arrival).ravel().take(order)
    total = np.cumsum(service, axis=2)
    # Places without work have arrival 0, or any value if empty: they must not delay anyone.
    ready = np.where(service > 0.0, arrival - (total - service), 0.0)
    waited = np.maximum(ready, (situation.backlog / clock)[:, :, None])
    end = total + np.maximum.accumulate(waited, axis=2)
    ends = np.empty(end.shape)
    ends.ravel()[order] = end
    done = queues.to_users(ends)
    delay = np.where(sent.offload, done, local_delay(situation))
    users_clock = along(clock, queues.cluster)
    start = np.where(sent.offload, done - situation.cycles / users_clock, 0.0)
    remote = config.transmit_w * sent.arrival + config.server_w / config.server_ghz * served
    energy = np.where(sent.offload, remote, local_energy(config, situation))
    left = np.zeros_like(situation.backlog)
    if config.slot_s is not None:
        unserved = np.minimum(service, np.maximum(end - config.slot_s, 0.0)).sum(axis=2)
        left = unserved * clock + np.maximum(situation.backlog - clock * config.slot_s, 0.0)
    return Outcome(start, delay, quality(delay, situation.deadline), energy, left)


def value(config: MecConfig, outcome: Outcome) -> Floats:
    """Return the reward of every copy, (B,): the weighted sum of QoS minus that of the energy."""
    qos = outcome.qos.sum(axis=1)
    worth: Floats = config.weight_qos * qos - config.weight_energy * outcome.energy.sum(axis=1)
    return worth
