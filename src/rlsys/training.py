"""Training as agents see it: the problem, the session they report to, and the agent protocol.

An agent owns its learning loop.  It calls `Session.boundary` at every point where training could
stop and later resume exactly.  The session decides whether a checkpoint is due, keeps the best
network, and ends the training when the user asks.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from rlsys.controllers import Oracle
from rlsys.errors import Interrupted, UserError
from rlsys.policies import Policy, controller_of
from rlsys.rollout import MakeEnv, play
from rlsys.seeds import validation_seeds
from rlsys.storage.states import load_state, save_state

STATE_FILE = "state.npz"
NETWORK_FILE = "network.npz"


@dataclass(frozen=True)
class Problem:
    """What is to be learned.

    Attributes:
        make_env: ``make_env(num_envs)`` makes a fresh batched environment.
        metrics: names of the episode metrics in the environment's final info.
        make_oracle: makes the oracle; None if the environment has none.
    """

    make_env: MakeEnv
    metrics: tuple[str, ...] = ()
    make_oracle: Callable[[], Oracle] | None = None


@dataclass
class Session:
    """One training of one agent: seed, starting network, progress, checkpoints.

    Attributes:
        directory: where checkpoints go (``last``, ``best``, ``step-N``).
        seed: of this training.
        start: the network of the agent before this one, or None.
        emit: takes each line of metrics.
        stop_requested: called at each boundary; True ends the training with everything saved.
        checkpoint_every: environment steps between periodic checkpoints; 0: only at the end.
        keep_periodic: whether to keep ``step-N`` copies in addition to ``last`` and ``best``.
        validate_every: environment steps between validations, in addition to those at checkpoints;
            0: none.
        validation_episodes: number of episodes on which ``best`` is chosen.
        resume: whether to continue from ``last`` if it exists.
    """

    directory: Path
    seed: int
    problem: Problem
    start: Policy | None = None
    emit: Callable[[Mapping[str, Any]], None] = lambda _: None
    stop_requested: Callable[[], bool] = lambda: False
    checkpoint_every: int = 0
    keep_periodic: bool = True
    validate_every: int = 0
    validation_episodes: int = 8
    resume: bool = False
    best_reward: float | None = None
    _next_checkpoint: int = 0
    _next_validation: int = 0
    _elapsed_before: float = 0.0
    _begun: float = field(default_factory=time.monotonic)

    def resumed_state(self) -> dict[str, Any] | None:
        """Return the agent's state from the last checkpoint, or None if training starts over."""
        path = self.directory / "last" / STATE_FILE
        if not (self.resume and path.exists()):
            self._next_checkpoint = self.checkpoint_every
            self._next_validation = self.validate_every
            return None
        saved = load_state(path)
        self.best_reward = saved["best_reward"]
        self._elapsed_before = saved["seconds"]
        self._next_checkpoint = saved["next_checkpoint"]
        self._next_validation = saved["next_validation"]
        agent: dict[str, Any] = saved["agent"]
        return agent

    @property
    def seconds(self) -> float:
        """Wall time spent in this training, resumed parts included."""
        return self._elapsed_before + time.monotonic() - self._begun

    def report(self, step: int, total: int, metrics: Mapping[str, float]) -> None:
        """Publish progress: `step` of `total` environment steps, and what was measured since."""
        self.emit({"step": step, "total": total, "seconds": round(self.seconds, 3), **metrics})

    def boundary(
        self,
        step: int,
        total: int,
        network: Callable[[], Policy],
        state: Callable[[], Mapping[str, Any]],
    ) -> None:
        """Tell the session that training could stop here and resume exactly.

        Args:
            step: environment steps done, of `total`.
            network: makes the current portable network.
            state: returns all that is needed to resume (see `rlsys.storage.states.save_state`).

        Raises:
            Interrupted: the user asked to stop; ``last`` has been written.
        """
        due = bool(self.checkpoint_every) and step >= self._next_checkpoint
        judge = bool(self.validate_every) and step >= self._next_validation
        judge = judge or due or step >= total
        stop = self.stop_requested()
        if not (judge or stop):
            return
        if due:
            self._next_checkpoint = (step // self.checkpoint_every + 1) * self.checkpoint_every
        if judge and self.validate_every:
            self._next_validation = (step // self.validate_every + 1) * self.validate_every
        current = network()
        current.check_finite()
        # Validate even when stopping at a due boundary: the resumed run does not pass here again.
        reward = self._validation_reward(current) if judge else None
        better = reward is not None and (self.best_reward is None or reward > self.best_reward)
        if better:
            self.best_reward = reward
        if due and self.keep_periodic:
            self._write(f"step-{step:09d}", step, current, None)
        if better:
            self._write("best", step, current, None)
        if reward is not None:
            self.emit({"step": step, "total": total, "validation_reward": reward})
        # Written last: after a kill before this line, training resumes from the previous checkpoint
        # and repeats everything above.
        if due or stop or step >= total:
            self._write("last", step, current, state())
        if stop and step < total:
            raise Interrupted(f"stopped at step {step} of {total}; continue with --resume")

    def _validation_reward(self, network: Policy) -> float:
        played = play(
            self.problem.make_env,
            controller_of(network),
            validation_seeds(self.validation_episodes),
        )
        return float(played["reward"].mean())

    def _write(
        self, name: str, step: int, network: Policy, state: Mapping[str, Any] | None
    ) -> None:
        directory = self.directory / name
        directory.mkdir(parents=True, exist_ok=True)
        try:
            if state is not None:
                save_state(
                    directory / STATE_FILE,
                    {
                        "agent": state,
                        "step": step,
                        "best_reward": self.best_reward,
                        "next_checkpoint": self._next_checkpoint,
                        "next_validation": self._next_validation,
                        "seconds": self.seconds,
                    },
                )
            network.save(directory / NETWORK_FILE)
        except OSError as error:
            raise UserError(
                f"{directory}: checkpoint cannot be written: {error.strerror}; "
                "free space and continue with --resume"
            ) from error


def checkpoint_step(directory: Path) -> int | None:
    """Return the step of the last checkpoint in `directory`, or None if there is none."""
    path = directory / "last" / STATE_FILE
    return int(load_state(path)["step"]) if path.exists() else None


class Agent(Protocol):
    """Trains a network; made by an `AgentSpec`'s factory from its config model."""

    def train(self, problem: Problem, session: Session) -> Policy:
        """Train and return the final network.

        The agent starts from ``session.start`` if its description says it can, continues from
        ``session.resumed_state()`` if that is not None, and calls ``session.boundary``.

        Raises:
            UserError: the agent cannot train on this problem (its action space, no oracle, ...).
            Interrupted: from `Session.boundary`.
        """
