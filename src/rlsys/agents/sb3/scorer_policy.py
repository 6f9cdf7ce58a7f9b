"""Stable-Baselines3 policies whose actor has exactly the shape of the portable scorer."""

from __future__ import annotations

from typing import Any, cast

from stable_baselines3.common.policies import ActorCriticPolicy, BasePolicy
from stable_baselines3.common.type_aliases import Schedule
from torch import Tensor, nn

from rlsys.agents.spaces import require_items
from rlsys.agents.torch_network import (
    ACTIVATIONS,
    TorchScorer,
    hidden_layers,
    initialise,
    pooled,
    scorer_modules,
)


class ScorerExtractor(nn.Module):
    """Replaces SB3's two stacks: actor and critic for observations of items, sharing nothing.

    Args:
        items, features: shape of the observation.
        rest: number of actions without an item.
        encoder, scorer: hidden layers of both; the critic's head has the scorer's sizes.
        activation: of hidden layers.
    """

    def __init__(
        self,
        items: int,
        features: int,
        rest: int,
        encoder: tuple[int, ...],
        scorer: tuple[int, ...],
        activation: str,
    ) -> None:
        super().__init__()
        self._shape = (items, features)
        self.actor: TorchScorer = scorer_modules(features, encoder, scorer, rest, activation)
        self.critic_encoder = nn.Sequential(*hidden_layers([features, *encoder], activation))
        self.critic_head = nn.Sequential(*hidden_layers([encoder[-1], *scorer], activation))
        self.latent_dim_pi = items + rest
        self.latent_dim_vf = scorer[-1]

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits (N, actions) and the critic's latent code of flat items (N, items * F)."""
        return self.forward_actor(features), self.forward_critic(features)

    def forward_actor(self, features: Tensor) -> Tensor:
        """Return logits (N, actions)."""
        x = features.view(-1, *self._shape)
        logits: Tensor = self.actor(x, x[..., 0])
        return logits

    def forward_critic(self, features: Tensor) -> Tensor:
        """Return the critic's latent code (N, width)."""
        x = features.view(-1, *self._shape)
        latent: Tensor = self.critic_head(pooled(self.critic_encoder(x), x[..., 0]))
        return latent


class OverItems(BasePolicy):
    """Mixin for an actor-critic policy that uses a `ScorerExtractor` instead of the stacks.

    The policy's ``net_arch`` is ``{"encoder": sizes, "scorer": sizes}``.
    """

    mlp_extractor: Any
    action_net: Any

    def _build_mlp_extractor(self) -> None:
        rest = require_items(self.observation_space, self.action_space)
        items, features = self.observation_space.shape or (0, 0)
        names = {kind: name for name, kind in ACTIVATIONS.items()}
        sizes: Any = self.net_arch
        self.mlp_extractor = ScorerExtractor(
            items,
            features,
            rest,
            tuple(sizes["encoder"]),
            tuple(sizes["scorer"]),
            names[cast("Any", self.activation_fn)],
        )

    def _build(self, lr_schedule: Schedule) -> None:
        super()._build(lr_schedule)  # type: ignore[misc]
        # The extractor's actor already returns the logits, so `action_net` has nothing to do.
        self.action_net = nn.Identity()
        initialise(self.mlp_extractor)
        self.optimizer = self.optimizer_class(
            self.parameters(),
            lr=lr_schedule(1),  # type: ignore[call-arg]
            **self.optimizer_kwargs,
        )


class ScorerPolicy(OverItems, ActorCriticPolicy):
    """PPO's policy for observations of items."""
