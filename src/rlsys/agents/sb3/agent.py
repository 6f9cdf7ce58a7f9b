"""Runs a Stable-Baselines3 algorithm as an rlsys agent: progress, checkpoints, exact resume."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

import numpy as np
import torch
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.logger import Logger
from stable_baselines3.common.vec_env import VecEnv

from rlsys.adapters.sb3 import Sb3VecEnv
from rlsys.agents.divergence import divergence_said, environment_fault
from rlsys.agents.learning_rate import linear_rate
from rlsys.agents.sb3.from_network import PolicyShape, load_actor, policy_shape
from rlsys.agents.sb3.states import (
    get_algorithm_state,
    get_normalizer_state,
    set_algorithm_state,
    set_normalizer_state,
)
from rlsys.agents.sb3.to_network import to_network
from rlsys.agents.sb3.view import view_of
from rlsys.agents.settings import Sb3Settings
from rlsys.agents.spaces import check_problem
from rlsys.agents.starting import fitting_start
from rlsys.agents.torch_states import random_state, set_random_state
from rlsys.errors import EnvironmentFault, UserError
from rlsys.network import Network
from rlsys.rollout import EpisodeMeter
from rlsys.training import Problem, Session

Settings = TypeVar("Settings", bound=Sb3Settings)


def learning_rate(settings: Sb3Settings) -> Callable[[float], float]:
    """Return the schedule over the remaining share (1 at the start, 0 at the end)."""
    return partial(linear_rate, settings.learning_rate, settings.learning_rate_final)


class Sb3Agent:
    """One algorithm of Stable-Baselines3 with its settings.

    Training consists of whole rollouts, so it may end a little after ``settings.steps``.  Resuming
    from a checkpoint gives bit-identical weights if the environment has ``get_state``.  Otherwise
    the running episodes are lost and new ones start.

    Args:
        name: the agent's name.
        settings: the algorithm's settings.
        build: ``build(settings, env, seed, shape)`` makes the algorithm, on the CPU.
        rollout: environment steps between two points where training can stop.
        kinds: action kinds that it supports.
        items: whether it can learn from observations of items.
        masks: whether it respects action masks.
        scaled: whether it sees continuous actions in its own units (see `ActionScale`).
        squashed: whether its continuous actions pass through tanh.
    """

    def __init__(
        self,
        name: str,
        settings: Settings,
        build: Callable[[Settings, VecEnv, int, PolicyShape], BaseAlgorithm],
        *,
        rollout: int,
        kinds: Sequence[str],
        items: bool = False,
        masks: bool = False,
        scaled: bool = False,
        squashed: bool = False,
    ) -> None:
        self.name = name
        self.settings: Sb3Settings = settings
        self.masks = masks
        self.scaled = scaled
        self.squashed = squashed
        self.total = -(-settings.steps // rollout) * rollout
        self._rollout = rollout
        self._build: Callable[[VecEnv, int, PolicyShape], BaseAlgorithm] = partial(build, settings)
        self._kinds = tuple(kinds)
        self._items = items

    def train(self, problem: Problem, session: Session) -> Network:
        """Train and return the final network.

        Raises:
            UserError: the agent cannot train on this problem, or training diverged.
            Interrupted: from `Session.boundary`.
        """
        # The tensors are small: several threads would only wait for each other.
        torch.set_num_threads(1)
        env = problem.make_env(self.settings.num_envs)
        try:
            check_problem(
                self.name,
                env,
                self._kinds,
                items=self._items,
                masks=self.masks,
                bounded=self.squashed,
            )
            meter = EpisodeMeter(self.settings.num_envs, problem.metrics)
            return Sb3Run(self, Sb3VecEnv(env, meter), session).learn()
        finally:
            env.close()

    def algorithm(self, env: VecEnv, seed: int, shape: PolicyShape) -> BaseAlgorithm:
        """Return the algorithm, ready to learn in `env`."""
        model = self._build(env, seed, shape)
        model.set_logger(Logger(None, []))
        return model

    @property
    def report_every(self) -> int:
        """Environment steps between two reports: a rollout, but at least 1/500 of the training."""
        return max(self._rollout, self.total // 500)


class Sb3Run:
    """A running training."""

    def __init__(self, agent: Sb3Agent, env: Sb3VecEnv, session: Session) -> None:
        self.agent = agent
        self.env = env
        self.session = session
        start = fitting_start(
            agent.name,
            env.vector_env,
            session.start,
            masked=agent.masks,
            squashed=agent.squashed,
        )
        self.view = view_of(
            env, agent.settings, start, scaled=agent.scaled, squashed=agent.squashed
        )
        shape = policy_shape(agent.settings, self.view.items, start)
        self.model = agent.algorithm(self.view.env, session.seed, shape)
        if start is not None:
            load_actor(self.model.policy, start, self.view.scale)
        self._reported = 0

    def learn(self) -> Network:
        """Train to the end and return the network.

        Raises:
            EnvironmentFault: the environment returned NaN or infinity.
            UserError: training diverged.
            Interrupted: from `Session.boundary`.
        """
        saved = self.session.resumed_state()
        if saved is not None:
            self._set_state(saved)
        begun = self.model.num_timesteps
        try:
            with divergence_said(f"agent {self.agent.name!r}"):
                self.model.learn(
                    self.agent.total - begun,
                    callback=_AtRollouts(self, begun),
                    log_interval=None,  # type: ignore[arg-type]
                    reset_num_timesteps=saved is None,
                )
            self.pause()
        except UserError as error:
            # What is kept says whether the environment began it, if the error does not yet.
            known = isinstance(error, EnvironmentFault)
            fault = None if known else self._environment_fault()
            if fault is None:
                raise
            raise fault from None
        return self.network()

    def pause(self) -> None:
        """Report between two rollouts, and let the session save or stop."""
        step, total = self.model.num_timesteps, self.agent.total
        if step - self._reported >= self.agent.report_every or step >= total:
            self.network().check_finite()
            self.session.report(step, total, self._metrics())
            self._reported = step
        self.session.boundary(step, total, self.network, self._get_state)

    def network(self) -> Network:
        """Return the current portable network."""
        notes = {"agent": self.agent.name, "steps": self.model.num_timesteps}
        return to_network(
            self.model.policy,
            self.env.vector_env.single_action_space,
            normalizer=self.view.normalizer,
            transform=self.view.transform,
            scale=self.view.scale,
            masked=self.agent.masks,
            notes=notes,
        )

    def _metrics(self) -> dict[str, float]:
        metrics = self.env.meter.flush()
        for name, value in self.model.logger.name_to_value.items():
            if isinstance(value, int | float | np.number):
                metrics.setdefault(name.rpartition("/")[2], float(value))
        return metrics

    def _get_state(self) -> dict[str, Any]:
        env: Any = self.env.vector_env
        normalizer = self.view.normalizer
        return {
            "algorithm": get_algorithm_state(self.model),
            "normalizer": get_normalizer_state(normalizer) if normalizer else None,
            "view": self._view_state(),
            "env": env.get_state() if hasattr(env, "get_state") else None,
            "meter": self.env.meter.get_state(),
            "reported": self._reported,
            "random": random_state(),
        }

    def _set_state(self, state: dict[str, Any]) -> None:
        self._check_view(state.get("view"))
        set_algorithm_state(self.model, state["algorithm"])
        normalizer = self.view.normalizer
        if normalizer:
            set_normalizer_state(normalizer, state["normalizer"])
        self._reported = state["reported"]
        if state["env"] is None:
            # New episodes, different from those that the training started with.
            self.env.seed(self.session.seed + self.model.num_timesteps)
            first: Any = self.view.env.reset()
            self.model._last_obs = first
            if normalizer:
                self.model._last_original_obs = normalizer.get_original_obs()
            self.model._last_episode_starts = np.ones(self.env.num_envs, dtype=bool)
        else:
            env: Any = self.env.vector_env
            env.reset(seed=0)
            env.set_state(state["env"])
            self.env.meter.set_state(state["meter"])
        set_random_state(state["random"])

    def _view_state(self) -> dict[str, Any]:
        """Return what the network's actions depend on besides weights and running statistics."""
        transform, scale = self.view.transform, self.view.scale
        return {
            "scaled": scale is not None and scale.changes,
            "shift": None if transform is None else transform.shift,
            "scale": None if transform is None else transform.scale,
        }

    def _check_view(self, saved: Mapping[str, Any] | None) -> None:
        """Refuse a checkpoint whose weights belong to other observations or actions.

        Raises:
            UserError: the settings, or the network to start from, have changed since.
        """
        before = saved or {"scaled": False, "shift": None, "scale": None}
        now = self._view_state()
        if before["scaled"] != now["scaled"]:
            raise UserError(
                "the checkpoint does not match: scale_actions has changed; resume with "
                f"scale_actions: {str(before['scaled']).lower()}"
            )
        if not all(np.array_equal(before[name], now[name]) for name in ("shift", "scale")):
            raise UserError(
                "the checkpoint does not match: it began from a network with another transform of "
                "the observations; resume with the network of the original training"
            )

    def _environment_fault(self) -> EnvironmentFault | None:
        """Return the error of an environment that returned NaN or infinity, from what is kept."""
        model: Any = self.model
        seen, earned = [] if model._last_obs is None else [model._last_obs], []
        buffer = getattr(model, "rollout_buffer", None) or getattr(model, "replay_buffer", None)
        if buffer is not None:
            seen.append(buffer.observations[: buffer.size()])
            earned.append(buffer.rewards[: buffer.size()])
        faults = [environment_fault("an observation", values) for values in seen]
        faults += [environment_fault("a reward", values) for values in earned]
        return next((fault for fault in faults if fault is not None), None)


class _AtRollouts(BaseCallback):
    """Pauses the run between rollouts, when SB3 has nothing half done."""

    def __init__(self, run: Sb3Run, begun: int) -> None:
        super().__init__()
        self._run = run
        self._begun = begun

    def _on_rollout_start(self) -> None:
        if self.model.num_timesteps > self._begun:
            self._run.pause()

    def _on_rollout_end(self) -> None:
        # Before the update: it makes NaN of the weights, and the buffer is emptied after it.
        buffer = getattr(self.model, "rollout_buffer", None)
        if buffer is not None and (fault := environment_fault("a reward", buffer.rewards)):
            raise fault

    def _on_step(self) -> bool:
        return True
