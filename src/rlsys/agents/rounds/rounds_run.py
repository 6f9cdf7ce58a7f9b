"""The training loop of `self-labelling` and `imitation`, with a checkpoint after every round."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
from gymnasium.vector import VectorEnv

from rlsys.agents.rounds.learner import Learner, begin_network
from rlsys.agents.settings import NetworkSettings
from rlsys.network import Network
from rlsys.rollout import EpisodeMeter
from rlsys.training import Problem, Session


class RoundsSettings(Protocol):
    """Settings that such an agent has in addition to those of the network."""

    @property
    def rounds(self) -> int: ...

    @property
    def max_grad_norm(self) -> float: ...


class Memory(Protocol):
    """What an agent keeps from round to round."""

    def get_state(self) -> Any: ...

    def set_state(self, state: Any) -> None: ...


Kept = TypeVar("Kept", bound=Memory)


class RoundsRun(ABC, Generic[Kept]):
    """A running training; a subclass defines what a round does.

    It can stop only between rounds; resuming there gives bit-identical weights.  Steps are the
    environment steps of the rounds' episodes.  Until the last round is done, their total is
    estimated from the rounds so far.

    Args:
        name: the agent's name.
        settings: the agent's settings.
        env: the copies in which episodes are played.
        problem: what to learn.
        session: receives reports and checkpoints.
        memory: stored in checkpoints.
    """

    def __init__(
        self,
        name: str,
        settings: Any,
        env: VectorEnv[Any, Any, Any],
        problem: Problem,
        session: Session,
        memory: Kept,
    ) -> None:
        network: NetworkSettings = settings
        rounds: RoundsSettings = settings
        self.env = env
        self.meter = EpisodeMeter(env.num_envs, problem.metrics)
        begun = begin_network(name, env, network, session.start, session.seed)
        self.learner = Learner(name, begun, rounds.max_grad_norm)
        self.generator = np.random.default_rng(session.seed)
        self.memory = memory
        self.round = 0
        self.steps = 0
        self._name = name
        self._rounds = rounds.rounds
        self._session = session

    @abstractmethod
    def do_round(self) -> dict[str, float]:
        """Play, learn and add to `steps`; return the metrics to report."""

    def learn(self) -> Network:
        """Do all remaining rounds and return the network.

        Raises:
            UserError: training diverged.
            Interrupted: from `Session.boundary`.
        """
        saved = self._session.resumed_state()
        if saved is not None:
            self._set_state(saved)
        while self.round < self._rounds:
            metrics = self.do_round()
            # Before the report: otherwise the metrics of a diverged round would be published.
            self._network().check_finite()
            self.round += 1
            total = round(self.steps * self._rounds / self.round)
            self._session.report(self.steps, total, metrics)
            self._session.boundary(self.steps, total, self._network, self._get_state)
        return self._network()

    def _network(self) -> Network:
        return self.learner.network.to_network({"agent": self._name, "steps": self.steps})

    def _get_state(self) -> Mapping[str, Any]:
        return {
            "learner": self.learner.get_state(),
            "memory": self.memory.get_state(),
            "generator": self.generator.bit_generator.state,
            "round": self.round,
            "steps": self.steps,
        }

    def _set_state(self, state: Mapping[str, Any]) -> None:
        self.learner.set_state(state["learner"])
        self.memory.set_state(state["memory"])
        self.generator.bit_generator.state = state["generator"]
        self.round = state["round"]
        self.steps = state["steps"]
