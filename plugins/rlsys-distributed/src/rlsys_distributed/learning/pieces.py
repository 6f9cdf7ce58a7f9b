"""Journal records as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsys_distributed.v1 import learner_pb2
from rlsys_distributed.v1 import trainer_pb2 as pb
from rlsys_distributed.wire.tensors import from_tensor

Array = NDArray[Any]


@dataclass(frozen=True)
class Piece:
    """Consecutive steps of one episode of one program.

    Attributes:
        record: its number in the journal.
        episode: of which program and episode it is.
        first_step: number of its first step in the episode.
        over: whether the episode ended with it.
        observations: (T, ...).
        actions: (T,) or (T, k), in the environment's units, before clipping.
        rewards: float64 (T,).
        log_probabilities: float32 (T,); None if the program did not say, as with epsilon-greedy.
        versions: int64 (T,).
        masks: bool (T, n) or None.
        next_observation: (...), or None if the episode terminated.
        next_mask: bool (n,) or None.
    """

    record: int
    episode: tuple[str, bytes, int]
    first_step: int
    over: bool
    observations: Array
    actions: Array
    rewards: NDArray[np.float64]
    log_probabilities: NDArray[np.float32] | None
    versions: NDArray[np.int64]
    masks: NDArray[np.bool_] | None
    next_observation: Array | None
    next_mask: NDArray[np.bool_] | None

    def __len__(self) -> int:
        return len(self.rewards)


def piece_of(record: learner_pb2.JournalRecord) -> Piece:
    """Return the arrays of a record, which the front has checked."""
    told = record.trajectory
    masked, goes_on = told.HasField("masks"), told.HasField("next_observation")
    return Piece(
        record=record.number,
        episode=(record.client_id, record.instance, told.episode),
        first_step=told.first_step,
        over=told.ending != pb.CUT,
        observations=from_tensor(told.observations, "observations"),
        actions=from_tensor(told.actions, "actions"),
        rewards=from_tensor(told.rewards, "rewards"),
        log_probabilities=from_tensor(told.log_probabilities, "log_probabilities")
        if told.HasField("log_probabilities")
        else None,
        versions=np.repeat(
            np.array([run.version for run in told.versions], np.int64),
            [run.steps for run in told.versions],
        ),
        masks=from_tensor(told.masks, "masks") if masked else None,
        next_observation=from_tensor(told.next_observation, "next_observation")
        if goes_on
        else None,
        next_mask=from_tensor(told.next_mask, "next_mask")
        if goes_on and told.HasField("next_mask")
        else None,
    )
