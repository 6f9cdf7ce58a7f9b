"""MaskablePPO's policies for discrete actions, with fewer tensor operations per step.

With networks this small, the number of tensor operations determines the time, not the arithmetic.
sb3-contrib builds three distribution objects for every batch. Here the masked log-probabilities are
computed once, with the same result.
"""

from __future__ import annotations

from typing import Any

import torch
from sb3_contrib.common.maskable.policies import MaskableActorCriticPolicy
from torch import Tensor

from rlsys.agents.masking import masked_log_softmax
from rlsys.agents.sb3.scorer_policy import OverItems


class MaskableStackPolicy(MaskableActorCriticPolicy):
    """Policy for plain observations."""

    def forward(
        self, obs: Tensor, deterministic: bool = False, action_masks: Any = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return actions (N,), values (N, 1) and log-probabilities (N,)."""
        latent_pi, latent_vf = self.mlp_extractor(obs.flatten(1))
        log_probs = masked_log_softmax(self.action_net(latent_pi), action_masks)
        if deterministic:
            actions = log_probs.argmax(dim=1, keepdim=True)
        else:
            actions = torch.multinomial(log_probs.exp(), 1)
        return actions.flatten(), self.value_net(latent_vf), log_probs.gather(1, actions).flatten()

    def evaluate_actions(
        self, obs: Tensor, actions: Tensor, action_masks: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return values (N, 1), log-probabilities (N,) of `actions`, and entropies (N,)."""
        latent_pi, latent_vf = self.mlp_extractor(obs.flatten(1))
        log_probs = masked_log_softmax(self.action_net(latent_pi), action_masks)
        taken = log_probs.gather(1, actions.view(-1, 1)).flatten()
        return self.value_net(latent_vf), taken, -(log_probs.exp() * log_probs).sum(dim=1)


class MaskableScorerPolicy(OverItems, MaskableStackPolicy):
    """Policy for observations of items."""
