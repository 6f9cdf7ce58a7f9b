"""A learner: takes pieces from the front, updates its model, and sends out versions.

What an update is depends on the algorithm; the loop, checkpoints and reports are the same.
"""

from __future__ import annotations

import math
import time
from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsys.adapters.sb3 import Sb3VecEnv
from rlsys.agents.divergence import divergence_said
from rlsys.agents.sb3.agent import Sb3Agent, Sb3Run
from rlsys.agents.sb3.states import (
    get_algorithm_state,
    get_normalizer_state,
    set_algorithm_state,
    set_normalizer_state,
)
from rlsys.agents.torch_states import random_state, set_random_state
from rlsys.network import Network
from rlsys.training import Session
from rlsys_distributed.learning.episodes import EpisodeReturns
from rlsys_distributed.learning.front import FrontLink, Progress
from rlsys_distributed.learning.pieces import Piece
from rlsys_distributed.learning.recent import RecentSteps
from rlsys_distributed.v1 import trainer_pb2 as pb
from rlsys_distributed.wire.model import version_of

_WAIT = 0.2
"""Seconds that the learner waits for a piece before it looks whether it should stop."""
_REPORT_EVERY = 1.0
"""Seconds between two reports to the front while nothing is learned."""


class LiveRun(Sb3Run):
    """A running training whose steps come from the front.

    Args:
        connect: ``connect(next_record)`` makes the link to the front.
    """

    def __init__(
        self,
        agent: Sb3Agent,
        env: Sb3VecEnv,
        session: Session,
        connect: Callable[[int], FrontLink],
    ) -> None:
        super().__init__(agent, env, session)
        self._connect = connect
        self.version = 0
        self.next_record = 1
        self.learned = 0
        self.stale = 0
        self.episodes = EpisodeReturns()
        self.metrics: dict[str, float] = {}
        self._saved_record = self._written_record = self._taken = 1
        self._pending: list[Piece] = []
        self._recent = RecentSteps()
        self._ending = False
        session.judge = lambda _: self.episodes.mean
        self.front: FrontLink

    @abstractmethod
    def exploration(self) -> tuple[pb.Exploration, NDArray[np.float32] | None]:
        """Return how programs explore with the current model."""

    @property
    def report_every(self) -> int:
        """Steps between two reports; the training may go on for ever, so it is no share of it."""
        return max(self.wanted, 1000)

    @property
    @abstractmethod
    def wanted(self) -> int:
        """Steps that an update needs at least."""

    @abstractmethod
    def update(self, pieces: Sequence[Piece]) -> bool:
        """Learn from pieces; return whether the model should be sent out."""

    def learn(self) -> Network:
        """Train until the steps are done or the server stops; return the network.

        Raises:
            UserError: training diverged, or the front has gone away.
            Interrupted: from `Session.boundary`.
        """
        saved = self.session.resumed_state()
        if saved is not None:
            self._set_state(saved)
        self.front = self._connect(self.next_record)
        self.version = max(self.version, self.front.last_version)
        try:
            with divergence_said(f"agent {self.agent.name!r}"):
                self._publish()
                self._learn()
        finally:
            self.front.close()
        return self.network()

    def _learn(self) -> None:
        reported = time.monotonic()
        while self.model.num_timesteps < self.agent.total and not self._ending:
            piece = self.front.take(_WAIT)
            if piece is not None:
                self._pending.append(piece)
                self._taken = piece.record + 1
            updated = sum(map(len, self._pending)) >= self.wanted
            if updated:
                self._update()
            if updated or self.session.stop_requested():
                self.pause()
            now = time.monotonic()
            if updated or now - reported > _REPORT_EVERY:
                reported = now
                self._report()
        self._ending = True
        self.pause()
        self._report()

    def _update(self) -> None:
        pieces, self._pending = self._pending, []
        for piece in pieces:
            self.episodes.add(piece)
            self._recent.add(piece)
        changed = self.update(pieces)
        self.next_record = pieces[-1].record + 1
        if changed:
            self._publish()

    def _publish(self) -> None:
        self.network().check_finite()
        exploration, log_std = self.exploration()
        self.version += 1
        self.front.publish(version_of(self.version, self.network(), exploration, log_std))

    def pause(self) -> None:
        """Report between two updates, and let the session save or stop."""
        step = self.model.num_timesteps
        total = step if self._ending else self.agent.total
        if step - self._reported >= self.report_every or self._ending:
            self.session.report(step, total, self._metrics())
            self._reported = step
        # An executor brings home at a boundary what was written at the one before. Until then a
        # checkpoint is not safe, and the front must not forget what is in it.
        safe = self._written_record
        self.session.boundary(step, total, self.network, self._get_state)
        self._saved_record = safe
        if self.session.saved_step == step:
            self._written_record = self.next_record
            if self._recent.steps:
                self.session.keep_told(self._recent.arrays(self.episodes.recent))

    def _report(self) -> None:
        mean = self.episodes.mean
        answer = self.front.report(
            Progress(
                self._saved_record,
                self._taken,
                self.learned,
                self.stale,
                self.episodes.count,
                math.nan if mean is None else mean,
            )
        )
        self._ending = self._ending or answer.finish
        if answer.save:
            self.session.save_soon()

    def _metrics(self) -> dict[str, float]:
        metrics = {**self.episodes.flush(), **self.metrics, "version": float(self.version)}
        metrics |= {"steps_learned": float(self.learned), "steps_stale": float(self.stale)}
        for name, value in self.model.logger.name_to_value.items():
            if isinstance(value, int | float | np.number):
                metrics.setdefault(name.rpartition("/")[2], float(value))
        return metrics

    def _get_state(self) -> dict[str, Any]:
        normalizer = self.view.normalizer
        return {
            "algorithm": get_algorithm_state(self.model),
            "normalizer": get_normalizer_state(normalizer) if normalizer else None,
            "view": self._view_state(),
            "version": self.version,
            "next_record": self.next_record,
            "learned": self.learned,
            "stale": self.stale,
            "episodes": self.episodes.get_state(),
            "reported": self._reported,
            "random": random_state(),
        }

    def _set_state(self, state: dict[str, Any]) -> None:
        self._check_view(state["view"])
        set_algorithm_state(self.model, state["algorithm"])
        if self.view.normalizer:
            set_normalizer_state(self.view.normalizer, state["normalizer"])
        self.version, self.next_record = state["version"], state["next_record"]
        self._saved_record = self._written_record = self._taken = self.next_record
        self.learned, self.stale = state["learned"], state["stale"]
        self.episodes.set_state(state["episodes"])
        self._reported = state["reported"]
        set_random_state(state["random"])
