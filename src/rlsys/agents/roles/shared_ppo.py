"""`sb3-shared`: Stable-Baselines3's PPO for each role, with parameters shared by its agents.

Every agent of every copy is a trajectory of its role (independent PPO with shared parameters). All
agents get the slot's reward or, with `credit` "difference", what their own decision was worth. The
rollouts are our own: batched over copies and agents, without an object per agent. Buffer,
advantages (GAE over slots) and gradient steps are those of SB3.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial
from typing import Any, cast

import numpy as np
import torch
from gymnasium import spaces
from gymnasium.vector import VectorEnv
from numpy.typing import NDArray
from stable_baselines3 import PPO
from stable_baselines3.common.logger import Logger
from stable_baselines3.common.policies import ActorCriticPolicy
from stable_baselines3.common.utils import set_random_seed
from torch import Tensor

from rlsys.agents.action_scale import ActionScale
from rlsys.agents.divergence import divergence_said
from rlsys.agents.learning_rate import linear_rate
from rlsys.agents.roles.rollout import Slots, features_of
from rlsys.agents.roles.running_moments import RunningMoments
from rlsys.agents.roles.settings import SharedPpoSettings
from rlsys.agents.roles.training import RoleAgent, RoleRun, require_finite
from rlsys.agents.sb3.scorer_policy import ScorerPolicy
from rlsys.agents.sb3.states import get_algorithm_state, set_algorithm_state
from rlsys.agents.sb3.to_network import to_network
from rlsys.agents.torch_network import ACTIVATIONS
from rlsys.errors import UserError, name_of
from rlsys.network import Network
from rlsys.roles import Role
from rlsys.training import Problem, Session

Array = NDArray[Any]

KINDS = ("discrete", "multi-discrete", "continuous")

# Decisions evaluated in one call: enough to be fast, few enough to fit into the processor's cache.
_CHUNK = 16_384


def make_shared_ppo(settings: SharedPpoSettings) -> RoleAgent[SharedPpoSettings]:
    """Return the agent: one PPO per role."""
    return RoleAgent("sb3-shared", settings, KINDS, SharedPpoRun)


def build_ppo(settings: SharedPpoSettings, role: Role, scale: ActionScale | None = None) -> PPO:
    """Return a PPO for all agents of `role` in all copies; it never steps an environment.

    It is built without one, as SB3 itself does when it loads a saved algorithm.
    """
    trajectories = settings.num_envs * role.agents
    sizes: dict[str, list[int]] = (
        {"encoder": list(settings.encoder), "scorer": list(settings.scorer)}
        if role.items
        else {"pi": list(settings.net_arch), "vf": list(settings.critic_arch)}
    )
    model = PPO(
        ScorerPolicy if role.items else "MlpPolicy",
        cast("Any", None),
        learning_rate=partial(linear_rate, settings.learning_rate, settings.learning_rate_final),
        n_steps=settings.n_steps,
        batch_size=-(-settings.n_steps * trajectories // settings.minibatches),
        n_epochs=settings.n_epochs,
        gamma=settings.gamma,
        gae_lambda=settings.gae_lambda,
        clip_range=settings.clip_range,
        ent_coef=settings.ent_coef,
        vf_coef=settings.vf_coef,
        max_grad_norm=settings.max_grad_norm,
        policy_kwargs={
            "net_arch": sizes,
            "activation_fn": ACTIVATIONS[settings.activation],
            "log_std_init": math.log(settings.initial_std),
            # One fused kernel instead of about twenty small ones; eps is SB3's own.
            "optimizer_kwargs": {"eps": 1e-5, "fused": True},
        },
        device="cpu",
        _init_setup_model=False,
    )
    shape = (role.observation_space.shape or ()) if role.items else (features_of(role),)
    model.observation_space = spaces.Box(-np.inf, np.inf, shape, np.float32)
    action_space = role.action_space
    if isinstance(action_space, spaces.Discrete):
        # SB3 counts actions from 0.
        action_space = spaces.Discrete(int(action_space.n))
    model.action_space = action_space if scale is None else scale.space
    model.n_envs = trajectories
    model._setup_model()
    model.set_logger(Logger(None, []))
    return model


class SharedPpoRun(RoleRun):
    """A running training."""

    def __init__(
        self,
        settings: SharedPpoSettings,
        env: VectorEnv[Any, Any, Any],
        roles: tuple[Role, ...],
        problem: Problem,
        session: Session,
    ) -> None:
        credit = settings.credit == "difference"
        if credit and not hasattr(env, "difference_rewards"):
            raise UserError(
                f"credit 'difference' needs an environment with `difference_rewards`, but "
                f"{name_of(env)} has none; use credit 'team'"
            )
        # The observation of a later role is known only after the roles before it have decided. So
        # one extra slot is played to get the bootstrap value of the last one.
        extra = int(settings.gamma > 0 and len(roles) > 1)
        super().__init__("sb3-shared", settings, env, roles, problem, session, extra, credit)
        set_random_seed(session.seed)
        self._settings = settings
        self.models = {
            role.name: build_ppo(settings, role, self.scales[role.name]) for role in roles
        }
        self._returns = np.zeros(env.num_envs)
        self._return_moments = RunningMoments(())
        self._credit_moments = {role.name: RunningMoments(()) for role in roles if credit}

    def sample(self, role: Role, shown: Tensor) -> Tensor:
        policy = self.models[role.name].policy
        return policy.get_distribution(shown).get_actions()

    def update(self, slots: Slots, remaining: float) -> dict[str, float]:
        earned = self._earned(slots)
        measured: dict[str, float] = {}
        for role in self.roles:
            model = self.models[role.name]
            self._fill(model, role, slots, earned[role.name])
            model._current_progress_remaining = remaining
            _train(model, f"role {role.name!r}")
            for name, value in model.logger.name_to_value.items():
                measured[f"{role.name}/{name.rpartition('/')[2]}"] = float(value)
        return measured

    def network(self, role: Role) -> Network:
        scale = self.scales[role.name]
        return to_network(self.models[role.name].policy, role.action_space, scale=scale)

    def get_learner_state(self) -> dict[str, Any]:
        return {
            "models": {name: get_algorithm_state(model) for name, model in self.models.items()},
            "returns": self._returns,
            "return_moments": self._return_moments.get_state(),
            "credit_moments": {n: m.get_state() for n, m in self._credit_moments.items()},
        }

    def set_learner_state(self, state: Mapping[str, Any]) -> None:
        for name, model in self.models.items():
            set_algorithm_state(model, state["models"][name])
        self._returns = state["returns"]
        self._return_moments.set_state(state["return_moments"])
        for name, moments in self._credit_moments.items():
            moments.set_state(state["credit_moments"][name])

    def _earned(self, slots: Slots) -> dict[str, Array]:
        """Return the scaled rewards that each agent learns from, by role, (T, C, agents)."""
        if self._settings.credit == "team":
            team = self._scaled(slots)[..., None]
            return {r.name: np.repeat(team, r.agents, axis=2) for r in self.roles}
        if not self._settings.normalize_rewards:
            return dict(slots.credits)
        for name, moments in self._credit_moments.items():
            moments.update(slots.credits[name].ravel())
        return {name: own / self._credit_moments[name].std for name, own in slots.credits.items()}

    def _scaled(self, slots: Slots) -> Array:
        """Return the rewards (T, C), divided by the running deviation of the discounted return."""
        if not self._settings.normalize_rewards:
            return slots.rewards
        returns = np.empty_like(slots.rewards)
        for slot, (reward, end) in enumerate(zip(slots.rewards, slots.ends, strict=True)):
            returns[slot] = self._settings.gamma * self._returns + reward
            self._returns = np.where(end, 0.0, returns[slot])
        self._return_moments.update(returns.ravel())
        scaled: Array = slots.rewards / self._return_moments.std
        return scaled

    def _fill(self, model: PPO, role: Role, slots: Slots, earned: Array) -> None:
        """Put the role's half-steps into the buffer; each agent of each copy is a trajectory."""
        count, agents = self._settings.n_steps, role.agents
        seen = slots.observations[role.name]
        shown = self.shown(role, seen).view(len(seen), -1, seen.shape[-1])
        after: Tensor | None = None
        if len(seen) > count:
            after = shown[count]
        elif role is self.roles[0]:
            after = self.shown(role, slots.following).view(shown.shape[1:])
        fill_buffer(
            model,
            shown[:count],
            slots.actions[role.name][:count].reshape(*shown[:count].shape[:2], -1),
            earned[:count].reshape(count, -1),
            np.repeat(slots.ends[:count], agents, axis=1),
            after,
        )


def fill_buffer(
    model: PPO,
    shown: Tensor,
    actions: Array,
    rewards: Array,
    ends: Array,
    after: Tensor | None,
) -> None:
    """Put a rollout of T slots and N trajectories into SB3's buffer, with its advantages.

    Args:
        model: the PPO whose policy acted and whose buffer is filled.
        shown: what the policy saw, (T, N, features).
        actions: what it did, before clipping, (T, N, width).
        rewards, ends: of the slots, (T, N).
        after: what it sees next, (N, features), to bootstrap from; None if gamma is 0.
    """
    buffer, policy = model.rollout_buffer, model.policy
    buffer.reset()
    buffer.observations = shown.numpy().reshape(*shown.shape[:2], *buffer.obs_shape)
    buffer.actions = actions
    buffer.rewards = rewards.astype(np.float32)
    buffer.episode_starts[1:] = ends[:-1]
    buffer.values, buffer.log_probs = _judge(policy, shown, torch.from_numpy(actions))
    buffer.pos, buffer.full = len(shown), True
    with torch.no_grad():
        last = torch.zeros(len(ends[0])) if after is None else policy.predict_values(after)
    buffer.compute_returns_and_advantage(last, ends[-1])


def _train(model: PPO, whose: str) -> None:
    with divergence_said(whose):
        model.train()
    require_finite(model.policy, whose)


def _judge(policy: ActorCriticPolicy, shown: Tensor, actions: Tensor) -> tuple[Array, Array]:
    """Return values and log-probabilities (T, N) of what the policy saw and did, without gradient.

    This is done after the rollout: the policy has not changed since, and one large call is many
    times faster than one call per half-step.
    """
    values, log_probs = [], []
    flat = actions.flatten(0, 1)
    if isinstance(policy.action_space, spaces.Discrete):
        flat = flat.flatten()
    pairs = zip(torch.split(shown.flatten(0, 1), _CHUNK), torch.split(flat, _CHUNK), strict=True)
    with torch.no_grad():
        for seen, done in pairs:
            value, log_prob, _ = policy.evaluate_actions(seen, done)
            values.append(value.flatten())
            log_probs.append(log_prob)
    shape = shown.shape[:2]
    return torch.cat(values).view(shape).numpy(), torch.cat(log_probs).view(shape).numpy()
