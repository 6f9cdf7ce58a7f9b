"""What happened between a program and its model: consecutive steps of one episode."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsys_distributed.client.actor import Actor
from rlsys_distributed.v1 import trainer_pb2 as pb
from rlsys_distributed.wire.spaces import Box, MultiDiscrete, Space
from rlsys_distributed.wire.tensors import to_tensor

Array = NDArray[Any]

_REWARD_BYTES = 8 + 4
"""A step's reward and log probability."""
_RUN_BYTES = 24
"""Most that a step adds if every step has another version."""
_FRAME_BYTES = 512
"""Everything of a message that does not grow with its steps."""


class Action:
    """One decision.

    Attributes:
        act: what the program does: an int, or an array of the action space's shape.
        reward: what came of it; 0 until `update_reward` says otherwise.
        raw: what is recorded, before it is clipped to the action space.
        log_probability: with which it was drawn; None with epsilon-greedy, which needs none.
        actor: what chose it.
        row: the flat observation and a 1, float32 (values + 1,).
        sent: whether it is on its way to the server, with the reward that it has.
    """

    __slots__ = ("act", "actor", "log_probability", "mask", "raw", "reward", "row", "sent")

    def __init__(
        self,
        act: Any,
        raw: Any,
        log_probability: float | None,
        actor: Actor,
        row: NDArray[np.float32],
        mask: Array | None,
    ) -> None:
        self.act = act
        self.raw = raw
        self.log_probability = log_probability
        self.actor = actor
        self.row = row
        self.mask = mask
        self.reward = 0.0
        self.sent = False

    @property
    def version(self) -> int:
        """Version of the model that chose it; 0: none was there yet."""
        return self.actor.version

    def update_reward(self, reward: float) -> None:
        """Say what came of it.

        Raises:
            ValueError: not a finite number, or the step has been sent.
        """
        value = float(reward)
        if not math.isfinite(value):
            raise ValueError(f"the reward is {reward}; it must be a finite number")
        if self.sent:
            raise ValueError(
                f"the reward {reward} comes too late: its step has been sent; say it before the "
                "trajectory ends, and before the next request_for_action"
            )
        self.reward = value

    def __repr__(self) -> str:
        return f"Action(act={self.act!r}, reward={self.reward!r}, version={self.version})"


class Trajectory:
    """The steps of one episode, from one thread at a time.

    Attributes:
        episode: its number.
        sent: steps that are already on their way.
        actions: the steps since.
        completed: whether the episode is over.
    """

    __slots__ = ("actions", "completed", "episode", "sent")

    def __init__(self, episode: int) -> None:
        self.episode = episode
        self.sent = 0
        self.actions: list[Action] = []
        self.completed = False

    def __len__(self) -> int:
        return self.sent + len(self.actions)


class Piece:
    """Steps that are ready to be sent.

    Args:
        actions: the steps.
        ending: `CUT`, `TERMINATED` or `TRUNCATED`.
        next_row: the observation after them and a 1; None if `TERMINATED`.
        next_mask: the mask there, if there are masks.
    """

    __slots__ = ("actions", "ending", "episode", "first_step", "next_mask", "next_row")

    def __init__(
        self,
        trajectory: Trajectory,
        actions: list[Action],
        ending: int,
        next_row: NDArray[np.float32] | None = None,
        next_mask: Array | None = None,
    ) -> None:
        self.episode = trajectory.episode
        self.first_step = trajectory.sent
        self.actions = actions
        self.ending = ending
        self.next_row = next_row
        self.next_mask = next_mask
        for action in actions:
            action.sent = True

    def message(self, sequence: int, observation_space: Box, action_space: Space) -> bytes:
        """Return it as a serialised `Trajectory`."""
        actions = self.actions
        continuous = isinstance(action_space, Box)
        seen = np.stack([a.row for a in actions])[:, :-1]
        told = pb.Trajectory(
            sequence=sequence,
            episode=self.episode,
            first_step=self.first_step,
            ending=self.ending,  # type: ignore[arg-type]
            observations=_observed(seen, observation_space),
            actions=to_tensor(
                np.array([a.raw for a in actions], np.float32 if continuous else np.int64)
            ),
            rewards=to_tensor(np.array([a.reward for a in actions], np.float64)),
            versions=_runs([a.version for a in actions]),
            incarnation=actions[-1].actor.incarnation,
        )
        known = [a.log_probability for a in actions if a.log_probability is not None]
        if len(known) == len(actions):
            told.log_probabilities.CopyFrom(to_tensor(np.array(known, np.float32)))
        if actions[0].mask is not None:
            told.masks.CopyFrom(to_tensor(np.array([a.mask for a in actions], np.bool_)))
        if self.next_row is not None:
            last = self.next_row[:-1].astype(observation_space.dtype, copy=False)
            told.next_observation.CopyFrom(to_tensor(last.reshape(observation_space.shape)))
        if self.next_mask is not None:
            told.next_mask.CopyFrom(to_tensor(self.next_mask))
        message: bytes = told.SerializeToString()
        return message


def most_steps(most_bytes: int, observation: Box, action: Space, *, masked: bool) -> int:
    """Return how many steps a message of `most_bytes` bytes has room for, at least 1."""
    seen = observation.size * np.dtype(observation.dtype).itemsize
    done = 8
    if isinstance(action, Box):
        done = 4 * action.size
    elif isinstance(action, MultiDiscrete):
        done = 8 * len(action.n)
    mask = action.outputs if masked else 0
    step = seen + done + mask + _REWARD_BYTES + _RUN_BYTES
    return max(1, (most_bytes - seen - mask - _FRAME_BYTES) // step)


def _observed(rows: NDArray[np.float32], space: Box) -> pb.Tensor:
    """Return flat observations (steps, values) as a tensor (steps, ...) of the space's type."""
    return to_tensor(rows.astype(space.dtype, copy=False).reshape(len(rows), *space.shape))


def _runs(versions: list[int]) -> list[pb.VersionRun]:
    runs: list[pb.VersionRun] = []
    for version in versions:
        if runs and runs[-1].version == version:
            runs[-1].steps += 1
        else:
            runs.append(pb.VersionRun(version=version, steps=1))
    return runs
