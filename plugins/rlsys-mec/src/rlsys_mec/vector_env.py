"""The environment: N copies of users, band and server behind the interface of `rlsys.roles`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode
from numpy.typing import NDArray

from rlsys.roles import Role
from rlsys_mec import credit, views
from rlsys_mec.clusters import Queues, cluster_users, queues_of
from rlsys_mec.config import MecConfig
from rlsys_mec.radio import full_band_snr
from rlsys_mec.randomness import Streams, stream_states, uniforms
from rlsys_mec.slot import LIMIT, Floats, Outcome, Sent, Situation, execute, transmit, value

Array = NDArray[Any]

FLAT = ("ue", "server")
HIERARCHICAL = ("coordinator", "ue", "cluster_sched")

MOST_PARTS = 32
"""Largest number of users for which each one has its own metrics."""


class MecVectorEnv:
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

    metadata: dict[str, Any] = {"autoreset_mode": AutoresetMode.SAME_STEP}  # noqa: RUF012

    def __init__(self, config: MecConfig, num_envs: int = 1) -> None:
        if num_envs < 1:
            raise ValueError(f"num_envs must be >= 1 (got {num_envs})")
        self.config = config
        self.num_envs = num_envs
        self.roles = _roles(config)
        self._order = HIERARCHICAL if config.n_clusters is not None else FLAT
        self.acting = self._order[0]
        n, k = (num_envs, config.n_users), (num_envs, config.queues)
        self._streams: Streams = stream_states([None] * num_envs)
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
        self._begin(np.ones(num_envs, np.bool_))

    @property
    def situation(self) -> Situation:
        """The situation of the current slot."""
        return Situation(
            self._data, self._cycles, self._deadline, self._distance, self._local, self._snr,
            self._queues, self._backlog,
        )  # fmt: skip

    def reset(
        self,
        *,
        seed: int | Sequence[int | None] | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> tuple[Array, dict[str, Any]]:
        """Start new episodes in all copies; return what the first role sees and an empty info.

        Args:
            seed: an int s seeds copy i with s + i; a list seeds each copy; None continues
                the current random streams.
            options: ignored.
        """
        del options
        if seed is not None:
            if isinstance(seed, int | np.integer):
                seed = [int(seed) + i for i in range(self.num_envs)]
            if len(seed) != self.num_envs:
                raise ValueError(f"one seed per copy is needed: {self.num_envs}, not {len(seed)}")
            self._streams = stream_states(seed)
        self._begin(np.ones(self.num_envs, np.bool_))
        return self.observations(), {}

    def step(self, actions: Array) -> tuple[Array, Array, Array, Array, dict[str, Any]]:
        """Execute the acting role's decisions; `actions` has shape (N, agents, ...).

        Raises:
            ValueError: wrong shape, or NaN.
        """
        chosen = self._checked(actions)
        rewards = np.zeros(self.num_envs)
        ended = np.zeros(self.num_envs, np.bool_)
        infos: dict[str, Any] = {}
        if self.acting == "coordinator":
            weight = np.exp(chosen[:, 0])
            self.cpu = weight / weight.sum(axis=1, keepdims=True)
            self.acting = "ue"
        elif self.acting == "ue":
            offload, self._request = chosen[:, :, 0] > 0.0, chosen[:, :, 1]
            self.sent = transmit(self.config, self.situation, offload, self._request)
            self.acting = self._order[-1]
        else:
            rewards, ended = self._finish(chosen)
            if ended.any():
                infos = self._final_infos(ended)
                self._begin(ended)
        return self.observations(), rewards, ended, np.zeros(self.num_envs, np.bool_), infos

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
        state["acting"] = np.array(self._order.index(self.acting))
        sent = self.sent or Sent._make(np.zeros_like(self._data) for _ in Sent._fields)
        return state | {f"sent.{name}": np.array(a) for name, a in sent._asdict().items()}

    def set_state(self, state: Mapping[str, Array]) -> None:
        """Restore a state of an environment with the same configuration and number of copies.

        Raises:
            ValueError: the arrays do not fit this environment.
        """
        present = self.get_state()
        if state.keys() != present.keys():
            raise ValueError(f"state must have the keys {sorted(present)}, not {sorted(state)}")
        for name, array in present.items():
            if np.shape(state[name]) != array.shape:
                raise ValueError(
                    f"state[{name!r}] must have shape {array.shape}, not {np.shape(state[name])}"
                )
        for name in _STATE:
            setattr(self, name, np.array(state[name.lstrip("_")], getattr(self, name).dtype))
        self._queues = queues_of(self.config, self._cluster)
        self.acting = self._order[int(state["acting"])]
        self.sent = None
        if self.acting == self._order[-1]:
            self.sent = Sent(
                np.array(state["sent.offload"], np.bool_),
                np.array(state["sent.share"], np.float64),
                np.array(state["sent.arrival"], np.float64),
            )
        self.outcome = self._played = None

    def close(self) -> None:
        """Nothing to close."""

    def _checked(self, actions: Array) -> Floats:
        """Return the actions of the acting role as float64 within their bounds."""
        (role,) = (role for role in self.roles if role.name == self.acting)
        wanted = (self.num_envs, role.agents, *(role.action_space.shape or ()))
        chosen = np.asarray(actions, np.float64)
        if chosen.shape != wanted:
            raise ValueError(
                f"actions of {self.acting} must have shape {wanted}, not {chosen.shape}"
            )
        chosen = np.clip(chosen, -LIMIT, LIMIT)
        if np.isnan(chosen).any():
            raise ValueError(f"actions of {self.acting} contain NaN")
        return chosen

    def _finish(self, priority: Floats) -> tuple[Floats, NDArray[np.bool_]]:
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
        return value(self.config, outcome), self._slot >= self.config.slots

    def _final_infos(self, ended: NDArray[np.bool_]) -> dict[str, Any]:
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
            final[f"{part}_qos"] = self._part_qos[:, :count].copy()
            final[f"{part}_energy"] = self._part_energy[:, :count].copy()
        for values in final.values():
            values[~ended] = 0.0
        final.update({f"_{name}": ended.copy() for name in list(final)})
        return {"final_info": final, "_final_info": ended.copy()}

    def _begin(self, which: NDArray[np.bool_]) -> None:
        """Start episodes in some copies: users and their clusters, then the first tasks."""
        for count in (self._slot, self._hits, self._offloaded, self._last_ratio, self._backlog,
                      self._part_qos, self._part_energy):  # fmt: skip
            count[which] = 0
        streams = self._streams[which]
        config = self.config
        drawn = uniforms(streams, 2 * config.n_users).reshape(len(streams), 2, config.n_users)
        self._streams[which] = streams
        self._distance[which] = _between(config.distance_m, drawn[:, 0])
        self._local[which] = _between(config.local_ghz, drawn[:, 1])
        self._snr[which] = full_band_snr(config, self._distance[which])
        for copy in np.flatnonzero(which):
            self._cluster[copy] = cluster_users(config, self._distance[copy], self._local[copy])
        self._queues = queues_of(config, self._cluster)
        self._draw_tasks(which)

    def _draw_tasks(self, which: NDArray[np.bool_] | None = None) -> None:
        """Start a slot in all copies, or again in those whose episode has just started."""
        config = self.config
        streams = self._streams if which is None else self._streams[which]
        drawn = uniforms(streams, 3 * config.n_users).reshape(len(streams), 3, config.n_users)
        chosen = slice(None) if which is None else which
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
        self.acting = self._order[0]


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
