"""Runs a Stable-Baselines3 algorithm as an rlsys agent: progress, checkpoints, exact resume."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar

import numpy as np
import torch
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.logger import Logger
from stable_baselines3.common.vec_env import VecEnv, VecNormalize

from rlsys.adapters.sb3 import Sb3VecEnv
from rlsys.agents.learning_rate import linear_rate
from rlsys.agents.sb3.states import (
    get_algorithm_state,
    get_normalizer_state,
    set_algorithm_state,
    set_normalizer_state,
)
from rlsys.agents.sb3.to_network import to_network
from rlsys.agents.settings import Sb3Settings
from rlsys.agents.spaces import check_problem
from rlsys.agents.torch_states import random_state, set_random_state
from rlsys.errors import UserError
from rlsys.network import Network
from rlsys.rollout import EpisodeMeter
from rlsys.training import Problem, Session

Settings = TypeVar("Settings", bound=Sb3Settings)


def learning_rate(settings: Sb3Settings) -> Callable[[float], float]:
    """Return the schedule over the remaining share (1 at the start, 0 at the end)."""
    return partial(linear_rate, settings.learning_rate, settings.learning_rate_final)


def policy_sizes(settings: Sb3Settings, env: VecEnv) -> Any:
    """Return the policy's ``net_arch`` for the observations of `env`."""
    if len(env.observation_space.shape or ()) == 2:
        return {"encoder": list(settings.encoder), "scorer": list(settings.scorer)}
    return list(settings.net_arch)


class Sb3Agent:
    """One algorithm of Stable-Baselines3 with its settings.

    Training consists of whole rollouts, so it may end a little after ``settings.steps``.  Resuming
    from a checkpoint gives bit-identical weights if the environment has ``get_state``.  Otherwise
    the running episodes are lost and new ones start.

    Args:
        name: the agent's name.
        settings: the algorithm's settings.
        build: ``build(settings, env, seed)`` makes the algorithm, on the CPU.
        rollout: environment steps between two points where training can stop.
        kinds: action kinds that it supports.
        items: whether it can learn from observations of items.
        masks: whether it respects action masks.
    """

    def __init__(
        self,
        name: str,
        settings: Settings,
        build: Callable[[Settings, VecEnv, int], BaseAlgorithm],
        *,
        rollout: int,
        kinds: Sequence[str],
        items: bool = False,
        masks: bool = False,
    ) -> None:
        self.name = name
        self.settings: Sb3Settings = settings
        self.masks = masks
        self.total = -(-settings.steps // rollout) * rollout
        self._rollout = rollout
        self._build: Callable[[VecEnv, int], BaseAlgorithm] = lambda env, seed: build(
            settings, env, seed
        )
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
            check_problem(self.name, env, self._kinds, items=self._items, masks=self.masks)
            meter = EpisodeMeter(self.settings.num_envs, problem.metrics)
            run = _Run(self, Sb3VecEnv(env, meter), session)
            return run.learn()
        finally:
            env.close()

    def normalizer(self, env: Sb3VecEnv) -> VecNormalize | None:
        """Return the normaliser that the settings ask for.

        Raises:
            UserError: observations of items are to be normalised.
        """
        settings = self.settings
        if not (settings.normalize_observations or settings.normalize_rewards):
            return None
        if settings.normalize_observations and len(env.observation_space.shape or ()) == 2:
            raise UserError(
                "normalize_observations must be false for observations of items: scaling must not "
                "depend on an item's position; scale the features in the environment"
            )
        return VecNormalize(
            env,
            norm_obs=settings.normalize_observations,
            norm_reward=settings.normalize_rewards,
            gamma=settings.gamma,
        )

    def algorithm(self, env: VecEnv, seed: int) -> BaseAlgorithm:
        """Return the algorithm, ready to learn in `env`."""
        model = self._build(env, seed)
        model.set_logger(Logger(None, []))
        return model

    @property
    def report_every(self) -> int:
        """Environment steps between two reports: a rollout, but at least 1/500 of the training."""
        return max(self._rollout, self.total // 500)


class _Run:
    """A running training."""

    def __init__(self, agent: Sb3Agent, env: Sb3VecEnv, session: Session) -> None:
        self.agent = agent
        self.env = env
        self.session = session
        self.normalizer = agent.normalizer(env)
        self.model = agent.algorithm(self.normalizer or env, session.seed)
        self._reported = 0

    def learn(self) -> Network:
        saved = self.session.resumed_state()
        if saved is not None:
            self._set_state(saved)
        begun = self.model.num_timesteps
        self.model.learn(
            self.agent.total - begun,
            callback=_AtRollouts(self, begun),
            log_interval=None,  # type: ignore[arg-type]
            reset_num_timesteps=saved is None,
        )
        self.pause()
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
        notes = {"agent": self.agent.name, "steps": self.model.num_timesteps}
        return to_network(
            self.model.policy,
            self.env.vector_env.single_action_space,
            normalizer=self.normalizer,
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
        return {
            "algorithm": get_algorithm_state(self.model),
            "normalizer": get_normalizer_state(self.normalizer) if self.normalizer else None,
            "env": env.get_state() if hasattr(env, "get_state") else None,
            "meter": self.env.meter.get_state(),
            "reported": self._reported,
            "random": random_state(),
        }

    def _set_state(self, state: dict[str, Any]) -> None:
        set_algorithm_state(self.model, state["algorithm"])
        if self.normalizer:
            set_normalizer_state(self.normalizer, state["normalizer"])
        self._reported = state["reported"]
        top: VecEnv = self.normalizer or self.env
        if state["env"] is None:
            # New episodes, different from those that the training started with.
            self.env.seed(self.session.seed + self.model.num_timesteps)
            first: Any = top.reset()
            self.model._last_obs = first
            if self.normalizer:
                self.model._last_original_obs = self.normalizer.get_original_obs()
            self.model._last_episode_starts = np.ones(self.env.num_envs, dtype=bool)
        else:
            env: Any = self.env.vector_env
            env.reset(seed=0)
            env.set_state(state["env"])
            self.env.meter.set_state(state["meter"])
        set_random_state(state["random"])


class _AtRollouts(BaseCallback):
    """Pauses the run between rollouts, when SB3 has nothing half done."""

    def __init__(self, run: _Run, begun: int) -> None:
        super().__init__()
        self._run = run
        self._begun = begun

    def _on_rollout_start(self) -> None:
        if self.model.num_timesteps > self._begun:
            self._run.pause()

    def _on_step(self) -> bool:
        return True
