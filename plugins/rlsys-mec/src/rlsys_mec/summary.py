"""The global view: what a user sees of all tasks.

All users share one policy. So what a user should do depends on the others only through how much of
the band and of the server they want, and which of them have a better claim. The view has three
parts: the mean task of all users; how much the user itself would take, and how far its own CPU
falls short; and, in four orders of precedence, how much the users before it want. With the last
part, "offload if there is room for all before me and for me" can be learned for each order.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rlsys_mec.clusters import along, flat_index
from rlsys_mec.config import MecConfig
from rlsys_mec.demand import demand
from rlsys_mec.slot import Floats, Situation

_ORDERS = ("gain", "deadline", "service", "airtime")

SUMMARY = (
    "mean_data", "mean_cycles", "mean_deadline", "mean_distance", "mean_clock",
    "airtime", "service", "need", "all_airtime", "all_service",
    *(f"{what}_before_by_{order}" for order in _ORDERS for what in ("airtime", "service")),
)  # fmt: skip
"""Names of the features, in order. ``airtime``: time to send alone over the whole band;
``service``: execution time on the clock of the user's queue; both as fractions of the longest
deadline. ``need``: 1 minus the QoS of local execution. ``all_``: of all users (of the queue, for
service), weighted by need; ``_before_by_``: of those that come before the user by gain (need per
airtime and service), earlier deadline, shorter service or shorter airtime. Sums are shown as
log(1 + x)."""

MOST = 10.0
"""Features are clipped here, at sums of 22,000 longest deadlines."""


def summary(config: MecConfig, situation: Situation, cpu: Floats) -> NDArray[np.float32]:
    """Return the features `SUMMARY` of every user, (B, N, features); `cpu` (B, K) are shares."""
    queues = situation.queues
    airtime, service, need, _ = demand(config, situation, cpu)
    airtime, service = airtime / config.deadline_s[1], service / config.deadline_s[1]
    wanted_air, wanted_service = need * airtime, need * service
    features = np.empty((*situation.data.shape, len(SUMMARY)), np.float32)
    ranges = (config.data_mbit, config.cycles_g, config.deadline_s, config.distance_m,
              config.local_ghz)  # fmt: skip
    own = (situation.data, situation.cycles, situation.deadline, situation.distance,
           situation.local_ghz)  # fmt: skip
    for column, (values, (_, high)) in enumerate(zip(own, ranges, strict=True)):
        features[:, :, column] = values.mean(axis=1, keepdims=True) / high
    features[:, :, 5] = np.log1p(airtime)
    features[:, :, 6] = np.log1p(service)
    features[:, :, 7] = need
    features[:, :, 8] = np.log1p(wanted_air.sum(axis=1, keepdims=True))
    total = along(queues.sums(wanted_service), queues.cluster)
    features[:, :, 9] = np.log1p(total)
    keys = (-need / (airtime + service), situation.deadline, service, airtime)
    for index, key in enumerate(keys):
        if config.n_clusters is None:
            air, work = _before(key, wanted_air, wanted_service)
        else:
            (air,) = _before(key, wanted_air)
            in_queue = np.where(queues.present, queues.of_users(key), np.inf)
            (placed,) = _before(in_queue, queues.present * queues.of_users(wanted_service))
            work = queues.to_users(placed)
        features[:, :, 10 + 2 * index] = np.log1p(air)
        features[:, :, 11 + 2 * index] = np.log1p(work)
    return np.minimum(features, np.float32(MOST), out=features)


def _before(key: Floats, *amounts: Floats) -> list[Floats]:
    """Return, along the last axis, the sums of each of `amounts` over those with a smaller key."""
    order = flat_index(np.argsort(key, axis=-1, kind="stable"), key.shape[-1])
    sums = []
    for amount in amounts:
        sorted_amount = amount.ravel().take(order)
        before = np.empty(amount.shape)
        ahead = np.maximum(np.cumsum(sorted_amount, axis=-1) - sorted_amount, 0.0)
        before.ravel()[order] = ahead
        sums.append(before)
    return sums
