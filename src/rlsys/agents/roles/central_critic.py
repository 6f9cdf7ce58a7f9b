"""The centralised critic of `mappo`: one value function over the observations of all roles.

Within a slot the roles decide in turn, and the observation of a later role reveals the actions of
the earlier ones. A baseline for an action must not know that action, or it removes the very
difference that the action made. So the critic evaluates each half-step only from what had been
observed up to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from rlsys.agents.roles.running_moments import RunningMoments
from rlsys.agents.torch_network import ACTIVATIONS, hidden_layers, initialise

# The last ten or so updates determine the scale: as policies improve, so do values.
_MEMORY = 0.9


class CentralCritic(nn.Module):
    """Values of all half-steps of a slot, in units of the environment's reward.

    The first layer is linear in the concatenated observations of all roles and a one-hot code of
    the acting role. Observations not yet made count as zero. The sums are accumulated role by role,
    so all half-steps together cost hardly more than the last one alone.

    Values are learned in normalised form. When the statistics change, the last layer is corrected
    so that the values do not (PopArt: van Hasselt et al., 2016; used in this way by Yu et al.,
    2022).

    Args:
        widths: number of values that all agents of a role observe together, by role in the order
            of decisions.
        hidden: sizes of hidden layers, at least one.
        activation: of hidden layers.
    """

    def __init__(self, widths: Sequence[int], hidden: Sequence[int], activation: str) -> None:
        super().__init__()
        self._widths = list(widths)
        self.shown = nn.Parameter(torch.empty(hidden[0], sum(widths)))
        self.acting = nn.Parameter(torch.zeros(len(widths), hidden[0]))
        self.rest = nn.Sequential(
            ACTIVATIONS[activation](),
            *hidden_layers(hidden, activation),
            nn.Linear(hidden[-1], 1),
        )
        initialise(self.rest, last_gain=1.0)
        nn.init.orthogonal_(self.shown, 2**0.5)
        self.moments = RunningMoments((), _MEMORY)

    def forward(self, shown: Sequence[Tensor]) -> Tensor:
        """Return normalised values (N, half-steps) of the first half-steps of a slot.

        Args:
            shown: by role in the order of decisions, (N, its width); all roles or the first few.
        """
        parts = torch.split(self.shown, self._widths, dim=1)
        told = [seen @ part.T for seen, part in zip(shown, parts, strict=False)]
        so_far = torch.stack(told, dim=1).cumsum(dim=1) + self.acting[: len(told)]
        values: Tensor = self.rest(so_far)
        return values.squeeze(-1)

    def values(self, shown: Sequence[Tensor]) -> Tensor:
        """Return values in units of reward, without gradient; `shown` as in `forward`."""
        with torch.no_grad():
            normalised: Tensor = self(shown)
            return normalised * float(self.moments.std) + float(self.moments.mean)

    def normalised(self, targets: NDArray[np.float32]) -> Tensor:
        """Update the scale by targets (T, C, roles), and return them in normalised form."""
        mean, std = float(self.moments.mean), float(self.moments.std)
        self.moments.update(targets.reshape(-1))
        new_mean, new_std = float(self.moments.mean), float(self.moments.std)
        last = cast("nn.Linear", self.rest[-1])
        with torch.no_grad():
            last.weight.mul_(std / new_std)
            last.bias.mul_(std).add_(mean - new_mean).div_(new_std)
        return torch.from_numpy((targets - np.float32(new_mean)) / np.float32(new_std))


def half_step_advantages(
    rewards: NDArray[Any],
    ends: NDArray[np.bool_],
    values: NDArray[Any],
    following: NDArray[Any],
    gamma: float,
    gae_lambda: float,
) -> NDArray[np.float32]:
    """Return the advantage of each half-step, (T, C, roles).

    This is generalised advantage estimation (Schulman et al., 2016) over half-steps. Between two
    half-steps of a slot nothing is earned or discounted, so an earlier role is judged by the value
    of the state that it leaves. The slot's reward and discount come with its last half-step.

    Args:
        rewards, ends: of T slots in C copies, (T, C).
        values: values of each half-step, (T, C, roles).
        following: values of the first half-step after the last slot, (C,).
        gamma: discount factor per slot.
        gae_lambda: weight of longer estimates, per half-step.
    """
    slots, _, roles = values.shape
    advantages = np.empty(values.shape, dtype=np.float32)
    next_values, advantage = following, np.zeros(values.shape[1])
    for slot in reversed(range(slots)):
        for role in reversed(range(roles)):
            last = role == roles - 1
            reward = rewards[slot] if last else 0.0
            discount = gamma * ~ends[slot] if last else 1.0
            delta = reward + discount * next_values - values[slot, :, role]
            advantage = delta + discount * gae_lambda * advantage
            advantages[slot, :, role] = advantage
            next_values = values[slot, :, role]
    return advantages
