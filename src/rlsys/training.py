"""Training as agents see it: the problem, the session they report to, and the agent protocol.

An agent owns its learning loop.  It calls `Session.boundary` at every point where training could
stop and later resume exactly.  The session decides whether a checkpoint is due, keeps the best
network, and ends the training when the user asks.
"""

from __future__ import annotations

import contextlib
import copy
import json
import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from numpy.typing import NDArray

from rlsys.controllers import Oracle
from rlsys.errors import EnvironmentFault, Interrupted, UserError
from rlsys.policies import Policy, controller_of, load_policy
from rlsys.rollout import MakeEnv, play
from rlsys.seeds import validation_seeds
from rlsys.stages import Promotion
from rlsys.storage.archive import write_archive
from rlsys.storage.atomic import write_atomically
from rlsys.storage.states import load_state, save_state

STATE_FILE = "state.npz"
NETWORK_FILE = "network.npz"
VALIDATION_FILE = "validation.json"
"""Beside a state that was saved before its validation: what the validation then said."""

TOLD_FILE = "told.npz"
"""What a system that cannot be played here has told the agent."""

PATIENCE = 2.0
"""Seconds that a stop waits for the next point where training can resume exactly."""

_LOOK_EVERY = 0.1
"""Seconds between two looks for a stop; to look costs more than a fast step."""


@dataclass(frozen=True)
class Spaces:
    """What a system that cannot be played here lets an agent observe and do.

    Attributes:
        observation, action: Gymnasium spaces, of one copy.
        items: whether an observation is a list of items.
        masked: whether actions must be chosen under a mask.
        name: which system it is, if there are several.
    """

    observation: Any
    action: Any
    items: bool = False
    masked: bool = False
    name: str = ""


@dataclass(frozen=True)
class Problem:
    """What is to be learned.

    Attributes:
        make_env: ``make_env(num_envs)`` makes a fresh batched environment. If it has `spaces`
            only, the environment has them, and cannot be played.
        metrics: names of the episode metrics in the environment's final info.
        make_oracle: makes the oracle; None if the environment has none.
    """

    make_env: MakeEnv
    metrics: tuple[str, ...] = ()
    make_oracle: Callable[[], Oracle] | None = None
    spaces: Spaces | None = None


@dataclass
class Session:
    """One training of one agent: seed, starting network, progress, checkpoints.

    Attributes:
        directory: where checkpoints go (``last``, ``best``, ``step-N``).
        seed: of this training.
        start: the network of the agent before this one, or of the stage before, or None.
        emit: takes each line of metrics.
        stop_requested: called at each boundary; True ends the training with everything saved.
        checkpoint_every: environment steps between periodic checkpoints; 0: only at the end.
        keep_periodic: whether to keep ``step-N`` copies in addition to ``last`` and ``best``.
        validate_every: environment steps between validations, in addition to those at checkpoints;
            0: none.
        validation_episodes: number of episodes on which ``best`` is chosen.
        resume: whether to continue from ``last`` if it exists.
        promotion: the rule that ends a stage early; None: this is none.
        judge: ``judge(network)`` returns the mean reward by which networks are compared; an agent
            sets it where the problem cannot be played. None: nothing is known yet.
        best_reward: validation reward of the best network so far; None before the first validation.
        best_value: its value of `metric`.
        step, total: environment steps done and in all, as of the last boundary.
        saved_step: the step of the last checkpoint that is on disk; None before the first.
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
    promotion: Promotion | None = None
    judge: Callable[[Policy], float | None] | None = None
    best_reward: float | None = None
    best_value: float | None = None
    step: int = 0
    total: int = 0
    saved_step: int | None = None
    _waited: int = 0
    _next_checkpoint: int = 0
    _next_validation: int = 0
    _elapsed_before: float = 0.0
    _begun: float = field(default_factory=time.monotonic)
    _resumed_at: int = -1
    _validating: bool = False
    _at_boundary: float = field(default_factory=time.monotonic)
    _remembered: _Remembered | None = None
    _looked: float = 0.0
    _stopping: float | None = None

    def resumed_state(self) -> dict[str, Any] | None:
        """Return the agent's state from the last checkpoint, or None if training starts over.

        A validation that was interrupted is done now.

        Raises:
            Interrupted: the user asked to stop meanwhile, or the stage is done (`Promoted`).
        """
        path = self.directory / "last" / STATE_FILE
        if not (self.resume and path.exists()):
            self._next_checkpoint = self.checkpoint_every
            self._next_validation = self.validate_every
            return None
        saved = load_state(path)
        self._set_standing(saved)
        self.step, self.total = saved["step"], saved["total"]
        self._elapsed_before = saved["seconds"]
        self._next_checkpoint = saved["next_checkpoint"]
        self._next_validation = saved["next_validation"]
        self._resumed_at = saved["step"]
        if saved["unjudged"]:
            found = _validated(path.parent, saved["step"])
            if found is not None:
                self._set_standing(found)
            else:
                current = load_policy(path.parent / NETWORK_FILE)
                self._judge(saved["step"], saved["total"], current, saved["periodic"])
                self._write_validation(saved["step"])
        self._promote(saved["step"], saved["total"])
        self._at_boundary = time.monotonic()
        agent: dict[str, Any] = saved["agent"]
        return agent

    @property
    def promoted(self) -> str | None:
        """Why this stage is done, if the rule of promotion says so."""
        if self.promotion is None:
            return None
        return self.promotion.reason(self.best_value, self._waited)

    @property
    def seconds(self) -> float:
        """Wall time spent in this training, resumed parts included."""
        return self._elapsed_before + time.monotonic() - self._begun

    def save_soon(self) -> None:
        """Make a periodic checkpoint at the next boundary, whenever it would be due."""
        self._next_checkpoint = 0

    def keep_told(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Keep what a system that cannot be played here has told, for evaluation and exports.

        Args:
            arrays: ``returns`` of the last whole episodes, float64 (episodes,); ``observations``
                (N, ...), newest last; ``masks`` bool (N, n) if there are any.
        """
        with _disk_errors(self.directory):
            self.directory.mkdir(parents=True, exist_ok=True)
            write_archive(self.directory / TOLD_FILE, {}, arrays)

    def report(self, step: int, total: int, metrics: Mapping[str, float]) -> None:
        """Publish progress: `step` of `total` environment steps, and what was measured since."""
        if step > self._resumed_at:  # else it was published before training was interrupted
            self.emit({"step": step, "total": total, "seconds": round(self.seconds, 3), **metrics})

    def between_steps(self) -> None:
        """Stop in the middle of an iteration that would take too long to wait for.

        Every environment of a training calls this before each of its steps.

        Raises:
            Interrupted: the user asked to stop; what was saved is the state of the last boundary.
        """
        now = time.monotonic()
        if now - self._looked < _LOOK_EVERY and self._stopping is None:
            return
        self._looked = now
        if not self.stop_requested():
            return
        if self._validating:
            raise Interrupted("stopped during a validation; continue with --resume")
        if self._stopping is None:
            self._stopping = now
        kept = self._remembered
        if kept is not None:
            self._write_last(kept.step, kept.total, kept.network, kept.state)
            raise Interrupted(
                f"stopped at step {kept.step} of {kept.total}; continue with --resume"
            )
        if now - self._stopping > PATIENCE:
            raise Interrupted(
                "stopped in the middle of an iteration, which --resume starts again from the last "
                "checkpoint"
            )

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
            Interrupted: the user asked to stop, or the stage is done (`Promoted`); ``last`` has
                been written.
            EnvironmentFault: the environment failed in the validation; ``last`` has been written.
        """
        self.step, self.total = step, total
        if step <= self._resumed_at and step >= total:
            return  # everything was done before training was interrupted
        due = bool(self.checkpoint_every) and step >= self._next_checkpoint
        judge = bool(self.validate_every) and step >= self._next_validation
        judge = judge or due or step >= total
        stop = self.stop_requested()
        if judge or stop:
            if due:
                self._next_checkpoint = (step // self.checkpoint_every + 1) * self.checkpoint_every
            if judge and self.validate_every:
                self._next_validation = (step // self.validate_every + 1) * self.validate_every
            self._pause(step, total, network, state, due=due, judge=judge, stop=stop)
        # An iteration that takes long is not waited for when the user asks to stop.
        slow = time.monotonic() - self._at_boundary > PATIENCE and step < total
        self._remembered = (
            _Remembered(step, total, network(), copy.deepcopy(dict(state()))) if slow else None
        )
        self._at_boundary = time.monotonic()

    def _pause(
        self,
        step: int,
        total: int,
        network: Callable[[], Policy],
        state: Callable[[], Mapping[str, Any]],
        *,
        due: bool,
        judge: bool,
        stop: bool,
    ) -> None:
        """Save and validate what is due."""
        current = network()
        current.check_finite()
        save = due or stop or step >= total
        # Saved before anything else is tried: a validation can fail, or never end.
        if save:
            self._write_last(step, total, current, state(), unjudged=judge, periodic=due)
        if judge:
            try:
                self._judge(step, total, current, due)
            except BaseException:
                if not save:
                    self._write_last(step, total, current, state(), unjudged=True)
                raise
            if save:
                self._write_validation(step)
            elif self.promoted and step < total:
                self._write_last(step, total, current, state())
            self._promote(step, total)
        if stop and step < total:
            raise Interrupted(f"stopped at step {step} of {total}; continue with --resume")

    def _judge(self, step: int, total: int, current: Policy, periodic: bool) -> None:
        """Validate a network, and keep it if it is the best so far, or nobody can say yet."""
        if self.judge is None:
            means = self.measure(current)
        else:
            told = self.judge(current)
            if told is None:
                self._write_network("best", current)
                return
            means = {"reward": told}
        reward = means["reward"]
        if self.best_reward is None or reward > self.best_reward:
            self.best_reward, self._waited = reward, 0
            self.best_value = means[self.metric]
            self._write_network("best", current)
        else:
            self._waited += 1
        if periodic and self.keep_periodic:
            self._write_network(f"step-{step:09d}", current)
        measured = {f"validation_{name}": mean for name, mean in means.items()}
        self.emit({"step": step, "total": total, **measured})

    @property
    def metric(self) -> str:
        """What the rule of promotion looks at."""
        return self.promotion.metric if self.promotion else "reward"

    def measure(self, network: Policy) -> dict[str, float]:
        """Return the means of the reward and of `metric` over the validation episodes.

        Raises:
            EnvironmentFault: the reward is NaN or infinite.
            Interrupted: the user asked to stop meanwhile.
        """
        others = () if self.metric == "reward" else (self.metric,)
        seeds = validation_seeds(self.validation_episodes)
        self._validating = True
        try:
            played = play(self.problem.make_env, controller_of(network), seeds, others)
        finally:
            self._validating = False
        means = {name: float(played[name].mean()) for name in ("reward", *others)}
        if not math.isfinite(means["reward"]):
            raise EnvironmentFault(
                f"the mean reward of {self.validation_episodes} validation episodes is "
                f"{means['reward']}; rewards must be finite numbers"
            )
        return means

    def _promote(self, step: int, total: int) -> None:
        """End the training if the stage is done before its last step.

        Raises:
            Promoted: it is.
        """
        reason = self.promoted
        if reason is not None and step < total:
            raise Promoted(reason)

    def _standing(self) -> dict[str, Any]:
        """Return what the validations so far have said."""
        return {
            "best_reward": self.best_reward,
            "best_value": self.best_value,
            "waited": self._waited,
        }

    def _set_standing(self, saved: Mapping[str, Any]) -> None:
        # Checkpoints of earlier versions have only the first: they had no stages.
        self.best_reward = saved["best_reward"]
        self.best_value, self._waited = saved.get("best_value"), saved.get("waited", 0)

    def _write_last(
        self,
        step: int,
        total: int,
        network: Policy,
        state: Mapping[str, Any],
        *,
        unjudged: bool = False,
        periodic: bool = False,
    ) -> None:
        """Write ``last``; the state comes last, since training resumes from it.

        Args:
            unjudged: whether the validation of this step is still to be done.
            periodic: whether it is a periodic checkpoint.
        """
        self._write_network("last", network)
        path = self.directory / "last" / STATE_FILE
        with _disk_errors(path.parent):
            save_state(
                path,
                {
                    "agent": state,
                    "step": step,
                    "total": total,
                    "unjudged": unjudged,
                    "periodic": periodic,
                    **self._standing(),
                    "next_checkpoint": self._next_checkpoint,
                    "next_validation": self._next_validation,
                    "seconds": self.seconds,
                },
            )
        self.saved_step = step

    def _write_network(self, name: str, network: Policy) -> None:
        directory = self.directory / name
        with _disk_errors(directory):
            directory.mkdir(parents=True, exist_ok=True)
            network.save(directory / NETWORK_FILE)

    def _write_validation(self, step: int) -> None:
        path = self.directory / "last" / VALIDATION_FILE
        with _disk_errors(path.parent):
            write_atomically(path, json.dumps({"step": step, **self._standing()}))


class Promoted(Interrupted):
    """A stage was done before the last step of its agent; everything is saved."""


@dataclass(frozen=True)
class _Remembered:
    """The state at a boundary, in memory."""

    step: int
    total: int
    network: Policy
    state: Mapping[str, Any]


@contextlib.contextmanager
def _disk_errors(directory: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UserError(
            f"{directory}: checkpoint cannot be written: {error.strerror}; "
            "free space and continue with --resume"
        ) from error


def _validated(directory: Path, step: int) -> dict[str, Any] | None:
    """Return what the validation of `step` said, or None if it was not finished."""
    path = directory / VALIDATION_FILE
    if not path.exists():
        return None
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found if found["step"] == step else None


def unjudged_step(directory: Path) -> int | None:
    """Return the step whose validation is still to be done on resuming, or None."""
    path = directory / "last" / STATE_FILE
    if not path.exists():
        return None
    saved = load_state(path)
    step = int(saved["step"])
    return step if saved["unjudged"] and _validated(path.parent, step) is None else None


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
            Interrupted: from `Session.boundary` or `Session.resumed_state`; pass it on.
        """
