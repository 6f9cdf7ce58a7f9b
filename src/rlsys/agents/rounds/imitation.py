"""`imitation`: learn from an oracle's action values in the states that the policy itself visits.

After DAgger (Ross, Gordon and Bagnell, "A Reduction of Imitation Learning and Structured Prediction
to No-Regret Online Learning", AISTATS 2011). The labels say more than which action is best: they
are the oracle's values of all actions, from which the loss computes the cost of each action.
"""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import torch
from gymnasium.vector import VectorEnv
from numpy.typing import NDArray
from torch import Tensor

from rlsys.agents.learning_rate import linear_rate
from rlsys.agents.rounds.episodes import masks_of, sample_actions
from rlsys.agents.rounds.labelled import Labelled, LabelledStates
from rlsys.agents.rounds.rounds_run import RoundsRun
from rlsys.agents.settings import ImitationSettings
from rlsys.agents.spaces import check_problem
from rlsys.controllers import Oracle
from rlsys.errors import UserError
from rlsys.network import Network
from rlsys.seeds import training_seeds
from rlsys.training import Problem, Session

Array = NDArray[Any]

# Two actions whose values differ by less are equally good. This is far below any reward, and far
# above the rounding error of a sum of rewards.
_TIE = 1e-6


def make_imitation(settings: ImitationSettings) -> Imitation:
    """Return the agent."""
    return Imitation(settings)


def imitation_loss(
    log_probabilities: Tensor,
    regrets: Tensor,
    regret_weight: float,
    cross_entropy_weight: float,
) -> Tensor:
    """Return the mean loss of a batch.

    Args:
        log_probabilities: the policy's, (N, n_actions).
        regrets: best value minus each action's value, (N, n_actions); 0 for masked actions, whose
            probability is 0 anyway.
        regret_weight: weight of sum_a p(a) regret(a), the expected loss of return by one step.
        cross_entropy_weight: weight of -log of the probability of all best actions together.
    """
    expected = (log_probabilities.exp() * regrets).sum(dim=1)
    best = log_probabilities.masked_fill(regrets > _TIE, -torch.inf).logsumexp(dim=1)
    return (regret_weight * expected - cross_entropy_weight * best).mean()


class Imitation:
    """Imitation of an oracle; needs an environment that has one."""

    def __init__(self, settings: ImitationSettings) -> None:
        self.settings = settings

    def train(self, problem: Problem, session: Session) -> Network:
        """Train and return the final network.

        Raises:
            UserError: there is no oracle, or the agent does not support the actions.
            Interrupted: from `Session.boundary`.
        """
        if problem.make_oracle is None:
            raise UserError(
                "agent 'imitation' learns from an oracle, but this environment has none; "
                "choose another agent"
            )
        torch.set_num_threads(1)
        env = problem.make_env(self.settings.instances * self.settings.rollouts)
        try:
            check_problem("imitation", env, ("discrete",), items=True)
            return _Run(self.settings, env, problem, problem.make_oracle(), session).learn()
        finally:
            env.close()


class _Run(RoundsRun[LabelledStates]):
    """A running training."""

    def __init__(
        self,
        settings: ImitationSettings,
        env: VectorEnv[Any, Any, Any],
        problem: Problem,
        oracle: Oracle,
        session: Session,
    ) -> None:
        memory = LabelledStates(settings.capacity)
        super().__init__("imitation", settings, env, problem, session, memory)
        self.settings = settings
        self.oracle = oracle

    def do_round(self) -> dict[str, float]:
        """Play and label episodes, then learn."""
        return self._roll_out() | self._descend()

    def _roll_out(self) -> dict[str, float]:
        """Play an episode in every copy, label each state, and keep the labelled states."""
        settings, env = self.settings, self.env
        space: Any = env.single_action_space
        share = settings.oracle_share * settings.oracle_decay**self.round
        instances = training_seeds(int(self.generator.integers(1 << 30)), settings.instances)
        seeds = [seed for seed in instances for _ in range(settings.rollouts)]
        observations, _ = env.reset(seed=cast("Any", seeds))
        self.oracle.reset(env)
        regret, steps = 0.0, 0
        running = np.ones(env.num_envs, dtype=bool)
        seen: list[Labelled] = []
        while running.any():
            masks = masks_of(env, int(space.n))
            regrets = _regrets(self.oracle.action_values(env), masks, running)
            # If only one action is allowed, there is nothing to learn.
            choice = running & (masks.sum(axis=1) > 1)
            seen.append(Labelled(observations[choice], masks[choice], regrets[choice]))
            steps += int(running.sum())
            logits = self.learner.logits(observations, masks)
            actions = sample_actions(logits, masks, settings.temperature, self.generator)
            regret += float(np.take_along_axis(regrets, actions[:, None], axis=1)[running].sum())
            by_oracle = self.generator.random(env.num_envs) < share
            best = np.where(masks, regrets, np.inf).argmin(axis=1)
            actions = np.where(by_oracle, best, actions)
            observations, reward, terminated, truncated, infos = env.step(
                actions + int(space.start)
            )
            ended = running & (terminated | truncated)
            self.meter.update(np.where(running, reward, 0.0), ended, infos)
            running &= ~ended
        labelled = Labelled.join(seen)
        self.memory.add(labelled)
        if not len(self.memory):
            raise UserError(
                "agent 'imitation' has nothing to learn: no episode had a state with more than one "
                "allowed action; check the environment's action masks"
            )
        self.steps += steps
        return {
            **self.meter.flush(),
            "oracle_share": share,
            "step_regret": regret / steps,
        }

    def _descend(self) -> dict[str, float]:
        """Do a round's gradient steps on states drawn from all kept ones."""
        settings = self.settings
        passed = self.round / max(settings.rounds - 1, 1)
        rate = linear_rate(settings.learning_rate, settings.learning_rate_final, 1.0 - passed)
        losses: list[float] = []
        for _ in range(settings.updates):
            batch = self.memory.draw(settings.batch_size, self.generator)
            chosen = self.learner.log_probabilities(
                torch.from_numpy(batch.observations), torch.from_numpy(batch.masks)
            )
            loss = imitation_loss(
                chosen,
                torch.from_numpy(batch.regrets),
                settings.regret_weight,
                settings.cross_entropy_weight,
            )
            self.learner.descend(loss, rate)
            losses.append(float(loss.detach()))
        return {"loss": float(np.mean(losses)), "learning_rate": rate}


def _regrets(values: Array, masks: NDArray[np.bool_], running: NDArray[np.bool_]) -> Array:
    """Return best value minus each action's value, float32 (N, n_actions); 0 where masked.

    Raises:
        UserError: the oracle's value of an allowed action in a running copy is not finite.
    """
    wanted = masks & running[:, None]
    if not np.isfinite(values[wanted]).all():
        copy = int(np.flatnonzero((wanted & ~np.isfinite(values)).any(axis=1))[0])
        raise UserError(
            f"the oracle's action values of copy {copy} are {values[copy].tolist()} with the mask "
            f"{masks[copy].tolist()}; they must be finite wherever the mask allows the action"
        )
    known = np.where(wanted, values, -np.inf)
    best = known.max(axis=1, keepdims=True)
    # Copies whose episode has ended have no values: the caller drops their rows.
    return np.where(wanted, best - np.where(wanted, values, 0.0), 0.0).astype(np.float32)
