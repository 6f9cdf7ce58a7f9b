"""`mappo`: PPO with an actor for each role and one centralised critic over all of them.

After Yu et al., "The Surprising Effectiveness of PPO in Cooperative Multi-Agent Games", NeurIPS
2022: parameters shared by a role's agents, value normalisation, a clipped ratio per agent, all data
in a few large batches. The critic is in `rlsys.agents.roles.central_critic`.

This uses plain torch, not TorchRL. TorchRL's losses and advantage estimators take one action per
step from dictionaries of tensors. Adapting them to half-steps of several roles with one critic
would take more code than there is here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, cast

import torch
from gymnasium import spaces
from gymnasium.vector import VectorEnv
from torch import Tensor, nn

from rlsys.agents.learning_rate import linear_rate
from rlsys.agents.roles.central_critic import CentralCritic, half_step_advantages
from rlsys.agents.roles.rollout import Slots, features_of
from rlsys.agents.roles.settings import MappoSettings
from rlsys.agents.roles.training import RoleAgent, RoleRun, require_finite
from rlsys.agents.spaces import decoding_for, outputs_for, require_items
from rlsys.agents.torch_network import (
    TorchScorer,
    TorchStack,
    hidden_layers,
    initialise,
    scorer_modules,
)
from rlsys.agents.torch_states import pack, require_same_tensors, unpack
from rlsys.network import Network
from rlsys.roles import Role
from rlsys.training import Problem, Session

KINDS = ("discrete", "continuous")

# Decisions evaluated in one call: enough to be fast, few enough to fit into the processor's cache.
_CHUNK = 16_384


def make_mappo(settings: MappoSettings) -> RoleAgent[MappoSettings]:
    """Return the agent: multi-agent PPO."""
    return RoleAgent("mappo", settings, KINDS, MappoRun)


class Actor(nn.Module):
    """The stochastic policy of a role: normal for continuous actions, categorical for discrete.

    Args:
        role: the role.
        settings: sizes, activation and initial standard deviation.
    """

    def __init__(self, role: Role, settings: MappoSettings) -> None:
        super().__init__()
        outputs = outputs_for(role.action_space)
        self._items: tuple[int, ...] = ()
        self.body: TorchStack | TorchScorer
        if role.items:
            self._items = role.observation_space.shape or ()
            rest = require_items(role.observation_space, role.action_space)
            self.body = scorer_modules(
                self._items[1], settings.encoder, settings.scorer, rest, settings.activation
            )
        else:
            sizes = [features_of(role), *settings.net_arch]
            self.body = TorchStack(
                nn.Sequential(
                    *hidden_layers(sizes, settings.activation), nn.Linear(sizes[-1], outputs)
                )
            )
        initialise(self.body)
        self.log_std: nn.Parameter | None = None
        if isinstance(role.action_space, spaces.Box):
            self.log_std = nn.Parameter(torch.full((outputs,), math.log(settings.initial_std)))

    def sample(self, shown: Tensor) -> Tensor:
        """Return one action, counted from 0, for each of the observations (N, features)."""
        outputs = self._outputs(shown)
        if self.log_std is not None:
            return torch.normal(outputs, self.log_std.exp().expand_as(outputs))
        return torch.multinomial(outputs.softmax(dim=-1), 1).squeeze(-1)

    def judge(self, shown: Tensor, actions: Tensor) -> tuple[Tensor, Tensor]:
        """Return the log-probabilities (N,) of `actions` and the policy's mean entropy."""
        outputs = self._outputs(shown)
        if self.log_std is not None:
            constant = 0.5 * math.log(2 * math.pi)
            errors = (actions - outputs) * (-self.log_std).exp()
            log_probs = (-0.5 * errors.square() - self.log_std - constant).sum(dim=-1)
            return log_probs, (self.log_std + 0.5 + constant).sum()
        chances = outputs.log_softmax(dim=-1)
        entropy = -(chances.exp() * chances).sum(dim=-1).mean()
        return chances.gather(-1, actions.unsqueeze(-1)).squeeze(-1), entropy

    def _outputs(self, shown: Tensor) -> Tensor:
        if not self._items:
            return cast("Tensor", self.body(shown))
        items = shown.view(-1, *self._items)
        return cast("Tensor", self.body(items, items[..., 0]))


class MappoRun(RoleRun):
    """A running training."""

    def __init__(
        self,
        settings: MappoSettings,
        env: VectorEnv[Any, Any, Any],
        roles: tuple[Role, ...],
        problem: Problem,
        session: Session,
    ) -> None:
        super().__init__("mappo", settings, env, roles, problem, session)
        torch.manual_seed(session.seed)
        self._settings = settings
        self.actors = {role.name: Actor(role, settings) for role in roles}
        self._critic = CentralCritic(
            [role.agents * features_of(role) for role in roles],
            settings.critic_arch,
            settings.activation,
        )
        self._networks = nn.ModuleList([*self.actors.values(), self._critic])
        self._optimizer = torch.optim.Adam(self._networks.parameters(), eps=1e-5, fused=True)

    def sample(self, role: Role, shown: Tensor) -> Tensor:
        return self.actors[role.name].sample(shown)

    def update(self, slots: Slots, remaining: float) -> dict[str, float]:
        settings, rows = self._settings, slots.rewards.size
        for group in self._optimizer.param_groups:
            group["lr"] = linear_rate(
                settings.learning_rate, settings.learning_rate_final, remaining
            )
        shown = [
            self.shown(role, slots.observations[role.name]).flatten(0, 1) for role in self.roles
        ]
        actions = [torch.from_numpy(slots.actions[r.name]).flatten(0, 1) for r in self.roles]
        advantages, targets = self._estimate(slots, shown)
        log_probs = [
            self._log_probs(role, seen, done)
            for role, seen, done in zip(self.roles, shown, actions, strict=True)
        ]
        sums: dict[str, float] = {}
        batches = [
            batch
            for _ in range(settings.n_epochs)
            for batch in torch.randperm(rows).chunk(settings.minibatches)
        ]
        for batch in batches:
            losses = {"value_loss": self._value_loss([s[batch] for s in shown], targets[batch])}
            for index, role in enumerate(self.roles):
                loss, entropy = self._policy_loss(
                    role,
                    shown[index][batch],
                    actions[index][batch],
                    log_probs[index][batch],
                    advantages[batch, index],
                )
                losses[f"{role.name}/policy_loss"] = loss
                losses[f"{role.name}/entropy"] = entropy
            self.descend(losses)
            for name, value in losses.items():
                sums[name] = sums.get(name, 0.0) + float(value.detach())
        for role in self.roles:
            require_finite(self.actors[role.name], f"role {role.name!r}")
        require_finite(self._critic, "the critic")
        return {name: total / len(batches) for name, total in sums.items()}

    def network(self, role: Role) -> Network:
        body, scale = self.actors[role.name].body.body(), self.scales[role.name]
        return Network(body if scale is None else scale.fold(body), decoding_for(role.action_space))

    def get_learner_state(self) -> dict[str, Any]:
        return {
            "networks": pack(self._networks.state_dict()),
            "optimizer": pack(self._optimizer.state_dict()),
            "values": self._critic.moments.get_state(),
        }

    def set_learner_state(self, state: Mapping[str, Any]) -> None:
        require_same_tensors(state["networks"], self._networks.state_dict(), "the networks")
        self._networks.load_state_dict(unpack(state["networks"]))
        self._optimizer.load_state_dict(unpack(state["optimizer"]))
        self._critic.moments.set_state(state["values"])

    def _estimate(self, slots: Slots, shown: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """Return normalised advantages and normalised value targets, both (rows, roles)."""
        settings = self._settings
        shape = (*slots.rewards.shape, len(self.roles))
        values = self._critic.values([s.flatten(1) for s in shown]).view(shape).numpy()
        following = self.shown(self.roles[0], slots.following).flatten(1)
        advantages = half_step_advantages(
            slots.rewards,
            slots.ends,
            values,
            self._critic.values([following]).squeeze(-1).numpy(),
            settings.gamma,
            settings.gae_lambda,
        )
        targets = self._critic.normalised(advantages + values)
        spread = advantages.std(axis=(0, 1)) + 1e-8
        advantages = (advantages - advantages.mean(axis=(0, 1))) / spread
        return torch.from_numpy(advantages).flatten(0, 1), targets.flatten(0, 1)

    def _log_probs(self, role: Role, shown: Tensor, actions: Tensor) -> Tensor:
        """Return the log-probabilities (rows, agents) of the actions taken, without gradient."""
        actor = self.actors[role.name]
        pairs = zip(
            *(torch.split(tensor.flatten(0, 1), _CHUNK) for tensor in (shown, actions)), strict=True
        )
        with torch.no_grad():
            parts = [actor.judge(seen, done)[0] for seen, done in pairs]
        return torch.cat(parts).view(shown.shape[:2])

    def _value_loss(self, shown: Sequence[Tensor], targets: Tensor) -> Tensor:
        predicted: Tensor = self._critic([s.flatten(1) for s in shown])
        return (predicted - targets).square().mean()

    def _policy_loss(
        self, role: Role, shown: Tensor, actions: Tensor, before: Tensor, advantages: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return the clipped loss (Schulman et al., 2017) and the entropy.

        Args:
            role: the role.
            shown, actions: (rows, agents, ...).
            before: log-probabilities under the policy that acted, (rows, agents).
            advantages: advantages of the role's half-steps, the same for all its agents, (rows,).
        """
        clip = self._settings.clip_range
        log_probs, entropy = self.actors[role.name].judge(
            shown.flatten(0, 1), actions.flatten(0, 1)
        )
        ratio = (log_probs.view_as(before) - before).exp()
        gain = advantages.unsqueeze(-1)
        clipped = ratio.clamp(1 - clip, 1 + clip)
        return -torch.minimum(ratio * gain, clipped * gain).mean(), entropy

    def descend(self, losses: Mapping[str, Tensor]) -> None:
        """Do one gradient step; each network's gradient is clipped on its own."""
        signs = {"value_loss": 1.0, "policy_loss": 1.0, "entropy": -self._settings.ent_coef}
        total = sum(signs[name.rpartition("/")[2]] * loss for name, loss in losses.items())
        self._optimizer.zero_grad()
        cast("Tensor", total).backward()  # type: ignore[no-untyped-call]
        for network in self._networks:
            nn.utils.clip_grad_norm_(network.parameters(), self._settings.max_grad_norm)
        self._optimizer.step()
