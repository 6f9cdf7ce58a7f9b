"""Upper bounds on what an offloading decision with an order can earn, to exclude most of them.

Two resources limit the users, the band and the server, and each one alone gives a bound.

* The server: as if every user had the whole band. The ends of the tasks in their order then bound
  every user's value from above.
* The band: as if nobody waited at the server. With a price p on the band the best total is at most
  p + sum_i max_b (u_i(b) - p b) for every p >= 0 (the Lagrangian dual), which separates by user.

The smaller of the two terms is used for each user; the bound remains valid.
"""

from __future__ import annotations

from itertools import permutations

import numpy as np

from rlsys_mec.config import MecConfig
from rlsys_mec.radio import rate
from rlsys_mec.slot import Floats, Situation, local_delay, local_energy, quality

PRICES = np.concatenate([[0.0], np.geomspace(0.05, 50.0, 24)])
"""Prices of the whole band, in units of a task's reward."""
_GRID = np.concatenate([np.geomspace(1e-5, 0.02, 40), np.linspace(0.02, 1.0, 197)[1:]])


def all_orders(users: int) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    """Return every ordered subset of the users, (C, N): the rank of each, -1 for local execution.

    For 5 users there are 326, for 6 there are 1957.
    """
    rows = []
    for size in range(users + 1):
        for chosen in permutations(range(users), size):
            row = np.full(users, -1, np.int64)
            row[list(chosen)] = np.arange(size)
            rows.append(row)
    return np.array(rows)


def upper_bounds(
    config: MecConfig,
    situation: Situation,
    ranks: np.ndarray[tuple[int, int], np.dtype[np.int64]],
) -> Floats:
    """Return upper bounds on the reward, (B, C), of flat situations without backlog.

    Args:
        ranks: (C, N) of `all_orders`.
    """
    cells = _cell_values(config, situation)
    # Within a cell of the grid of shares, a user gets at most the value at its upper end for the
    # price of its lower end.
    low_ends = np.concatenate([[0.0], _GRID[:-1]])
    priced = cells[..., None] - low_ends[:, None] * PRICES
    band = priced.max(axis=2)
    local = config.weight_qos * quality(local_delay(situation), situation.deadline)
    local = local - config.weight_energy * local_energy(config, situation)
    whole = situation.data / rate(config, np.ones_like(situation.data), situation.snr)
    service = situation.cycles / config.server_ghz
    energy = config.weight_energy * (config.transmit_w * whole + config.server_w * service)
    copies, users = whole.shape
    bounds = np.empty((copies, len(ranks)))
    order = np.argsort(np.where(ranks < 0, users, ranks), axis=1, kind="stable")
    for begin in range(0, copies, 64):
        part = slice(begin, begin + 64)
        offload = ranks >= 0
        work = np.where(offload, service[part, None], 0.0)
        ordered = np.take_along_axis(work, np.broadcast_to(order, work.shape), axis=2)
        total = np.cumsum(ordered, axis=2)
        arrived = np.where(offload, whole[part, None], 0.0)
        ready = np.take_along_axis(arrived, np.broadcast_to(order, work.shape), axis=2)
        end = total + np.maximum.accumulate(ready - (total - ordered), axis=2)
        ends = np.empty_like(end)
        np.put_along_axis(ends, np.broadcast_to(order, end.shape), end, axis=2)
        served = config.weight_qos * quality(ends, situation.deadline[part, None])
        served = served - energy[part, None]
        both = np.minimum(served[..., None], band[part, None])
        remote = np.where(offload[..., None], both, local[part, None, :, None])
        bounds[part] = (PRICES + remote.sum(axis=2)).min(axis=2)
    return bounds


def _cell_values(config: MecConfig, situation: Situation) -> Floats:
    """Return what every user earns with each share of the grid if it never waits, (B, N, G)."""
    snr, data = situation.snr[..., None], situation.data[..., None]
    arrival = data / rate(config, _GRID, snr)
    service = (situation.cycles / config.server_ghz)[..., None]
    qos = quality(arrival + service, situation.deadline[..., None])
    energy = config.transmit_w * arrival + config.server_w * service
    cells: Floats = config.weight_qos * qos - config.weight_energy * energy
    return cells
