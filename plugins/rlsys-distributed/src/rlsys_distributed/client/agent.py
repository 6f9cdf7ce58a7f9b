"""What a program asks for actions.

The calls are those of RL4Sys's agent, so a program that uses that one changes its import.
"""

from __future__ import annotations

import itertools
import json
import logging
import math
import os
import random
import threading
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rlsys.network import Network
from rlsys_distributed.client.actor import Actor, actor_of, untrained
from rlsys_distributed.client.config import ClientConfig, read_config
from rlsys_distributed.client.explaining import explain
from rlsys_distributed.client.gymnasium_spaces import space_of
from rlsys_distributed.client.link import Link, Statistics, channel_to
from rlsys_distributed.client.trajectory import Action, Piece, Trajectory, most_steps
from rlsys_distributed.v1 import trainer_pb2 as pb
from rlsys_distributed.wire.model import Version, network_of
from rlsys_distributed.wire.spaces import as_json, to_space

_LOG = logging.getLogger("rlsys.distributed")
_ENCODINGS = {"exact": pb.EXACT, "float16": pb.FLOAT16, "int8": pb.INT8}
_SOFTWARE = "rlsys-distributed 0.1.0 (Python)"


class Agent:
    """Decides for a running program, and lets a server learn from what comes of it.

    Decisions are made here, with the newest model that has arrived; sending and receiving happen in
    the background. While the server is away, the agent goes on with the model that it has.

    Args:
        config: path of a JSON or YAML file, or what such a file contains (`ClientConfig`).
        observation_space, action_space: Gymnasium spaces, instead of those in the config.

    Raises:
        UserError: the config is wrong; one line says where, and what is allowed.

    Example::

        agent = Agent("client.json")
        trajectory = None
        while running:
            trajectory, action = agent.request_for_action(trajectory, observation)
            agent.add_to_trajectory(trajectory, action)
            observation, reward, done = do(action.act)
            action.update_reward(reward)
            if done:
                agent.mark_end_of_trajectory(trajectory, action)
        agent.close()
    """

    def __init__(
        self,
        config: str | Path | Mapping[str, Any],
        *,
        observation_space: Any = None,
        action_space: Any = None,
    ) -> None:
        self.config = _with_spaces(read_config(config), observation_space, action_space)
        self._observation, self._action = self.config.spaces()
        self._shape = self._observation.shape
        self._values = self._observation.size
        self._is_bytes = self._observation.dtype == "uint8"
        self._masked = self.config.masked
        self._outputs = self._action.outputs
        self._drawn = random.Random(self.config.seed)
        self._lock = threading.Lock()
        self._actor = untrained(self._action, self._drawn)
        self._most_steps = self.config.max_traj_length
        self._waited = False
        self._episodes = itertools.count()
        self._completed: list[Piece] = []
        self._link: Link | None = self._connect()
        _AGENTS.add(self)

    @property
    def version(self) -> int:
        """The version of the model that decides now; 0: none has arrived yet."""
        return self._actor.version

    @property
    def network(self) -> Network | None:
        """The portable network of that version, or None if none has arrived."""
        held = self._link.held if self._link is not None else None
        return None if held is None else network_of(held)[0]

    @property
    def failure(self) -> str | None:
        """Why the connection was given up; None: it was not."""
        return self._link.failure if self._link is not None else None

    @property
    def statistics(self) -> Statistics:
        """What has become of the trajectories, in counts."""
        return self._link.statistics if self._link is not None else Statistics()

    def request_for_action(
        self,
        traj: Trajectory | None,
        obs: ArrayLike,
        mask: ArrayLike | None = None,
    ) -> tuple[Trajectory, Action]:
        """Decide.

        Args:
            traj: of the running episode; None, or one that has ended, begins another.
            obs: what is observed, of the observation space's shape.
            mask: which actions are allowed, bool (n,); needed if the config says `masked`.

        Returns:
            The trajectory, and the action; what to do is in its attribute `act`.

        Raises:
            ValueError: an observation of another shape, NaN or infinity, or no mask where one is
                needed. The agent goes on.
        """
        row = np.empty(self._values + 1, np.float32)
        observation = _bytes_of(obs) if self._is_bytes else np.asarray(obs)
        if observation.shape != self._shape:
            raise ValueError(
                f"the observation has the shape {observation.shape}, not {self._shape}"
            )
        row[:-1] = observation if observation.ndim == 1 else observation.ravel()
        row[-1] = 1.0
        # One product instead of a look at every number; huge ones need the look.
        if not row.dot(row) < math.inf and not np.isfinite(row).all():
            raise ValueError("the observation has NaN or infinity; give finite numbers")
        if self._masked or mask is not None:
            mask = self._checked_mask(mask)
        if not self._waited:
            self._wait_for_first_model()
        with self._lock:
            actor = self._actor
            act, raw, log_probability = actor.choose(actor.forward(row), mask)
        action = Action(act, raw, log_probability, actor, row, mask)
        if traj is None or traj.completed:
            traj = Trajectory(next(self._episodes))
        elif len(traj.actions) >= self._most_steps:
            self._cut(traj, row, mask)
        return traj, action

    def add_to_trajectory(self, traj: Trajectory, action: Action) -> None:
        """Add a step to its trajectory, once per step.

        Raises:
            ValueError: the trajectory has ended.
        """
        if traj.completed:
            raise ValueError("the trajectory has ended; request_for_action begins another")
        traj.actions.append(action)

    def mark_end_of_trajectory(
        self,
        traj: Trajectory,
        action: Action,
        *,
        truncated: bool = False,
        last_observation: ArrayLike | None = None,
        last_mask: ArrayLike | None = None,
    ) -> None:
        """End an episode.

        Args:
            traj: its trajectory.
            action: its last step; it is added if it has not been.
            truncated: whether it was only stopped from outside (a time limit): then what would
                have come counts.
            last_observation: what was observed after the last step; needed if `truncated`.
            last_mask: the mask there; needed if there are masks.

        Raises:
            ValueError: it is truncated, and there is no last observation.
        """
        if traj.completed:
            return
        if not traj.actions or traj.actions[-1] is not action:
            traj.actions.append(action)
        row = last = None
        if truncated:
            if last_observation is None:
                raise ValueError(
                    "a truncated trajectory needs last_observation: what was observed after its "
                    "last step"
                )
            row = self._row(last_observation)
            last = self._checked_mask(last_mask) if self._masked else None
        traj.completed = True
        ending = pb.TRUNCATED if truncated else pb.TERMINATED
        piece = Piece(traj, traj.actions, ending, row, last)
        traj.sent, traj.actions = len(traj), []
        self._complete(piece)

    def flush(self, timeout: float = 30.0, *, left: int = 0) -> bool:
        """Send what has been completed; return whether the server has acknowledged it in time.

        Args:
            timeout: seconds.
            left: number of trajectories that need not be acknowledged yet.
        """
        self._send_completed()
        return self._link.flush(timeout, left) if self._link is not None else False

    def close(self, timeout: float = 5.0) -> None:
        """Send what has been completed, and end the connection; at most about `timeout` seconds."""
        self._send_completed()
        if self._link is not None:
            self._link.close(timeout)
        self._waited = True

    def __enter__(self) -> Agent:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _connect(self) -> Link:
        config = self.config
        request = pb.RegisterRequest(
            client_id=config.client_id,
            instance=os.urandom(16),
            model=config.model or "",
            observation=to_space(self._observation),
            action=to_space(self._action),
            masked=config.masked,
            items=config.items,
            algorithm=config.algorithm_name,
            settings=json.dumps(config.settings()) if config.settings() else "",
            software=_SOFTWARE,
            encodings=[_ENCODINGS[config.encoding]],
        )
        credentials = None if config.tls is None else config.tls.credentials()
        observation, action = self._observation, self._action
        return Link(
            lambda: channel_to(config.train_server_address, credentials),
            request,
            config.secret(),
            lambda piece, sequence: piece.message(sequence, observation, action),
            self._take_model,
            on_limits=self._take_limits,
            explain=lambda text: explain(text, config.tls),
            buffer=config.buffer_trajectories,
            sends=config.explore,
        )

    def _take_model(self, version: Version, incarnation: bytes) -> None:
        actor: Actor = actor_of(
            version,
            incarnation,
            self._observation,
            self._action,
            self._drawn,
            explore=self.config.explore,
        )
        self._actor = actor

    def _take_limits(self, limits: pb.Limits) -> None:
        """Cut trajectories before they are longer than the server takes; 0 is no limit."""
        most = self.config.max_traj_length
        if limits.trajectory_steps:
            most = min(most, limits.trajectory_steps)
        if limits.trajectory_bytes:
            spaces = (self._observation, self._action)
            most = min(most, most_steps(limits.trajectory_bytes, *spaces, masked=self._masked))
        if most < self.config.max_traj_length:
            _LOG.info("the server takes %d steps at a time; trajectories are cut there", most)
        self._most_steps = most

    def _wait_for_first_model(self) -> None:
        link = self._link
        if link is not None and not link.wait_for_model(self.config.first_model_timeout):
            why = link.failure or link.statistics.problem or "the server has sent none"
            _LOG.warning("no model yet (%s): actions are drawn at random until one is there", why)
        self._waited = True

    def _row(self, obs: ArrayLike) -> NDArray[np.float32]:
        given = _bytes_of(obs) if self._is_bytes else np.asarray(obs)
        observation = given.astype(np.float32)
        if observation.shape != self._shape:
            raise ValueError(
                f"the observation has the shape {observation.shape}, not {self._shape}"
            )
        if not np.isfinite(observation).all():
            raise ValueError("the observation has NaN or infinity; give finite numbers")
        return np.append(observation.ravel(), np.float32(1.0))

    def _checked_mask(self, mask: ArrayLike | None) -> NDArray[np.bool_]:
        if not self._masked:
            raise ValueError("there is a mask, but the config does not say `masked: true`")
        if mask is None:
            raise ValueError(f"give a mask of {self._outputs} allowed actions, bool")
        found = np.array(mask, dtype=np.bool_)
        if found.shape != (self._outputs,):
            raise ValueError(f"the mask has the shape {found.shape}, not ({self._outputs},)")
        if not found.any():
            raise ValueError("the mask allows no action; allow at least one")
        return found

    def _cut(self, traj: Trajectory, row: NDArray[np.float32], mask: Any) -> None:
        """Send the steps so far; `row` is what came after them."""
        piece = Piece(traj, traj.actions, pb.CUT, row, mask)
        traj.sent, traj.actions = len(traj), []
        self._complete(piece)

    def _complete(self, piece: Piece) -> None:
        with self._lock:
            self._completed.append(piece)
            enough = len(self._completed) >= self.config.send_frequency
        if enough:
            self._send_completed()

    def _send_completed(self) -> None:
        with self._lock:
            pieces, self._completed = self._completed, []
        for piece in pieces:
            if self._link is not None:
                self._link.put(piece)

    def _forked(self) -> None:
        """In a child of fork(2): go on acting; the connection belongs to the parent."""
        self._lock = threading.Lock()
        self._link = None
        self._waited = True
        _LOG.warning(
            "process %d was forked from the one that is connected: its agent goes on acting and "
            "sends nothing; make another Agent with a client_id of its own",
            os.getpid(),
        )


def _bytes_of(observation: ArrayLike) -> NDArray[np.uint8]:
    """Return an observation as the bytes that are sent: the model here must see the same.

    Raises:
        ValueError: a value is not a byte.
    """
    given = np.asarray(observation)
    if given.dtype == np.uint8:
        return given
    with np.errstate(invalid="ignore"):
        found = given.astype(np.uint8)
    if not np.array_equal(found, given):
        raise ValueError(
            "the observation has a value that is not a byte; give whole numbers from 0 to 255"
        )
    return found


_AGENTS: weakref.WeakSet[Agent] = weakref.WeakSet()


def _after_fork() -> None:
    for agent in list(_AGENTS):
        agent._forked()


os.register_at_fork(after_in_child=_after_fork)


def _with_spaces(config: ClientConfig, observation: Any, action: Any) -> ClientConfig:
    given: dict[str, Any] = {}
    if observation is not None:
        given["observation_space"] = as_json(space_of(observation, "observation_space"))
    if action is not None:
        given["action_space"] = as_json(space_of(action, "action_space"))
    return config.model_copy(update=given) if given else config
