"""Settings of `rllib-ppo`; they import no learning library."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from rlsys.agents.settings import Count, Fraction, NonNegative, Positive, Rate, Width


class RllibPpoSettings(BaseModel):
    """Proximal policy optimisation (Schulman et al., 2017) as implemented by RLlib."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    steps: Count = 200_000
    """Environment steps of the training (half-steps with roles). Iterations are always completed,
    so it may run a little longer."""
    net_arch: Annotated[tuple[Width, ...], Field(min_length=1)] = (32, 32)
    """Sizes of the hidden layers of each role's policy and value network."""
    activation: Literal["relu", "tanh"] = "relu"
    """Activation of all hidden layers."""
    learning_rate: Rate = 3e-4
    """Learning rate of Adam."""
    gamma: Fraction = 0.99
    """Discount per step; with roles, from one decision of an agent to its next."""
    gae_lambda: Fraction = 0.95
    """Trade-off between bias and variance of the advantage estimate."""
    clip_range: Rate = 0.2
    """Clipping range of the probability ratio."""
    ent_coef: NonNegative = 0.0
    """Weight of the entropy bonus."""
    vf_coef: NonNegative = 0.5
    """Weight of the value loss."""
    max_grad_norm: Positive = 0.5
    """Gradients with a larger norm are scaled down to this norm."""
    train_batch_size: Annotated[int, Field(ge=2, le=10_000_000)] = 4096
    """Environment steps collected for one iteration."""
    batch_size: Annotated[int, Field(ge=2, le=10_000_000)] = 256
    """Steps in one gradient step; with roles, steps of agents."""
    n_epochs: Annotated[int, Field(ge=1, le=1000)] = 10
    """Passes over the collected steps in one iteration."""
    scale_actions: bool = True
    """Whether the policies see bounded continuous actions as [-1, 1], whatever their bounds. false:
    in the environment's units."""
    num_envs: Annotated[int, Field(ge=1, le=65_536)] = 16
    """Copies of the environment that are stepped together, in each runner."""
    num_env_runners: Annotated[int, Field(ge=0, le=1000)] = 0
    """Processes on the Ray cluster that collect steps; 0: the training process collects them."""

    @model_validator(mode="after")
    def _batches_fit(self) -> Self:
        if self.batch_size > self.train_batch_size:
            raise ValueError(
                f"batch_size must be <= train_batch_size = {self.train_batch_size} "
                f"(got {self.batch_size})"
            )
        copies = self.num_envs * max(1, self.num_env_runners)
        if self.train_batch_size % copies:
            raise ValueError(
                "train_batch_size must be a multiple of the copies in all runners, "
                f"num_envs * num_env_runners = {copies} (got {self.train_batch_size})"
            )
        return self
