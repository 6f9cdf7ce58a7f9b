"""Rules as controllers: each role decides in turn, given the actual earlier decisions."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsys.errors import ConfigError
from rlsys_mec.baselines.rules import (
    OrderRule,
    UserRule,
    alone_gain,
    ascend,
    fitting,
    greedy,
    like,
    ranked,
)
from rlsys_mec.config import MecConfig
from rlsys_mec.plan import Line, admitted, flipped, needing, turns
from rlsys_mec.randomness import stream_states, uniforms
from rlsys_mec.slot import LIMIT, Bools, Floats, Situation
from rlsys_mec.vector_env import MecVectorEnv

Array = NDArray[Any]


class RuleController:
    """A rule for the users and one for the server, with equal shares of the band.

    In a hierarchy the coordinator gives every cluster a share of the CPU in proportion to the work
    that its users would offload if the shares were equal. The users then decide with the actual
    shares.
    """

    def __init__(self, users: UserRule, order: OrderRule) -> None:
        self._users = users
        self._order = order

    def reset(self, env: MecVectorEnv) -> None:
        """Nothing to reset: the choice depends only on the current slot."""

    def act(self, env: MecVectorEnv, observations: Array) -> Floats:
        """Return the acting role's actions, (num_envs, agents, ...)."""
        del observations
        situation = env.situation
        if env.acting == "coordinator":
            wanted = self._users(env.config, situation, env.cpu, self._order)
            return cpu_logits(situation, wanted)[:, None]
        if env.acting == "ue":
            return user_actions(self._users(env.config, situation, env.cpu, self._order))
        assert env.sent is not None  # the users have decided
        return self._order(situation, env.sent)


class Random:
    """Draw every action uniformly; equal tasks get equal draws, whatever the batch."""

    def reset(self, env: MecVectorEnv) -> None:
        """Nothing to reset."""

    def act(self, env: MecVectorEnv, observations: Array) -> Floats:
        """Return the acting role's actions, (num_envs, agents, ...)."""
        del observations
        (role,) = (role for role in env.roles if role.name == env.acting)
        shape = (role.agents, *(role.action_space.shape or ()))
        # The bits of the first task's data serve as the seed.
        seeds = np.ascontiguousarray(env.situation.data[:, 0]).view(np.uint64)
        drawn = uniforms(seeds + np.uint64(env.roles.index(role)), int(np.prod(shape)))
        return LIMIT * (2.0 * drawn.reshape(len(seeds), *shape) - 1.0)


class LimitedGreedy:
    """Greedy with a limit on the work that the server accepts, as a rule for `RuleController`.

    If work carries over, later slots pay for what pays off in this slot. Of the greedily admitted
    users, those with the greatest gain per cycle are kept until the queue, including its backlog,
    is busy for the allowed time.

    Args:
        limit: time for which a queue may be busy, as a fraction of the longest deadline.
    """

    def __init__(self, limit: float) -> None:
        if not limit > 0.0:
            raise ConfigError(f"greedy with a limit: limit must be > 0 (got {limit})")
        self._limit = limit

    def __call__(
        self, config: MecConfig, situation: Situation, cpu: Floats, order: OrderRule
    ) -> Bools:
        """Return who offloads, (B, N)."""
        offload = greedy(config, situation, cpu, order)
        empty = situation._replace(backlog=np.zeros_like(situation.backlog))
        gain = alone_gain(config, empty, cpu, order)
        limit = self._limit * config.deadline_s[1]
        return fitting(config, situation, cpu, offload, gain, limit)


class CoordinateAscent:
    """Local search over who offloads, as a rule for `RuleController`.

    It starts from the greedy decisions and from random ones with about as many offloading users. It
    flips the user whose change raises the reward most, until no flip does, and keeps the best
    result. The band is split equally.

    Args:
        restarts: random starts, in addition to the greedy one.
    """

    def __init__(self, restarts: int) -> None:
        if restarts < 0:
            raise ConfigError(f"coordinate ascent: restarts must be >= 0 (got {restarts})")
        self._restarts = restarts

    def __call__(
        self, config: MecConfig, situation: Situation, cpu: Floats, order: OrderRule
    ) -> Bools:
        """Return who offloads, (B, N)."""
        start = greedy(config, situation, cpu, order)
        best, worth = ascend(config, situation, cpu, order, start)
        users = best.shape[1]
        drawn = uniforms(stream_states([0]), self._restarts * users)
        for row in drawn.reshape(self._restarts, users):
            found, reached = ascend(config, situation, cpu, order, like(start, row))
            better = reached > worth
            best[better], worth[better] = found[better], reached[better]
        return best


class JustInTime:
    """Play a plan in which tasks arrive just in time for their turn; see `rlsys_mec.plan`.

    Args:
        restarts: random starts of coordinate ascent, in addition to the greedy decisions and to
            all users that need the server; None: the greedy decisions without ascent.
    """

    def __init__(self, restarts: int | None) -> None:
        if restarts is not None and restarts < 0:
            raise ConfigError(f"coordinate ascent: restarts must be >= 0 (got {restarts})")
        self._restarts = restarts

    def reset(self, env: MecVectorEnv) -> None:
        """Nothing to reset: the choice depends only on the current slot."""

    def act(self, env: MecVectorEnv, observations: Array) -> Floats:
        """Return the acting role's actions, (num_envs, agents, ...)."""
        del observations
        situation = env.situation
        line = Line(env.config, situation, env.cpu)
        if env.acting in ("server", "cluster_sched"):
            return ranked(situation, turns(situation, line.demand.airtime))
        chosen = self._chosen(line)
        offload = line.to_users(chosen.astype(np.float64)) > 0.0
        if env.acting == "coordinator":
            return cpu_logits(situation, offload)[:, None]
        return user_actions(offload, line.to_users(line.requests(chosen)))

    def _chosen(self, line: Line) -> Bools:
        start = admitted(line)
        if self._restarts is None:
            return start
        drawn = uniforms(stream_states([0]), self._restarts * start[0].size)
        rows = drawn.reshape(self._restarts, *start.shape[1:])
        beginnings = [start, needing(line)]
        beginnings += [like(start.reshape(len(start), -1), row.ravel()).reshape(start.shape)
                       for row in rows]  # fmt: skip
        best, worth = start, line.worth(start)
        for beginning in beginnings:
            found = flipped(line, beginning)
            reached = line.worth(found)
            better = reached > worth
            best = np.where(better[:, None, None], found, best)
            worth = np.maximum(worth, reached)
        return best


def user_actions(offload: Bools, request: Floats | None = None) -> Floats:
    """Return the actions (B, N, 2) of the users."""
    requests = np.zeros(offload.shape) if request is None else request
    return np.stack([np.where(offload, 1.0, -1.0), requests], axis=2)


def cpu_logits(situation: Situation, offload: Bools) -> Floats:
    """Return logits (B, K) that divide the CPU in proportion to the offloaded work.

    A cluster without work gets the smallest share that the action space allows.
    """
    work = situation.queues.sums(np.where(offload, situation.cycles, 0.0))
    share = work / np.maximum(work.max(axis=1, keepdims=True), 1e-12)
    logits: Floats = np.log(np.maximum(share, np.exp(-2.0 * LIMIT))) + LIMIT
    return logits
