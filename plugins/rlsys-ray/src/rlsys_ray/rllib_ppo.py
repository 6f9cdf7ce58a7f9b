"""The agent `rllib-ppo`: RLlib learns, and the session saves the result."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from gymnasium import spaces
from ray.rllib.algorithms.algorithm import Algorithm
from ray.rllib.core import DEFAULT_MODULE_ID

from rlsys.agents.torch_states import pack, require_same_tensors, unpack
from rlsys.errors import UserError
from rlsys.network import Network
from rlsys.policies import Policy
from rlsys.roles import RolePolicy
from rlsys.training import Problem, Session
from rlsys_ray.algorithm import Spaces, built, spaces_of
from rlsys_ray.connection import connected
from rlsys_ray.episodes import averages
from rlsys_ray.one_copy import EPISODE
from rlsys_ray.settings import RllibPpoSettings
from rlsys_ray.to_network import to_network

_REPORTED = ("policy_loss", "vf_loss", "entropy")


class RllibPpo:
    """PPO of RLlib; with roles, one policy per role, shared by its agents.

    It can stop between iterations. A resumed training has the same weights and optimiser, but the
    episodes in progress are lost and new ones start. So it is not bit-identical to an uninterrupted
    training.

    Action masks are ignored: the environment decides what a masked action does.
    """

    def __init__(self, settings: RllibPpoSettings) -> None:
        self.settings = settings

    def train(self, problem: Problem, session: Session) -> Policy:
        """Train and return the final policy.

        Raises:
            UserError: unsupported spaces, no cluster, or the training diverged.
            Interrupted: from `Session.boundary`.
        """
        torch.set_num_threads(1)
        env = problem.make_env(1)
        try:
            policies = spaces_of(env)
        finally:
            env.close()
        saved = session.resumed_state()
        step = int(saved["step"]) if saved else 0
        # After a resume, different episodes than those that the training started with.
        seed = session.seed + step
        with (
            connected(1 + self.settings.num_env_runners),
            built(self.settings, problem, policies, seed) as algorithm,
        ):
            run = Run(self.settings, session, policies, algorithm)
            if saved:
                run.set_state(saved)
            return run.learn()


class Run:
    """One running training.

    Args:
        settings: settings of the agent.
        session: receives the reports.
        policies: spaces of each policy.
        algorithm: the RLlib algorithm.
    """

    def __init__(
        self,
        settings: RllibPpoSettings,
        session: Session,
        policies: dict[str, Spaces],
        algorithm: Algorithm,
    ) -> None:
        self.settings = settings
        self.session = session
        self.policies = policies
        self.algorithm = algorithm
        self.step = 0

    def learn(self) -> Policy:
        """Train to the end and return the final policy."""
        while self.step < self.settings.steps:
            result = self.algorithm.train()  # type: ignore[no-untyped-call]
            sampled = result["env_runners"]
            self.step += int(sampled["num_env_steps_sampled"])
            total = max(self.step, self.settings.steps)
            self.policy().check_finite()
            metrics = {**averages(sampled.get(EPISODE, ())), **self._losses(result["learners"])}
            self.session.report(self.step, total, metrics)
            self.session.boundary(self.step, total, self.policy, self.state)
        return self.policy()

    def policy(self) -> Policy:
        """Return the current portable policy."""
        weights = self._learner_state()["rl_module"]
        notes = {"agent": "rllib-ppo", "steps": self.step}
        networks: dict[str, Network] = {
            name: to_network(
                weights[name],
                self.settings.activation,
                action,
                notes,
                scaled=self.settings.scale_actions,
            )
            for name, (_, action) in self.policies.items()
        }
        return networks.get(DEFAULT_MODULE_ID) or RolePolicy(networks)

    def _losses(self, learners: Mapping[str, Any]) -> dict[str, float]:
        """Return the learner's metrics of each policy, with roles ``ROLE_entropy`` and so on."""
        return {
            name if policy == DEFAULT_MODULE_ID else f"{policy}_{name}": float(figures[name])
            for policy, figures in learners.items()
            if policy in self.policies
            for name in _REPORTED
        }

    def state(self) -> dict[str, Any]:
        """Return the content of a checkpoint: only arrays and numbers."""
        return {
            "step": self.step,
            "scale_actions": self.settings.scale_actions,
            "learner": pack(self._learner_state()),
        }

    def _learner_state(self) -> dict[str, Any]:
        """Return weights and optimisers."""
        state: dict[str, Any] = self._learners.get_state()["learner"]
        return {name: state[name] for name in ("rl_module", "optimizer", "weights_seq_no")}

    def set_state(self, saved: Mapping[str, Any]) -> None:
        """Resume from `state`.

        Raises:
            UserError: the sizes of the networks or the units of actions have changed since.
        """
        continuous = any(isinstance(space, spaces.Box) for _, space in self.policies.values())
        if continuous and saved.get("scale_actions", False) != self.settings.scale_actions:
            raise UserError(
                "the checkpoint does not match: scale_actions has changed; resume with the "
                "settings of the original training"
            )
        self.step = int(saved["step"])
        learner = saved["learner"]
        present = self._learner_state()["rl_module"]
        for name, weights in present.items():
            require_same_tensors(learner["rl_module"].get(name, {}), weights, f"policy {name!r}")
        self._learners.set_state({"learner": unpack(learner)})
        runners: Any = self.algorithm.env_runner_group
        runners.sync_weights(from_worker_or_learner_group=self._learners, inference_only=True)

    @property
    def _learners(self) -> Any:
        return self.algorithm.learner_group
