"""Settings of the learners; imports no learning library."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from rlsys.agents.settings import DqnSettings, PpoSettings

Count = Annotated[int, Field(ge=1, le=1_000_000_000)]
_ONE = Annotated[int, Field(ge=1, le=1)]


class LivePpoSettings(PpoSettings):
    """PPO from the steps of running programs."""

    steps: Count = 1_000_000_000
    """Steps after which the training is over; until then it goes on as long as the server runs."""
    num_envs: _ONE = 1
    """Always 1: the programs are as many as they are."""
    net_arch: tuple[Annotated[int, Field(ge=1, le=4096)], ...] = (64, 64)
    """Sizes of the hidden layers of a plain stack."""
    normalize_rewards: Literal[False] = False
    """Always false: the steps of one program come with gaps."""
    n_steps: Annotated[int, Field(ge=2, le=1_000_000)] = 2048
    """Steps of all programs together between two updates; an update takes whole trajectories, so it
    may have more."""
    max_lag: Annotated[int, Field(ge=0, le=1000)] = 4
    """Steps whose version is more than this number of versions old are left out, with a counter."""
    rho_clip: Annotated[float, Field(gt=0, le=1e6)] = 1.0
    """Highest weight (rho) of a step in V-trace, where a program acted with an older version."""


class LiveDqnSettings(DqnSettings):
    """DQN from the steps of running programs."""

    steps: Count = 1_000_000_000
    """Steps after which the training is over; until then it goes on as long as the server runs."""
    num_envs: _ONE = 1
    """Always 1: the programs are as many as they are."""
    net_arch: tuple[Annotated[int, Field(ge=1, le=4096)], ...] = (64, 64)
    """Sizes of the hidden layers of a plain stack."""
    normalize_observations: Literal[False] = False
    """Always false for DQN."""
    normalize_rewards: Literal[False] = False
    """Always false: the steps of one program come with gaps."""
    exploration_steps: Count = 20_000
    """Steps over which the probability of random actions decreases."""
    publish_every: Count = 500
    """Steps between two versions that are sent out."""
