"""The training loop of agents for several roles: collect slots, update, report, checkpoint."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Generic, TypeVar

import numpy as np
import torch
from gymnasium.vector import VectorEnv
from numpy.typing import NDArray
from torch import Tensor, nn

from rlsys.agents.action_scale import ActionScale, action_scale
from rlsys.agents.divergence import diverged, divergence_said
from rlsys.agents.roles.rollout import RoleCollector, Slots, check_roles, features_of
from rlsys.agents.roles.running_moments import RunningMoments
from rlsys.agents.roles.settings import RoleSettings
from rlsys.agents.torch_states import random_state, set_random_state
from rlsys.errors import UserError
from rlsys.network import Network
from rlsys.roles import Role, RolePolicy
from rlsys.rollout import EpisodeMeter
from rlsys.seeds import training_seeds
from rlsys.training import Problem, Session

Array = NDArray[Any]

# Maximum number of slots for the first statistics of observations.
_MEASURED_SLOTS = 16


S = TypeVar("S", bound=RoleSettings)


class RoleAgent(Generic[S]):
    """An agent for several roles (see `rlsys.training.Agent`).

    Args:
        name: the agent's name.
        settings: the agent's settings.
        kinds: action kinds that it supports (see `rlsys.agents.spaces.kind_of`).
        make_run: ``make_run(settings, env, roles, problem, session)`` starts a training.
    """

    def __init__(
        self,
        name: str,
        settings: S,
        kinds: Sequence[str],
        make_run: Callable[
            [S, VectorEnv[Any, Any, Any], tuple[Role, ...], Problem, Session], RoleRun
        ],
    ) -> None:
        self.settings = settings
        self._name, self._kinds, self._make_run = name, kinds, make_run

    def train(self, problem: Problem, session: Session) -> RolePolicy:
        """Train and return the final policy.

        Raises:
            UserError: the agent cannot train on this problem, or training diverged.
            Interrupted: from `Session.boundary`.
        """
        if session.start is not None:
            raise UserError(
                f"agent {self._name!r} cannot start from a network, and would lose what the agent "
                "before it has learned; train with one of them"
            )
        # The tensors are small: several threads would only wait for each other.
        torch.set_num_threads(1)
        env = problem.make_env(self.settings.num_envs)
        try:
            roles = check_roles(self._name, env, self._kinds)
            return self._make_run(self.settings, env, roles, problem, session).learn()
        finally:
            env.close()


class RoleRun(ABC):
    """A running training; a subclass has the networks and defines how they are updated.

    It can stop between rounds (a rollout and an update). Resuming there gives bit-identical weights
    if the environment has ``get_state``. Otherwise the running episodes are lost and new ones
    start.

    The statistics that normalise observations are fixed during a round, so the old and the new
    policy see the same inputs. Observations of a round count from the next round on. The first
    statistics come from a few slots that the untrained networks play beforehand.

    Args:
        name: the agent's name.
        settings: the agent's settings.
        env: the copies that are stepped together.
        roles: the roles of `env`, already checked.
        problem: what to learn.
        session: receives reports and checkpoints.
        extra_slots: slots of a rollout beyond ``settings.n_steps``.
        credit: whether to collect the agents' difference rewards.
    """

    def __init__(
        self,
        name: str,
        settings: RoleSettings,
        env: VectorEnv[Any, Any, Any],
        roles: tuple[Role, ...],
        problem: Problem,
        session: Session,
        extra_slots: int = 0,
        credit: bool = False,
    ) -> None:
        self.roles = roles
        self.step = 0
        self._name = name
        self._base = settings
        self._session = session
        self.scales = scales_of(roles, settings)
        meter = EpisodeMeter(env.num_envs, problem.metrics)
        self._collector = RoleCollector(env, meter, credit, self.scales)
        self._slots = settings.n_steps + extra_slots
        rollout = self._slots * settings.num_envs
        self.total = -(-settings.steps // rollout) * rollout
        self._report_every = max(rollout, self.total // 500)
        self._reported = 0
        self._moments = (
            {r.name: RunningMoments((features_of(r),)) for r in roles if not r.items}
            if settings.normalize_observations
            else {}
        )

    @abstractmethod
    def sample(self, role: Role, shown: Tensor) -> Tensor:
        """Return one action, counted from 0, for each of the observations (N, features)."""

    @abstractmethod
    def update(self, slots: Slots, remaining: float) -> dict[str, float]:
        """Learn from a rollout; `remaining` falls from 1 to 0 over the training."""

    @abstractmethod
    def network(self, role: Role) -> Network:
        """Return a role's portable network, without the observation transform."""

    @abstractmethod
    def get_learner_state(self) -> dict[str, Any]:
        """Return weights, optimiser states and the like for a checkpoint."""

    @abstractmethod
    def set_learner_state(self, state: Mapping[str, Any]) -> None:
        """Restore the result of `get_learner_state`."""

    def learn(self) -> RolePolicy:
        """Do all remaining rounds and return the policy.

        Raises:
            UserError: the environment returned values that are not finite, or training diverged.
            Interrupted: from `Session.boundary`.
        """
        saved = self._session.resumed_state()
        if saved is None:
            self._begin()
        else:
            self._set_state(saved)
        while self.step < self.total:
            slots = self._collector.collect(self._slots, self._choose)
            measured = self.update(slots, 1.0 - self.step / self.total)
            self._see(slots)
            self.step += slots.rewards.size
            self._pause(measured)
        return self._policy()

    def shown(self, role: Role, observations: NDArray[np.float32]) -> Tensor:
        """Return observations (..., features) after the transform of the role's network."""
        moments = self._moments.get(role.name)
        return torch.from_numpy(
            observations if moments is None else moments.transform()(observations)
        )

    def _begin(self) -> None:
        env = self._collector.env
        seeds = training_seeds(self._session.seed, env.num_envs)
        if self._moments:
            meter = EpisodeMeter(env.num_envs)
            measuring = RoleCollector(env, meter, scales=self.scales)
            measuring.begin(seeds)
            self._see(measuring.collect(min(self._slots, _MEASURED_SLOTS), self._choose))
        self._collector.begin(seeds)

    def _choose(self, role: Role, observations: Array) -> Array:
        with torch.no_grad(), divergence_said(f"role {role.name!r}"):
            return self.sample(role, self.shown(role, observations)).numpy()

    def _see(self, slots: Slots) -> None:
        for name, moments in self._moments.items():
            seen = slots.observations[name]
            moments.update(seen.reshape(-1, seen.shape[-1]))

    def _pause(self, measured: Mapping[str, float]) -> None:
        if self.step - self._reported >= self._report_every or self.step >= self.total:
            metrics = {**self._collector.meter.flush(), **measured}
            self._session.report(self.step, self.total, metrics)
            self._reported = self.step
        self._session.boundary(self.step, self.total, self._policy, self._get_state)

    def _policy(self) -> RolePolicy:
        notes = {"agent": self._name, "steps": self.step}
        networks = {role.name: replace(self.network(role), notes=notes) for role in self.roles}
        for name, moments in self._moments.items():
            networks[name] = replace(networks[name], transform=moments.transform())
        return RolePolicy(networks)

    def _get_state(self) -> dict[str, Any]:
        return {
            "learner": self.get_learner_state(),
            "collector": self._collector.get_state(),
            "moments": {name: moments.get_state() for name, moments in self._moments.items()},
            "step": self.step,
            "reported": self._reported,
            "scaled": self._in_own_units(),
            "random": random_state(),
        }

    def _set_state(self, state: Mapping[str, Any]) -> None:
        if set(state["moments"]) != set(self._moments):
            raise UserError(
                "the checkpoint does not match: normalize_observations has changed; "
                "resume with the settings of the original training"
            )
        # Checkpoints of earlier versions have no such entry: their actions were never scaled.
        if sorted(state.get("scaled", [])) != self._in_own_units():
            raise UserError(
                "the checkpoint does not match: scale_actions has changed; "
                "resume with the settings of the original training"
            )
        self.set_learner_state(state["learner"])
        self.step = state["step"]
        self._reported = state["reported"]
        # If episodes cannot be continued, start others than those that the training started with.
        seeds = training_seeds(self._session.seed + self.step, self._base.num_envs)
        self._collector.set_state(state["collector"], seeds)
        for name, moments in self._moments.items():
            moments.set_state(state["moments"][name])
        set_random_state(state["random"])

    def _in_own_units(self) -> list[str]:
        """Return the roles whose policies act in units of their own."""
        return sorted(name for name, scale in self.scales.items() if scale and scale.changes)


def scales_of(roles: Sequence[Role], settings: RoleSettings) -> dict[str, ActionScale | None]:
    """Return how each role's continuous actions become the environment's; see `action_scale`."""
    return {
        role.name: action_scale(
            role.action_space,
            items=(role.observation_space.shape or (0,))[0] if role.items else 0,
            scaled=settings.scale_actions,
        )
        for role in roles
    }


def require_finite(weights: nn.Module, whose: str) -> None:
    """Refuse NaN and infinity.

    Raises:
        UserError: training diverged; the message begins with `whose`.
    """
    if not all(bool(torch.isfinite(parameter).all()) for parameter in weights.parameters()):
        raise diverged(whose, "the weights")
