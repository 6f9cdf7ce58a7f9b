"""Settings of the agents that train environments with several roles (see `rlsys.roles`).

This module imports no learning library, so a configuration is checked before one is loaded.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from rlsys.agents.settings import Count, Fraction, NonNegative, Positive, Rate, Width


class RoleSettings(BaseModel):
    """Settings that both agents share; every role is trained with the same settings."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    net_arch: tuple[Width, ...] = (32, 32)
    """Sizes of the hidden layers of each role's network."""
    encoder: Annotated[tuple[Width, ...], Field(min_length=1)] = (32,)
    """Sizes of the layers that turn each item into a code, for roles that observe items."""
    scorer: Annotated[tuple[Width, ...], Field(min_length=1)] = (32,)
    """Sizes of the hidden layers that score an item's code and the context, for roles that observe
    items."""
    critic_arch: Annotated[tuple[Width, ...], Field(min_length=1)] = (64, 64)
    """Sizes of the hidden layers of a critic, which is not part of the policy."""
    activation: Literal["relu", "tanh"] = "relu"
    """Activation of all hidden layers."""
    steps: Count = 500_000
    """Steps of the system (slots) of the training, whatever the number of roles and agents; rounded
    up to whole rollouts."""
    num_envs: Annotated[int, Field(ge=1, le=65_536)] = 64
    """Copies of the environment that are stepped together."""
    n_steps: Annotated[int, Field(ge=1, le=1_000_000)] = 16
    """Slots of each copy between two updates."""
    n_epochs: Annotated[int, Field(ge=1, le=1000)] = 5
    """Passes over the collected slots per update."""
    minibatches: Annotated[int, Field(ge=1, le=100_000)] = 4
    """Gradient steps per pass, the same for every role whatever its number of agents."""
    learning_rate: Rate = 2e-3
    """Learning rate of Adam at the start."""
    learning_rate_final: Fraction | None = 1e-4
    """Learning rate of Adam at the end, reached linearly; null: the same as at the start."""
    gamma: Fraction = 0.99
    """Discount factor per slot; use 0 if nothing carries over from slot to slot."""
    gae_lambda: Fraction = 0.95
    """Trade-off between bias and variance of the advantage estimate (GAE)."""
    clip_range: Rate = 0.2
    """Clipping range of the probability ratio."""
    ent_coef: NonNegative = 0.0
    """Weight of the entropy bonus."""
    max_grad_norm: Positive = 0.5
    """Maximum norm of the gradients; larger ones are scaled down."""
    initial_std: Annotated[float, Field(ge=1e-3, le=100, allow_inf_nan=False)] = 1.0
    """Standard deviation of continuous actions at the start, where 1 is half of the range if
    `scale_actions` is true; it is learned."""
    scale_actions: bool = True
    """Whether the policies see bounded continuous actions as [-1, 1], whatever their bounds. false:
    in the environment's units."""
    normalize_observations: bool = True
    """Whether to scale each role's observations by their running mean and variance."""

    @model_validator(mode="after")
    def _minibatches_fit(self) -> Self:
        collected = self.n_steps * self.num_envs
        if 2 * self.minibatches > collected:
            raise ValueError(
                f"minibatches must be <= n_steps * num_envs / 2 = {collected // 2} "
                f"(got {self.minibatches})"
            )
        return self


class SharedPpoSettings(RoleSettings):
    """Stable-Baselines3's PPO for each role, with parameters shared by the role's agents."""

    credit: Literal["team", "difference"] = "team"
    """What an agent learns from: the reward that all share (``team``), or what its own decision was
    worth in the slot (``difference``; needs gamma 0 and the environment's `difference_rewards`)."""

    vf_coef: NonNegative = 0.5
    """Weight of the value loss."""
    normalize_rewards: bool = True
    """Whether to scale rewards by the running standard deviation of the return during training."""

    @model_validator(mode="after")
    def _credit_is_for_single_slots(self) -> Self:
        if self.credit == "difference" and self.gamma > 0.0:
            raise ValueError(
                f"credit 'difference' needs gamma 0 (got {self.gamma}): it counts only what a "
                "decision was worth in its own slot"
            )
        return self


class MappoSettings(RoleSettings):
    """PPO with one centralised critic over all roles (Yu et al., 2022)."""
