"""Settings of the built-in agents, for presets, files and ``--set agents...``.

This module imports no learning library, so a configuration is checked before one is loaded.
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
    """The policy's network; the observation determines its shape."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    net_arch: tuple[Width, ...] = (32, 32)
    """Sizes of the hidden layers of a plain stack (one-dimensional observations)."""
    encoder: Annotated[tuple[Width, ...], Field(min_length=1)] = (32, 32)
    """Sizes of the layers that turn each item into a code (observations of items)."""
    scorer: Annotated[tuple[Width, ...], Field(min_length=1)] = (32,)
    """Sizes of the hidden layers from code and context to an item's logit (observations of
    items)."""
    activation: Literal["relu", "tanh"] = "relu"
    """Activation of all hidden layers; relu is almost free on a microcontroller."""


class Sb3Settings(NetworkSettings):
    """Settings that all Stable-Baselines3 agents share."""

    steps: Count = 500_000
    """Environment steps of the training, rounded up to whole rollouts."""
    num_envs: Annotated[int, Field(ge=1, le=65_536)] = 1
    """Copies of the environment that are stepped together."""
    learning_rate: Rate = 3e-4
    """Learning rate of Adam at the start."""
    learning_rate_final: Fraction | None = None
    """Learning rate of Adam at the end, reached linearly; null: the same as at the start."""
    gamma: Fraction = 0.99
    """Discount factor per step."""
    normalize_observations: bool = False
    """Whether to scale observations by their running mean and variance."""
    normalize_rewards: bool = False
    """Whether to scale rewards by the running standard deviation of the return during training."""


class OnPolicySettings(Sb3Settings):
    """Settings that PPO with and without masks share."""

    n_steps: Annotated[int, Field(ge=1, le=1_000_000)] = 2048
    """Steps of each copy between two updates."""
    batch_size: Annotated[int, Field(ge=2, le=10_000_000)] = 64
    """Number of steps in one minibatch."""
    n_epochs: Annotated[int, Field(ge=1, le=1000)] = 10
    """Passes over the collected steps per update."""
    gae_lambda: Fraction = 0.95
    """Trade-off between bias and variance of the advantage estimate (GAE)."""
    clip_range: Rate = 0.2
    """Clipping range of the probability ratio."""
    ent_coef: NonNegative = 0.0
    """Weight of the entropy bonus."""
    vf_coef: NonNegative = 0.5
    """Weight of the value loss."""
    max_grad_norm: Positive = 0.5
    """Maximum norm of the gradients; larger ones are scaled down."""
    target_kl: Positive | None = None
    """An update stops early if the KL divergence exceeds 1.5 times this; null: never."""

    @model_validator(mode="after")
    def _batch_fits(self) -> Self:
        collected = self.n_steps * self.num_envs
        if self.batch_size > collected:
            raise ValueError(
                f"batch_size must be <= n_steps * num_envs = {collected} (got {self.batch_size})"
            )
        return self


class PpoSettings(OnPolicySettings):
    """Proximal policy optimisation (Schulman et al., 2017)."""

    scale_actions: bool = True
    """Whether the policy sees bounded continuous actions as [-1, 1], whatever their bounds. false:
    in the environment's units."""


class MaskablePpoSettings(OnPolicySettings):
    """PPO with action masks (Huang and Ontanon, 2022), many copies and large batches."""

    num_envs: Annotated[int, Field(ge=1, le=65_536)] = 64
    """Copies of the environment that are stepped together."""
    n_steps: Annotated[int, Field(ge=1, le=1_000_000)] = 128
    """Steps of each copy between two updates."""
    batch_size: Annotated[int, Field(ge=2, le=10_000_000)] = 1024
    """Number of steps in one minibatch."""
    learning_rate: Rate = 2e-3
    """Learning rate of Adam at the start."""
    learning_rate_final: Fraction | None = 1e-4
    """Learning rate of Adam at the end, reached linearly; null: the same as at the start."""
    ent_coef: NonNegative = 0.03
    """Weight of the entropy bonus."""


class OffPolicySettings(Sb3Settings):
    """Settings that the agents with a replay buffer share."""

    buffer_size: Annotated[int, Field(ge=1, le=100_000_000)] = 100_000
    """Maximum number of transitions in the replay buffer."""
    learning_starts: Annotated[int, Field(ge=0, le=1_000_000_000)] = 1000
    """Random environment steps before learning starts."""
    batch_size: Annotated[int, Field(ge=1, le=1_000_000)] = 256
    """Number of transitions in one minibatch."""
    train_freq: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    """Steps of each copy between two updates."""
    gradient_steps: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    """Gradient steps per update."""

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
    """Share of the training over which the probability of random actions decreases."""
    exploration_initial: Fraction = 1.0
    """Probability of a random action at the start."""
    exploration_final: Fraction = 0.05
    """Probability of a random action after that share of the training."""
    max_grad_norm: Positive = 10.0
    """Maximum norm of the gradients; larger ones are scaled down."""


class SacSettings(OffPolicySettings):
    """Soft actor-critic (Haarnoja et al., 2018)."""

    tau: Rate = 0.005
    """Soft update coefficient of the target networks."""
    ent_coef: Positive | Literal["auto"] = "auto"
    """Weight of the entropy; ``auto``: it is learned."""


class SelfLabellingSettings(NetworkSettings):
    """Sample, keep the best, imitate (after Corsini et al., 2024)."""

    rounds: Annotated[int, Field(ge=1, le=1_000_000)] = 40
    """Number of rounds; each samples episodes and imitates the best ones."""
    learn_from: Literal["best", "comparison"] = "best"
    """``best``: imitate the best episodes. ``comparison``: make every episode more likely that is
    better than the mean of its instance and the others less likely, in proportion; needs
    temperatures [1.0] and persistence 0, and keeps nothing."""
    episodes: Annotated[int, Field(ge=2, le=1_000_000)] = 2048
    """Episodes sampled per round."""
    keep: Annotated[int, Field(ge=1, le=100_000)] = 128
    """Number of best distinct episodes imitated per round, divided among its instances."""
    instances: Annotated[int, Field(ge=0, le=100_000)] | None = None
    """0: every episode is the same instance, whatever the seed, and the best episodes of all rounds
    are kept. Otherwise each round draws this many instances (seeds), divides its episodes among
    them and keeps the best of each. null: 0 if different seeds give the same episode, else 32."""
    restarts: Fraction = 0.8
    """Share of the episodes that repeat a kept episode up to a random step and then continue by
    sampling. It applies if every episode is the same instance (the idea of Go-Explore: Ecoffet et
    al., 2021)."""
    temperatures: Annotated[tuple[Positive, ...], Field(min_length=1)] = (1.0, 2.0)
    """Sampling temperatures, which divide the logits; episodes use them in turn. Higher ones
    explore more."""
    persistence: Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)] = 0.8
    """Probability that the sampling noise is kept from one step to the next, so that an episode
    deviates from the policy over several steps in a row."""
    epochs: Annotated[int, Field(ge=1, le=10_000)] = 5
    """Passes over the kept episodes per round."""
    batch_size: Annotated[int, Field(ge=1, le=10_000_000)] = 1024
    """Number of steps in one minibatch."""
    learning_rate: Rate = 2e-3
    """Learning rate of Adam at the start."""
    learning_rate_final: Fraction | None = None
    """Learning rate of Adam in the last round, reached linearly; null: the same as at the start."""
    max_grad_norm: Positive = 1.0
    """Maximum norm of the gradients; larger ones are scaled down."""
    clip_range: Rate = 0.2
    """Clipping range of the probability ratio; only of ``comparison``."""
    ent_coef: NonNegative = 0.0
    """Weight of the entropy bonus; only of ``comparison``."""

    @model_validator(mode="after")
    def _samples_the_policy(self) -> Self:
        if self.learn_from == "comparison":
            if self.temperatures != (1.0,) or self.persistence:
                raise ValueError(
                    "learn_from: comparison judges the policy by episodes drawn from it as it is; "
                    "set temperatures to [1.0] and persistence to 0"
                )
            if self.episodes < 2 * (self.instances or 1):
                raise ValueError(
                    "learn_from: comparison needs two episodes of each instance; set episodes to "
                    f"at least {2 * (self.instances or 1)}"
                )
        return self

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
    """Number of rounds; each plays episodes, labels their states and learns from them."""
    instances: Annotated[int, Field(ge=1, le=100_000)] = 32
    """Different instances (seeds) per round; the oracle solves each once."""
    rollouts: Annotated[int, Field(ge=1, le=10_000)] = 4
    """Episodes played on each instance of a round."""
    oracle_share: Fraction = 1.0
    """Probability that the oracle acts instead of the policy in the first round."""
    oracle_decay: Fraction = 0.5
    """Factor by which that probability changes from round to round."""
    temperature: NonNegative = 1.0
    """Sampling temperature of the policy, which divides its logits; 0: it acts greedily."""
    capacity: Annotated[int, Field(ge=1, le=100_000_000)] = 200_000
    """Number of labelled states to keep; the newest are kept."""
    updates: Annotated[int, Field(ge=1, le=1_000_000)] = 300
    """Gradient steps per round."""
    batch_size: Annotated[int, Field(ge=1, le=10_000_000)] = 1024
    """Number of states in one minibatch."""
    learning_rate: Rate = 2e-3
    """Learning rate of Adam at the start."""
    learning_rate_final: Fraction = 1e-4
    """Learning rate of Adam in the last round, reached linearly."""
    regret_weight: NonNegative = 1.0
    """Weight of the expected regret: the loss of return by the policy's next action, compared with
    the best action."""
    cross_entropy_weight: NonNegative = 0.1
    """Weight of the negative log of the total probability of all best actions."""
    max_grad_norm: Positive = 1.0
    """Maximum norm of the gradients; larger ones are scaled down."""

    @model_validator(mode="after")
    def _some_loss(self) -> Self:
        if not self.regret_weight + self.cross_entropy_weight:
            raise ValueError("regret_weight and cross_entropy_weight must not both be 0")
        return self
