"""Settings of `rllib-ppo`; they import no learning library."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from rlsys.agents.settings import Count, Fraction, NonNegative, Positive, Rate, Width


class RllibPpoSettings(BaseModel):
    """Proximal policy optimisation (Schulman et al., 2017) as RLlib does it."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    steps: Count = 200_000
    """Environment steps of the training (half-steps where there are roles); whole iterations are
    done, so it may be a little more."""
    net_arch: Annotated[tuple[Width, ...], Field(min_length=1)] = (32, 32)
    """Hidden layers of the policy, and of the value network, of each role."""
    activation: Literal["relu", "tanh"] = "relu"
    """Of all hidden layers."""
    learning_rate: Rate = 3e-4
    """Of Adam."""
    gamma: Fraction = 0.99
    """Discount a step; with roles, from one decision of an agent to its next."""
    gae_lambda: Fraction = 0.95
    """Bias against variance of the advantage estimate."""
    clip_range: Rate = 0.2
    """Clipping of the probability ratio."""
    ent_coef: NonNegative = 0.0
    """Weight of the entropy bonus."""
    vf_coef: NonNegative = 0.5
    """Weight of the value loss."""
    max_grad_norm: Positive = 0.5
    """Gradients are scaled down to this norm."""
    train_batch_size: Annotated[int, Field(ge=2, le=10_000_000)] = 4096
    """Environment steps collected for one iteration."""
    batch_size: Annotated[int, Field(ge=2, le=10_000_000)] = 256
    """Steps in one gradient step; with roles, steps of agents."""
    n_epochs: Annotated[int, Field(ge=1, le=1000)] = 10
    """Passes over the collected steps in one iteration."""
    num_envs: Annotated[int, Field(ge=1, le=65_536)] = 16
    """Copies of the environment that are stepped together, in each runner."""
    num_env_runners: Annotated[int, Field(ge=0, le=1000)] = 0
    """Processes on the Ray cluster that collect steps; 0: the training process does it itself."""

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
