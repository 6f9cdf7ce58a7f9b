"""A tentative plan of the slot: who offloads, in which order, with which share of the band.

A task that waits for its turn at the server does not need to arrive before its turn. So tasks are
served by deadline plus airtime, and each one gets a share of the band in proportion to its airtime
over the time until its turn: it arrives just in time. A search decides who offloads. In small
systems single decisions are flipped while the reward rises. In larger ones users are admitted one
by one, the greatest need per airtime and service first.

The server can compute and broadcast this plan. The global view shows it if `tentative_plan` is set,
and the baselines ending in ``-jit`` play it.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsys_mec.clusters import Ints, along
from rlsys_mec.config import MecConfig
from rlsys_mec.demand import Demand, demand
from rlsys_mec.radio import rate, shares
from rlsys_mec.slot import (
    LIMIT,
    Bools,
    Floats,
    Situation,
    local_delay,
    local_energy,
    quality,
)

FEW = 8
"""Largest number of users for flipping decisions, starting with all that need the server."""

SLACK = 0.25
"""Added to the time until a task's turn, as a fraction of the mean deadline."""


def turns(situation: Situation, airtime: Floats) -> Floats:
    """Return the key of the order of service, (B, N), least first: deadline plus airtime.

    This is almost earliest deadline first, but a task that takes long to send cannot be early.
    """
    return situation.deadline + airtime


class Line:
    """The users in the order of their turns, queue by queue, for trying many decisions.

    The order does not depend on who offloads. So it is computed once, and a trial is a few sums.
    Arrays "in line" have the shape (..., B, K, M), by queue and turn.

    Args:
        config: the system.
        situation: B copies.
        cpu: (B, K) shares of the server's clock.
    """

    def __init__(self, config: MecConfig, situation: Situation, cpu: Floats) -> None:
        self._config = config
        self._queues = situation.queues
        self.demand = demand(config, situation, cpu)
        key = np.where(
            situation.queues.present,
            situation.queues.of_users(turns(situation, self.demand.airtime)),
            np.inf,
        )
        self._order = np.argsort(key, axis=2, kind="stable")
        self._rank = np.argsort(self._order, axis=2, kind="stable")
        self.present = along(situation.queues.present, self._order)
        self.deadline, self.airtime, self.service, self._data, self._snr, self._cycles = (
            self.in_line(values)
            for values in (
                situation.deadline, self.demand.airtime, self.demand.service, situation.data,
                situation.snr, situation.cycles,
            )
        )  # fmt: skip
        local = config.weight_qos * quality(local_delay(situation), situation.deadline)
        local = local - config.weight_energy * local_energy(config, situation)
        self._local = np.where(self.present, self.in_line(local), 0.0)
        self._backlog = (situation.backlog / (config.server_ghz * cpu))[:, :, None]
        self._slack = SLACK * 0.5 * sum(config.deadline_s)

    def take(self, copies: Ints) -> Line:
        """Return the lines of some copies, in that order."""
        part = copy.copy(self)
        part.demand = Demand._make(values[copies] for values in self.demand)
        part._queues = self._queues.take(copies)
        for name in _ARRAYS:
            setattr(part, name, getattr(self, name)[copies])
        return part

    def in_line(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return per-user values (B, N) in line; empty places have arbitrary values."""
        return along(self._queues.of_users(values), self._order)

    def to_users(self, values: Floats) -> Floats:
        """Return values (B, K, M) in line per user, (B, N)."""
        return self._queues.to_users(along(values, self._rank))

    def before(self, offload: Bools) -> Floats:
        """Return how long the queue is busy before each one's turn, s."""
        service = np.where(offload, self.service, 0.0)
        busy: Floats = self._backlog + np.cumsum(service, axis=-1) - service
        return busy

    def requests(self, offload: Bools) -> Floats:
        """Return logits of the shares of the band; the highest of an offloading user is `LIMIT`."""
        request = np.log(self.airtime / (self._slack + self.before(offload)))
        top = np.where(offload, request, -np.inf).max(axis=(-2, -1), keepdims=True)
        request = request - np.where(np.isfinite(top), top, 0.0) + LIMIT
        return np.clip(request, -LIMIT, LIMIT)

    def arrivals(self, share: Floats) -> Floats:
        """Return how long each user sends with a share > 0 of the band, s."""
        time: Floats = self._data / rate(self._config, share, self._snr)
        return time

    def ends(self, offload: Bools, arrival: Floats) -> Floats:
        """Return when each offloaded task is done, s; for other users, when the queue is free.

        The recursion is that of `rlsys_mec.slot.execute`.
        """
        service = np.where(offload, self.service, 0.0)
        total = np.cumsum(service, axis=-1)
        ready = np.where(offload, arrival - (total - service), 0.0)
        done: Floats = total + np.maximum.accumulate(np.maximum(ready, self._backlog), axis=-1)
        return done

    def worth(self, offload: Bools) -> Floats:
        """Return the slot's reward under the plan's order and shares, (..., B)."""
        config = self._config
        flat = (*offload.shape[:-2], -1)
        request = self.requests(offload)
        share = shares(config, offload.reshape(flat), request.reshape(flat)).reshape(offload.shape)
        arrival = self.arrivals(np.where(offload, share, 1.0))
        end = self.ends(offload, arrival)
        energy = config.transmit_w * arrival + config.server_w / config.server_ghz * self._cycles
        remote = config.weight_qos * quality(end, self.deadline) - config.weight_energy * energy
        worth: Floats = np.where(offload, remote, self._local).sum(axis=(-2, -1))
        return worth


_ARRAYS = (
    "present", "deadline", "airtime", "service", "_order", "_rank", "_data", "_snr", "_cycles",
    "_local", "_backlog",
)  # fmt: skip


def needing(line: Line) -> Bools:
    """Return who would miss QoS without the server, in line (B, K, M)."""
    need: Bools = line.present & (line.in_line(line.demand.need) > 0.0)
    return need


def tentative(line: Line) -> Bools:
    """Return who offloads in the plan, in line (B, K, M)."""
    need = needing(line)
    return flipped(line, need) if need[0].size <= FEW else admitted(line)


def flipped(line: Line, offload: Bools) -> Bools:
    """Flip the one decision that raises the reward most, until no flip does."""
    offload = offload & line.present
    places = offload[0].size
    each = np.eye(places, dtype=np.bool_).reshape(places, 1, *offload.shape[1:])
    best = line.worth(offload)
    open_copies = np.arange(len(offload))
    while len(open_copies):
        part = line if len(open_copies) == len(offload) else line.take(open_copies)
        trials = (offload[open_copies] ^ each) & part.present
        worth = part.worth(trials)
        choice, reached = worth.argmax(axis=0), worth.max(axis=0)
        # Rounding must not make two equally good decisions alternate forever.
        better = reached > best[open_copies] + 1e-12
        open_copies, choice = open_copies[better], choice[better]
        offload[open_copies] = trials[choice, better.nonzero()[0]]
        best[open_copies] = reached[better]
    return offload


def admitted(line: Line) -> Bools:
    """Admit users one by one, the best claim first, while the reward rises."""
    need = needing(line)
    claim = np.where(need, line.in_line(line.demand.claim), -np.inf)
    by_claim = np.argsort(-claim.reshape(len(claim), -1), axis=1, kind="stable")
    copies = np.arange(len(claim))
    offload = np.zeros(need.shape, np.bool_)
    best = line.worth(offload)
    for turn in range(int(need.sum(axis=(1, 2)).max(initial=0))):
        trial = offload.reshape(len(claim), -1).copy()
        trial[copies, by_claim[:, turn]] = True
        trial = trial.reshape(offload.shape) & need
        reached = line.worth(trial)
        better = reached > best
        offload[better], best[better] = trial[better], reached[better]
    return offload


PLAN = (
    "planned", "before", "queue_service", "all_airtime", "request", "share", "arrival", "end",
)  # fmt: skip
"""What a user sees of the plan, in order: whether it offloads; how long its queue is busy before
its turn and in total, and the airtime of all, as fractions of the longest deadline; its request,
relative to -`LIMIT`; and, if it joined the offloading users: its share of the band, and its arrival
and end of execution as fractions of its deadline, clipped at `LATE`."""

LATE = 5.0


def told(config: MecConfig, situation: Situation, cpu: Floats) -> NDArray[np.float32]:
    """Return the features `PLAN` of every user, (B, N, features)."""
    line = Line(config, situation, cpu)
    offload = tentative(line)
    longest = config.deadline_s[1]
    before, request = line.before(offload), line.requests(offload)
    weight = np.exp(request)
    wanted = np.where(offload, weight, 0.0).sum(axis=(1, 2), keepdims=True)
    share = weight / np.where(offload, wanted, wanted + weight)
    arrival = line.arrivals(share)
    done = line.ends(offload, arrival)
    end = np.where(offload, done, np.maximum(arrival, done) + line.service)
    busy = np.where(offload, line.service, 0.0).sum(axis=2, keepdims=True)
    sending = np.where(offload, line.airtime, 0.0).sum(axis=(1, 2), keepdims=True)
    columns = (
        offload, before / longest, busy / longest, sending / longest, request + LIMIT, share,
        np.minimum(arrival / line.deadline, LATE), np.minimum(end / line.deadline, LATE),
    )  # fmt: skip
    features = np.empty((*situation.data.shape, len(PLAN)), np.float32)
    for index, column in enumerate(columns):
        features[:, :, index] = line.to_users(np.broadcast_to(column, offload.shape))
    return features
