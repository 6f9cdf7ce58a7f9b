"""Settings of the built-in agents: what a preset, a file or ``--set agent...`` may say.

They import no learning library, so that a configuration is checked before one is loaded.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Width = Annotated[int, Field(ge=1, le=4096)]
Count = Annotated[int, Field(ge=1, le=1_000_000_000)]
Positive = Annotated[float, Field(gt=0, le=1e6, allow_inf_nan=False)]
NonNegative = Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)]
Rate = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]
Fraction = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class NetworkSettings(BaseModel):
    """The policy's network; which shape it has follows from the observation."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    net_arch: tuple[Width, ...] = (32, 32)
    """Hidden layers of a plain stack (one-dimensional observations)."""
    encoder: Annotated[tuple[Width, ...], Field(min_length=1)] = (32, 32)
    """Layers that turn each item into a code (observations of items)."""
    scorer: Annotated[tuple[Width, ...], Field(min_length=1)] = (32,)
    """Hidden layers from code and context to an item's logit (observations of items)."""
    activation: Literal["relu", "tanh"] = "relu"
    """Of all hidden layers; relu costs next to nothing on a microcontroller."""


class Sb3Settings(NetworkSettings):
    """What all Stable-Baselines3 agents share."""

    steps: Count = 500_000
    """Environment steps of the training; whole rollouts are done, so it may be a little more."""
    num_envs: Annotated[int, Field(ge=1, le=65_536)] = 1
    """Copies of the environment that are stepped together."""
    learning_rate: Rate = 3e-4
    """Of Adam, at the start."""
    learning_rate_final: Fraction | None = None
    """Of Adam, at the end, reached linearly; null: as at the start."""
    gamma: Fraction = 0.99
    """Discount a step."""
    normalize_observations: bool = False
    """Whether observations are scaled by their running mean and variance."""
    normalize_rewards: bool = False
    """Whether rewards are scaled by the running deviation of the return while training."""


class PpoSettings(Sb3Settings):
    """Proximal policy optimisation (Schulman et al., 2017)."""

    n_steps: Annotated[int, Field(ge=1, le=1_000_000)] = 2048
    """Steps of each copy between two updates."""
    batch_size: Annotated[int, Field(ge=2, le=10_000_000)] = 64
    """Steps in one gradient step."""
    n_epochs: Annotated[int, Field(ge=1, le=1000)] = 10
    """Passes over the collected steps in one update."""
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
    target_kl: Positive | None = None
    """An update stops early beyond 1.5 times this divergence; null: never."""

    @model_validator(mode="after")
    def _batch_fits(self) -> Self:
        collected = self.n_steps * self.num_envs
        if self.batch_size > collected:
            raise ValueError(
                f"batch_size must be <= n_steps * num_envs = {collected} (got {self.batch_size})"
            )
        return self


class MaskablePpoSettings(PpoSettings):
    """PPO under action masks (Huang and Ontanon, 2022), many copies and large batches."""

    num_envs: Annotated[int, Field(ge=1, le=65_536)] = 64
    """Copies of the environment that are stepped together."""
    n_steps: Annotated[int, Field(ge=1, le=1_000_000)] = 128
    """Steps of each copy between two updates."""
    batch_size: Annotated[int, Field(ge=2, le=10_000_000)] = 1024
    """Steps in one gradient step."""
    learning_rate: Rate = 2e-3
    """Of Adam, at the start."""
    learning_rate_final: Fraction | None = 1e-4
    """Of Adam, at the end, reached linearly; null: as at the start."""
    ent_coef: NonNegative = 0.03
    """Weight of the entropy bonus."""


class OffPolicySettings(Sb3Settings):
    """What the agents with a replay buffer share."""

    buffer_size: Annotated[int, Field(ge=1, le=100_000_000)] = 100_000
    """Transitions kept."""
    learning_starts: Annotated[int, Field(ge=0, le=1_000_000_000)] = 1000
    """Random environment steps before learning."""
    batch_size: Annotated[int, Field(ge=1, le=1_000_000)] = 256
    """Transitions in one gradient step."""
    train_freq: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    """Steps of each copy between two updates."""
    gradient_steps: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    """Gradient steps in one update."""

    @model_validator(mode="after")
    def _buffer_fits(self) -> Self:
        if self.buffer_size < self.num_envs:
            raise ValueError(
                f"buffer_size must be >= num_envs = {self.num_envs} (got {self.buffer_size})"
            )
        return self


class DqnSettings(OffPolicySettings):
    """Deep Q-network (Mnih et al., 2015)."""

    train_freq: Annotated[int, Field(ge=1, le=1_000_000)] = 4
    """Steps of each copy between two updates."""
    target_update_interval: Count = 1000
    """Environment steps between two updates of the target network."""
    exploration_fraction: Rate = 0.2
    """Part of the training over which random actions become rarer."""
    exploration_initial: Fraction = 1.0
    """Probability of a random action at the start."""
    exploration_final: Fraction = 0.05
    """Probability of a random action after that part."""
    max_grad_norm: Positive = 10.0
    """Gradients are scaled down to this norm."""


class SacSettings(OffPolicySettings):
    """Soft actor-critic (Haarnoja et al., 2018)."""

    tau: Rate = 0.005
    """How fast the target networks follow."""
    ent_coef: Positive | Literal["auto"] = "auto"
    """Weight of the entropy, or ``auto``: learned."""


class SelfLabellingSettings(NetworkSettings):
    """Sample, keep the best, imitate (after Corsini et al., 2024)."""

    rounds: Annotated[int, Field(ge=1, le=1_000_000)] = 40
    """Times that episodes are sampled and imitated."""
    episodes: Annotated[int, Field(ge=2, le=1_000_000)] = 2048
    """Episodes sampled in a round."""
    keep: Annotated[int, Field(ge=1, le=100_000)] = 128
    """Best distinct episodes imitated in a round; shared out among its instances."""
    instances: Annotated[int, Field(ge=0, le=100_000)] | None = None
    """0: every episode is the same instance, whatever the seed, and the best ever seen are kept.
    Otherwise each round draws so many instances (seeds), shares its episodes out among them and
    keeps the best of each. null: 0 where different seeds give the same episode, else 32."""
    restarts: Fraction = 0.8
    """Share of the episodes that repeat a kept episode up to a random step and go on by sampling,
    where every episode is the same instance (the idea of Go-Explore: Ecoffet et al., 2021)."""
    temperatures: Annotated[tuple[Positive, ...], Field(min_length=1)] = (1.0, 2.0)
    """Divide the logits when sampling, an episode each in turn; a higher one tries more."""
    persistence: Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)] = 0.8
    """Probability that the noise of sampling is kept from a step to the next: departures from the
    policy come in stretches."""
    epochs: Annotated[int, Field(ge=1, le=10_000)] = 5
    """Passes over the kept episodes in a round."""
    batch_size: Annotated[int, Field(ge=1, le=10_000_000)] = 1024
    """Steps in one gradient step."""
    learning_rate: Rate = 2e-3
    """Of Adam."""
    max_grad_norm: Positive = 1.0
    """Gradients are scaled down to this norm."""

    @model_validator(mode="after")
    def _enough_episodes(self) -> Self:
        for name in ("keep", "instances"):
            if (getattr(self, name) or 0) > self.episodes:
                raise ValueError(
                    f"{name} must be <= episodes = {self.episodes} (got {getattr(self, name)})"
                )
        return self


class ImitationSettings(NetworkSettings):
    """Learning from an oracle in the learner's own states (after DAgger: Ross et al., 2011)."""

    rounds: Annotated[int, Field(ge=1, le=1_000_000)] = 30
    """Times that episodes are rolled out, labelled and learned from."""
    instances: Annotated[int, Field(ge=1, le=100_000)] = 32
    """Different instances (seeds) of a round; the oracle solves each once."""
    rollouts: Annotated[int, Field(ge=1, le=10_000)] = 4
    """Episodes played on each instance of a round."""
    oracle_share: Fraction = 1.0
    """Probability, in the first round, that the oracle acts instead of the policy."""
    oracle_decay: Fraction = 0.5
    """Factor on that probability from round to round."""
    temperature: NonNegative = 1.0
    """Divides the policy's logits when it acts; 0: it acts greedily."""
    capacity: Annotated[int, Field(ge=1, le=100_000_000)] = 200_000
    """Labelled states kept, the newest."""
    updates: Annotated[int, Field(ge=1, le=1_000_000)] = 300
    """Gradient steps in a round."""
    batch_size: Annotated[int, Field(ge=1, le=10_000_000)] = 1024
    """States in one gradient step."""
    learning_rate: Rate = 2e-3
    """Of Adam, at the start."""
    learning_rate_final: Fraction = 1e-4
    """Of Adam, in the last round, reached linearly."""
    regret_weight: NonNegative = 1.0
    """Weight of the expected regret: what the policy's next action loses against the best."""
    cross_entropy_weight: NonNegative = 0.1
    """Weight of the negative log-probability of the best actions together."""
    max_grad_norm: Positive = 1.0
    """Gradients are scaled down to this norm."""

    @model_validator(mode="after")
    def _some_loss(self) -> Self:
        if not self.regret_weight + self.cross_entropy_weight:
            raise ValueError("regret_weight and cross_entropy_weight must not both be 0")
        return self
