"""What each role sees: the layout of all observations.

A user sees its own task in physical units, and in a hierarchy the clock that the coordinator has
just given to its cluster. The other roles see one row per user or cluster, scaled to about 0..1:
data, cycles, deadline, distance and clock relative to the highest value of their range.

If unfinished work carries over, each row ends with the wait that it causes.
"""

from __future__ import annotations

import numpy as np
from gymnasium.spaces import Box
from numpy.typing import NDArray

from rlsys_mec.clusters import along
from rlsys_mec.config import MecConfig
from rlsys_mec.plan import PLAN, told
from rlsys_mec.slot import LIMIT, Floats, Sent, Situation
from rlsys_mec.summary import MOST, SUMMARY, summary

Array = NDArray[np.float32]

FAR = 10.0
"""Limit for clipping times relative to the longest deadline."""


def logits(*shape: int) -> Box:
    """Return an action space of logits."""
    return Box(-LIMIT, LIMIT, shape, np.float32)


def user_space(config: MecConfig) -> Box:
    """Return what a user sees: data (Mbit), cycles (10^9), deadline (s), distance (m), clock (GHz).

    Then, if they exist: its cluster's clock (GHz), its queue's backlog (10^9 cycles), the features
    of `rlsys_mec.summary`, and those of `rlsys_mec.plan`. The backlog is clipped at `FAR` times the
    longest deadline on the whole server.
    """
    ranges = (
        config.data_mbit, config.cycles_g, config.deadline_s, config.distance_m, config.local_ghz,
    )  # fmt: skip
    low, high = [low for low, _ in ranges], [high for _, high in ranges]
    if config.n_clusters is not None:
        low, high = [*low, 0.0], [*high, config.server_ghz]
    if config.slot_s is not None:
        low, high = [*low, 0.0], [*high, _most_backlog(config)]
    if config.view == "global":
        low, high = [*low, *[0.0] * _told(config)], [*high, *[MOST] * _told(config)]
    # After rounding to float32 the bounds may be inside the range.
    return Box(
        np.nextafter(np.array(low, np.float32), np.float32(-np.inf)),
        np.nextafter(np.array(high, np.float32), np.float32(np.inf)),
        dtype=np.float32,
    )


def users(config: MecConfig, situation: Situation, cpu: Floats) -> Array:
    """Return what all users see, (B, N, features); `cpu` (B, K) are shares."""
    copies, count = situation.data.shape
    seen = np.empty((copies, count, user_space_width(config)), np.float32)
    own = (situation.data, situation.cycles, situation.deadline, situation.distance,
           situation.local_ghz)  # fmt: skip
    for column, values in enumerate(own):
        seen[:, :, column] = values
    column = len(own)
    cluster = situation.queues.cluster
    if config.n_clusters is not None:
        seen[:, :, column] = along(config.server_ghz * cpu, cluster)
        column += 1
    if config.slot_s is not None:
        shown = np.minimum(situation.backlog, _most_backlog(config))
        seen[:, :, column] = along(shown, cluster)
        column += 1
    if config.view == "global":
        end = column + len(SUMMARY)
        seen[:, :, column:end] = summary(config, situation, cpu)
        if config.tentative_plan:
            seen[:, :, end:] = np.minimum(told(config, situation, cpu), MOST)
    return seen


def user_space_width(config: MecConfig) -> int:
    """Return the number of values that a user sees."""
    width = 5 + (config.n_clusters is not None) + (config.slot_s is not None)
    return width + _told(config) if config.view == "global" else width


def _told(config: MecConfig) -> int:
    """Return the number of values that the global view adds."""
    return len(SUMMARY) + len(PLAN) * config.tentative_plan


def server_space(config: MecConfig) -> Box:
    """Return what the server sees of every user: see `server`."""
    return Box(0.0, FAR, (config.n_users, 6 + (config.slot_s is not None)), np.float32)


def server(config: MecConfig, situation: Situation, sent: Sent) -> Array:
    """Return (B, 1, N, 6): offload (0 or 1), data, cycles, deadline, distance, share of the band.

    The first and the last are the users' decisions. The first column says for which rows there is
    something to decide (`rlsys.roles.Role.items`).
    """
    seen = np.empty(
        (len(sent.share), 1, config.n_users, 6 + (config.slot_s is not None)), np.float32
    )
    rows = seen[:, 0]
    *task, offload, share = _rows(config, situation, sent)
    for column, values in enumerate((offload, *task, share)):
        rows[:, :, column] = values
    if config.slot_s is not None:
        rows[:, :, 6] = _wait(config, situation.backlog / config.server_ghz)
    return seen


def scheduler_space(config: MecConfig) -> Box:
    """Return what a cluster's scheduler sees of every place: see `schedulers`."""
    return Box(0.0, FAR, (config.members, 7 + (config.slot_s is not None)), np.float32)


def schedulers(config: MecConfig, situation: Situation, sent: Sent, cpu: Floats) -> Array:
    """Return (B, K, M, 7): whether there is a user, then the same values as `server`.

    Cycles are shown as their time on the clock that the coordinator has just given to the cluster,
    as a fraction of the longest deadline, at most `FAR`. Empty places are all 0.
    """
    queues = situation.queues
    clock = config.server_ghz * cpu
    seen = np.zeros((*queues.members.shape, 7 + (config.slot_s is not None)), np.float32)
    seen[..., 0] = queues.present
    data, _, *others = _rows(config, situation, sent)
    service = situation.cycles / along(clock, queues.cluster)
    columns = (data, _wait(config, service), *others)
    for column, values in enumerate(columns, start=1):
        seen[..., column] = np.where(queues.present, queues.of_users(values), 0.0)
    if config.slot_s is not None:
        seen[..., 7] = queues.present * _wait(config, situation.backlog / clock)[:, :, None]
    return seen


def coordinator_space(config: MecConfig) -> Box:
    """Return what the coordinator sees of every cluster: see `coordinator`."""
    high = np.full((config.queues, 5 + (config.slot_s is not None)), 1.0, np.float32)
    # A cluster of one user, or of nearly all, is far from the average.
    high[:, 0] = config.queues
    if config.slot_s is not None:
        high[:, 5] = FAR
    return Box(0.0, np.nextafter(high, np.float32(np.inf)), dtype=np.float32)


def coordinator(config: MecConfig, situation: Situation, last_ratio: Floats) -> Array:
    """Return (B, 1, K, 5): load, mean deadline, mean distance, mean clock, last offload ratio.

    The load is the cluster's mean number of cycles, weighted by its size relative to the average
    size of a cluster, because the amount of work matters for dividing the CPU. The last offload
    ratio is the share of the cluster's users that offloaded in the previous slot, 0 in the first
    slot of an episode.

    Args:
        last_ratio: (B, K).
    """
    queues = situation.queues
    seen = np.empty(
        (len(last_ratio), 1, config.queues, 5 + (config.slot_s is not None)), np.float32
    )
    rows = seen[:, 0]
    sizes = queues.present.sum(axis=2)
    average = config.n_users / config.queues
    rows[:, :, 0] = queues.sums(situation.cycles) / (average * config.cycles_g[1])
    for column, (values, high) in enumerate(
        (
            (situation.deadline, config.deadline_s[1]),
            (situation.distance, config.distance_m[1]),
            (situation.local_ghz, config.local_ghz[1]),
        ),
        start=1,
    ):
        rows[:, :, column] = queues.sums(values) / (sizes * high)
    rows[:, :, 4] = last_ratio
    if config.slot_s is not None:
        rows[:, :, 5] = _wait(config, situation.backlog / (config.server_ghz / config.queues))
    return seen


def _rows(config: MecConfig, situation: Situation, sent: Sent) -> tuple[NDArray[np.generic], ...]:
    return (
        situation.data / config.data_mbit[1],
        situation.cycles / config.cycles_g[1],
        situation.deadline / config.deadline_s[1],
        situation.distance / config.distance_m[1],
        sent.offload,
        sent.share,
    )


def _most_backlog(config: MecConfig) -> float:
    return FAR * config.deadline_s[1] * config.server_ghz


def _wait(config: MecConfig, seconds: Floats) -> Floats:
    return np.minimum(seconds / config.deadline_s[1], FAR)
