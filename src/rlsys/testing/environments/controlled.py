"""Checks of an environment's baselines and oracle."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from gymnasium.spaces import Discrete
from numpy.typing import NDArray

from rlsys.adapters.actions import complaint, draw
from rlsys.controllers import Controller, action_masks
from rlsys.descriptors import ControllerSpec, resolve
from rlsys.errors import UserError
from rlsys.evaluation.evaluate import make_baseline
from rlsys.roles import acting_role, roles_of
from rlsys.rollout import play
from rlsys.seeds import evaluation_seeds
from rlsys.testing.demands import require
from rlsys.testing.environments.base import EnvironmentChecks
from rlsys.testing.subject import SEEDS, Subject

TOLERANCE = 1e-6
"""For rounding errors in sums of rewards."""


class ControlledChecks(EnvironmentChecks):
    """Baselines follow the rules, and the oracle is optimal."""

    def test_baselines_play_by_the_rules(self) -> None:
        """Baselines choose actions in the action space, and the same ones every time.

        Masks only guide learners: a baseline may take a masked action.
        """
        subject = self.reproducible()
        for spec in subject.spec.baselines:
            first = self._play_baseline(subject, spec)
            again = self._play_baseline(subject, spec)
            require(
                np.array_equal(first, again, equal_nan=True),
                f"baseline {spec.name!r} earns different rewards when it replays the same episodes",
                "start over in reset(env); draw random numbers from a generator made there with a "
                "fixed seed",
            )

    def test_the_oracle_is_not_beaten(self) -> None:
        """No baseline and no random actions earn more than the oracle, beyond its tolerance."""
        subject = self.ending(self.reproducible())
        if subject.spec.oracle is None:
            pytest.skip("it has no oracle")
        seeds = evaluation_seeds(len(SEEDS))
        try:
            oracle = resolve(subject.spec.oracle.factory)(subject.case.config)
            best = play(subject.make, oracle, seeds)["reward"]
        except UserError as error:
            pytest.skip(f"the oracle does not support these settings: {error}")
        tolerance = max(TOLERANCE, getattr(oracle, "tolerance", 0.0))
        others: dict[str, Controller] = {
            spec.name: make_baseline(spec, subject.case) for spec in subject.spec.baselines
        }
        others["random actions"] = RandomActions()
        for name, controller in others.items():
            excess = play(subject.make, controller, seeds)["reward"] - best
            require(
                not (excess > tolerance).any(),
                f"{name!r} earned {excess.max():.6g} more than {oracle.name!r} in an episode",
                "the oracle is not optimal for the environment's rewards: correct one of them",
            )

    def test_the_oracles_values_agree_with_its_actions(self) -> None:
        """If an oracle gives the value of every action, its own action has the highest."""
        subject = self.ending(self.reproducible())
        oracle = self._oracle_with_values(subject)
        env = subject.make(len(SEEDS))
        observations, _ = env.reset(seed=list(SEEDS))
        oracle.reset(env)
        for _ in range(min(subject.steps, 30)):
            try:
                values = oracle.action_values(env)
            except UserError as error:
                pytest.skip(f"the oracle does not know the value of single actions: {error}")
            masks = action_masks(env)
            actions = np.asarray(oracle.act(env, observations))
            own = values[np.arange(len(values)), actions - env.single_action_space.start]
            # The oracle may take a masked action, which has no value here.
            allowed = np.isfinite(own)
            require(
                np.allclose(own[allowed], values.max(axis=1)[allowed]),
                f"the oracle's actions are worth {own}, but the best are worth "
                f"{values.max(axis=1)}",
                "choose the action with the highest of action_values",
            )
            require(
                masks is None or np.array_equal(np.isneginf(values), ~masks),
                "action_values are not -inf exactly where the mask forbids an action",
                "return -inf for masked actions, and a finite number for all others",
            )
            observations, *_ = env.step(actions)
        env.close()

    def _play_baseline(self, subject: Subject, spec: ControllerSpec) -> NDArray[np.float64]:
        controller = make_baseline(spec, subject.case)
        env = subject.make(len(SEEDS))
        roles = {role.name: role for role in roles_of(env)}
        earned = np.zeros(len(SEEDS))
        observations, _ = env.reset(seed=list(SEEDS))
        controller.reset(env)
        for step in range(1, len(subject.moments) + 1):
            actions = np.asarray(controller.act(env, observations))
            space = roles[acting_role(env)].action_space if roles else env.single_action_space
            flat = actions.reshape(-1, *actions.shape[2:]) if roles else actions
            require(
                len(actions) == len(SEEDS),
                f"baseline {spec.name!r} returned actions of shape {actions.shape}",
                f"return one action per copy: ({len(SEEDS)}, ...)",
            )
            for action in flat:
                fault = complaint(space, action)
                require(
                    fault is None,
                    f"in step {step} the action of baseline {spec.name!r} {fault}",
                    "choose only actions in the action space",
                )
            observations, rewards, *_ = env.step(actions)
            earned += rewards
        env.close()
        return earned

    def _oracle_with_values(self, subject: Subject) -> Any:
        if subject.spec.oracle is None:
            pytest.skip("it has no oracle")
        try:
            oracle = resolve(subject.spec.oracle.factory)(subject.case.config)
        except UserError as error:
            pytest.skip(f"the oracle does not support these settings: {error}")
        env = subject.make(1)
        env.close()
        chosen = getattr(env, "single_action_space", None)
        if not (hasattr(oracle, "action_values") and isinstance(chosen, Discrete)):
            pytest.skip("the oracle has no action values")
        return oracle


class RandomActions:
    """A controller that draws from the action space."""

    def reset(self, env: Any) -> None:
        """Start with the same random draws every time."""
        del env
        self.rng = np.random.default_rng(0)

    def act(self, env: Any, observations: NDArray[Any]) -> NDArray[Any]:
        """Return random allowed actions, (num_envs, ...)."""
        roles = {role.name: role for role in roles_of(env)}
        if roles:
            role = roles[acting_role(env)]
            copies = range(env.num_envs)
            drawn = [
                [draw(role.action_space, self.rng) for _ in range(role.agents)] for _ in copies
            ]
            return np.array(drawn, dtype=role.action_space.dtype)
        masks = action_masks(env)
        rows = [None] * len(observations) if masks is None else list(masks)
        space = env.single_action_space
        return np.array([draw(space, self.rng, row) for row in rows], dtype=space.dtype)
