"""The environment: N copies of users, band and server behind the interface of `rlsys.roles`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsys import batched
from rlsys.batched.batch import Copies, require_fitting
from rlsys.roles import Role
from rlsys_mec import credit, views
from rlsys_mec.clusters import Queues, cluster_users, queues_of
from rlsys_mec.config import MecConfig
from rlsys_mec.radio import full_band_snr
from rlsys_mec.randomness import Streams, stream_states, uniforms
from rlsys_mec.slot import LIMIT, Floats, Outcome, Sent, Situation, execute, transmit, value

Array = NDArray[Any]

MOST_PARTS = 32
"""Largest number of users for which each one has its own metrics."""


class MecVectorEnv(batched.BatchedRolesEnv):
    """Offloading in a cell with one edge server, batched; see `rlsys.roles` for the interface.

    Flat (``n_clusters`` null), a slot has two half-steps:

    * ``ue``, N agents: action [offload logit, spectrum request]. A task is offloaded if the
      logit is above 0; a softmax over the requests of the offloading users splits the band.
    * ``server``, one agent: N priorities; the highest is executed first.

    Hierarchical, it has three:

    * ``coordinator``, one agent: K logits, whose softmax divides the server's clock;
    * ``ue`` as above;
    * ``cluster_sched``, K agents: priorities of their M places; those of empty places and of users
      that compute locally have no effect.

    All actions are clipped to [-5, 5]. `rlsys_mec.views` describes the observations. Distances and
    clocks are drawn per episode, tasks per slot. Unless work carries over (``slot_s``), slots are
    independent: a contextual bandit, for which the discount is 0.

    The reward of a slot, the same for all, is ``weight_qos`` times the sum of the users' QoS minus
    ``weight_energy`` times the energy in J. An episode terminates after `slots`; the next starts in
    the same step. ``final_info`` then has qos (sum over users and slots), energy (J), hit_rate
    (share of tasks done by their deadline), offload_share, and the sums of the parts: ue_qos and
    ue_energy (N, users) in a flat system of at most `MOST_PARTS` users, cluster_qos and
    cluster_energy (N, K) in a hierarchy; (N, 0) otherwise.

    Args:
        config: the system.
        num_envs: N, the number of copies.

    Attributes:
        situation: situation of the current slot. `cpu` (N, K): the shares of the clock decided in
            it, equal until then. `sent`: what the users have decided in it, None until then.
            Baselines and oracles read these.
        outcome: outcome of the last slot, None before the first.
    """

    def __init__(self, config: MecConfig, num_envs: int = 1) -> None:
        super().__init__(num_envs, _roles(config))
        self.config = config
        n, k = (num_envs, config.n_users), (num_envs, config.queues)
        self._streams: Streams = np.zeros(num_envs, np.uint64)
        self._slot = np.zeros(num_envs, np.int64)
        self._cluster = np.zeros(n, np.int64)
        self._last_ratio = np.zeros(k)
        self._hits = np.zeros(num_envs)
        self._offloaded = np.zeros(num_envs)
        parts = k if config.n_clusters is not None else n
        self._part_qos = np.zeros(parts)
        self._part_energy = np.zeros(parts)
        self._distance, self._local, self._snr = np.ones(n), np.ones(n), np.ones(n)
        self._data, self._cycles, self._deadline = np.ones(n), np.ones(n), np.ones(n)
        self._backlog = np.zeros(k)
        self._queues: Queues = queues_of(config, self._cluster)
        self.cpu: Floats = np.full(k, 1.0 / config.queues)
        self.sent: Sent | None = None
        self.outcome: Outcome | None = None
        self._request: Floats = np.zeros(n)
        self._played: credit.Played | None = None

    @property
    def situation(self) -> Situation:
        """The situation of the current slot."""
        return Situation(
            self._data, self._cycles, self._deadline, self._distance, self._local, self._snr,
            self._queues, self._backlog,
        )  # fmt: skip

    def reseed(self, copies: Copies, seeds: Sequence[int | None]) -> None:
        """Start the random streams of some copies."""
        self._streams[copies] = stream_states(seeds)

    def advance(self, actions: Array) -> batched.Outcome | None:
        """Execute the acting role's decisions; `actions` has shape (N, agents, ...).

        Raises:
            ValueError: NaN.
        """
        # np.clip takes several times as long for small arrays; a sum is NaN if any addend is.
        chosen = np.minimum(np.maximum(actions.astype(np.float64), -LIMIT), LIMIT)
        if math.isnan(chosen.sum()):
            raise ValueError(f"actions of {self.acting} contain NaN")
        acting = self.acting
        if acting == "coordinator":
            weight = np.exp(chosen[:, 0])
            self.cpu = weight / weight.sum(axis=1, keepdims=True)
        elif acting == "ue":
            offload, self._request = chosen[:, :, 0] > 0.0, chosen[:, :, 1]
            self.sent = transmit(self.config, self.situation, offload, self._request)
        else:
            return self._finish(chosen)
        return None

    def observations(self) -> Array:
        """Return what the acting role sees now, (N, agents, ...), e.g. after `set_state`."""
        situation = self.situation
        if self.acting == "coordinator":
            return views.coordinator(self.config, situation, self._last_ratio)
        if self.acting == "ue":
            return views.users(self.config, situation, self.cpu)
        assert self.sent is not None  # the users have decided
        if self.acting == "server":
            return views.server(self.config, situation, self.sent)
        return views.schedulers(self.config, situation, self.sent, self.cpu)

    def difference_rewards(self) -> dict[str, Floats]:
        """Return what each agent's decision contributed in the last slot, by role (N, agents).

        See `rlsys_mec.credit`, and `rlsys.roles` for the purpose.

        Raises:
            ValueError: no slot has been played since `set_state`.
        """
        if self._played is None:
            raise ValueError("no slot has been played")
        users = credit.of_users(self.config, self._played)
        orders = credit.of_orders(self.config, self._played)
        if self.config.n_clusters is None:
            return {"ue": users, "server": orders}
        whole = credit.of_all(self.config, self._played)
        return {"coordinator": whole, "ue": users, "cluster_sched": orders}

    def get_state(self) -> dict[str, Array]:
        """Return copies of everything that determines the future, including random streams."""
        state = {name.lstrip("_"): getattr(self, name).copy() for name in _STATE}
        state["acting"] = np.array(self.turn)
        sent = self.sent or Sent._make(np.zeros_like(self._data) for _ in Sent._fields)
        return state | {f"sent.{name}": np.array(a) for name, a in sent._asdict().items()}

    def set_state(self, state: Mapping[str, Array]) -> None:
        """Restore a state of an environment with the same configuration and number of copies.

        Raises:
            ValueError: the arrays do not fit this environment.
        """
        require_fitting(state, self.get_state())
        self.ensure_seeded()
        for name in _STATE:
            setattr(self, name, np.array(state[name.lstrip("_")], getattr(self, name).dtype))
        self._queues = queues_of(self.config, self._cluster)
        self.turn = int(state["acting"])
        self.sent = None
        if self.turn == len(self.roles) - 1:
            self.sent = Sent(
                np.array(state["sent.offload"], np.bool_),
                np.array(state["sent.share"], np.float64),
                np.array(state["sent.arrival"], np.float64),
            )
        self.outcome = self._played = None

    def _finish(self, priority: Floats) -> batched.Outcome:
        """Execute the slot, update the metrics, and draw the next slot."""
        assert self.sent is not None  # the users have decided
        situation, sent = self.situation, self.sent
        outcome = execute(self.config, situation, sent, self.cpu, priority)
        self.outcome = outcome
        self._played = credit.Played(situation, self.cpu, self._request, sent, priority, outcome)
        self._slot += 1
        self._hits += (outcome.delay <= situation.deadline).sum(axis=1)
        self._offloaded += sent.offload.sum(axis=1)
        if self.config.n_clusters is None:
            self._part_qos += outcome.qos
            self._part_energy += outcome.energy
        else:
            self._part_qos += self._queues.sums(outcome.qos)
            self._part_energy += self._queues.sums(outcome.energy)
            sizes = self._queues.present.sum(axis=2)
            self._last_ratio = self._queues.sums(sent.offload.astype(np.float64)) / sizes
        self._backlog = outcome.backlog
        self._draw_tasks()
        return batched.Outcome(value(self.config, outcome), self._slot >= self.config.slots)

    def metrics(self) -> dict[str, Array]:
        """Return what `final_info` has; see the class."""
        tasks = self.config.slots * self.config.n_users
        final: dict[str, Array] = {
            "qos": self._part_qos.sum(axis=1),
            "energy": self._part_energy.sum(axis=1),
            "hit_rate": self._hits / tasks,
            "offload_share": self._offloaded / tasks,
        }
        shown = "ue" if self.config.n_clusters is None else "cluster"
        for part in ("ue", "cluster"):
            count = self._part_qos.shape[1] if part == shown else 0
            count = 0 if part == "ue" and count > MOST_PARTS else count
            final[f"{part}_qos"] = self._part_qos[:, :count]
            final[f"{part}_energy"] = self._part_energy[:, :count]
        return final

    def begin(self, copies: Copies) -> None:
        """Start episodes in some copies: users and their clusters, then the first tasks."""
        for count in (self._slot, self._hits, self._offloaded, self._last_ratio, self._backlog,
                      self._part_qos, self._part_energy):  # fmt: skip
            count[copies] = 0
        streams = self._streams[copies]
        config = self.config
        drawn = uniforms(streams, 2 * config.n_users).reshape(len(streams), 2, config.n_users)
        self._streams[copies] = streams
        self._distance[copies] = _between(config.distance_m, drawn[:, 0])
        self._local[copies] = _between(config.local_ghz, drawn[:, 1])
        self._snr[copies] = full_band_snr(config, self._distance[copies])
        for copy in copies:
            self._cluster[copy] = cluster_users(config, self._distance[copy], self._local[copy])
        self._queues = queues_of(config, self._cluster)
        self._draw_tasks(copies)

    def _draw_tasks(self, copies: Copies | None = None) -> None:
        """Start a slot in all copies, or again in those whose episode has just started."""
        config = self.config
        streams = self._streams if copies is None else self._streams[copies]
        drawn = uniforms(streams, 3 * config.n_users).reshape(len(streams), 3, config.n_users)
        chosen = slice(None) if copies is None else copies
        self._streams[chosen] = streams
        # New arrays, so that readers of the last slot's situation keep it unchanged.
        self._data, self._cycles, self._deadline = (
            array.copy() for array in (self._data, self._cycles, self._deadline)
        )
        self._data[chosen] = _between(config.data_mbit, drawn[:, 0])
        self._cycles[chosen] = _between(config.cycles_g, drawn[:, 1])
        self._deadline[chosen] = _between(config.deadline_s, drawn[:, 2])
        self.cpu = np.full((self.num_envs, config.queues), 1.0 / config.queues)
        self.sent = None


_STATE = (
    "_streams", "_slot", "_hits", "_offloaded", "_part_qos", "_part_energy", "_last_ratio",
    "_distance", "_local", "_snr", "_cluster", "_data", "_cycles", "_deadline", "_backlog",
    "_request", "cpu",
)  # fmt: skip


def _between(limits: tuple[float, float], unit: Floats) -> Floats:
    low, high = limits
    return low + (high - low) * unit


def _roles(config: MecConfig) -> tuple[Role, ...]:
    users = Role("ue", config.n_users, views.user_space(config), views.logits(2))
    if config.n_clusters is None:
        space = views.server_space(config)
        return (users, Role("server", 1, space, views.logits(config.n_users), items=True))
    return (
        Role("coordinator", 1, views.coordinator_space(config), views.logits(config.queues)),
        users,
        Role(
            "cluster_sched",
            config.queues,
            views.scheduler_space(config),
            views.logits(config.members),
            items=True,
        ),
    )
