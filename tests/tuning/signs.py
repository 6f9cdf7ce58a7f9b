"""A whole plugin in one file whose agent learns well with some settings and badly with others.

An episode shows eight signals; naming the sign of a signal earns 1.0. The agent descends the
gradient of the logistic loss from weights that name every sign wrongly: with a tiny learning rate
it stays at 0.0, with a large one it reaches 8.0.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from rlsys import hookimpl
from rlsys.batched import copy_seeds, final_infos
from rlsys.descriptors import AgentSpec, Case, EnvironmentSpec, SearchRange
from rlsys.errors import UserError
from rlsys.network import Dense, Network, Stack

LENGTH = 8


@hookimpl
def rlsys_environments():
    return [
        EnvironmentSpec(
            name="signs",
            summary="name the sign of a signal",
            config="signs:SignsConfig",
            vector_env="signs:Signs",
            cases="signs:cases",
            presets={"default": "signs:signs.yaml"},
            agent="descent",
        )
    ]


@hookimpl
def rlsys_agents():
    return [
        AgentSpec(
            name="descent",
            summary="logistic regression by gradient descent",
            config="signs:DescentSettings",
            factory="signs:Descent",
            actions=("discrete",),
            search=(SearchRange(key="learning_rate", low=1e-6, high=10.0, log=True),),
        ),
        AgentSpec(
            name="polish",
            summary="the same, from the network before it",
            config="signs:PolishSettings",
            factory="signs:Descent",
            actions=("discrete",),
            starts_from_network=True,
        ),
    ]


class SignsConfig(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    rooms: tuple[str, ...] = ("hall",)


def cases(config: SignsConfig) -> list[Case]:
    return [Case(name=room, config=config) for room in config.rooms]


class Signs:
    def __init__(self, config: SignsConfig, num_envs: int) -> None:
        del config
        self.num_envs = num_envs
        self.generators = [np.random.default_rng(copy) for copy in range(num_envs)]

    def reset(self, *, seed=None, options=None):
        del options
        if seed is not None:
            seeds = copy_seeds(seed, self.num_envs)
            self.generators = [np.random.default_rng(s) for s in seeds]
        self.time = 0
        return self.draw(), {}

    def step(self, actions):
        rewards = (actions == (self.signals > 0)).astype(np.float64)
        self.time += 1
        done = np.full(self.num_envs, self.time == LENGTH)
        observations = self.draw()
        infos = {}
        if done.all():
            self.time = 0
            infos = final_infos(done, {}, observations)
        return observations, rewards, done, np.zeros_like(done), infos

    def close(self) -> None:
        pass

    def draw(self):
        self.signals = np.array([g.uniform(-1, 1) for g in self.generators])
        return self.signals[:, None].astype(np.float32)


class DescentSettings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    steps: int = Field(default=40, ge=1, le=10_000)
    learning_rate: float = Field(default=1e-6, gt=0.0, le=100.0)
    batch: int = Field(default=16, ge=2, le=64)
    start: Literal["wrong", "flat"] = "wrong"
    shape: tuple[int, ...] = (1,)
    waits: bool = False
    """Whether each tenth step waits until the search has heard of it, which may stop the trial."""
    diverges_above: float = Field(default=100.0, gt=0.0)


class PolishSettings(DescentSettings):
    learning_rate: float = Field(default=0.1, gt=0.0, le=100.0)


class Descent:
    """A step is one gradient step on a new batch."""

    def __init__(self, settings) -> None:
        self.settings = settings

    def train(self, problem, session):
        del problem
        rng = np.random.default_rng(session.seed)
        weight = -1.0 if self.settings.start == "wrong" else 0.0
        if session.start is not None:
            weight = float(session.start.layers()["layers"][0].weight[1, 0])
        if self.settings.learning_rate > self.settings.diverges_above:
            raise UserError("the network diverged: lower the learning rate")
        total = self.settings.steps
        for step in range(1, total + 1):
            signal = rng.uniform(-1, 1, self.settings.batch)
            chance = 1 / (1 + np.exp(-weight * signal))
            weight += self.settings.learning_rate * np.mean(
                (np.sign(signal) / 2 + 0.5 - chance) * signal
            )
            best = linear(weight)
            session.report(step, total, {"weight": weight})
            while self.settings.waits and not step % 10 and not heard(session.directory, step):
                time.sleep(0.01)
            session.boundary(step, total, lambda: best, dict)  # noqa: B023
        return best


def heard(directory: Path, step: int) -> bool:
    """Whether the search has written what trial TRIAL reported at `step`.

    Args:
        directory: RUN/trials/TRIAL/policies/hall/seed-0/checkpoints/0-descent.
    """
    trial, run = directory.parents[4].name, directory.parents[6]
    file = run / "metrics.jsonl"
    complete = file.read_text().rpartition("\n")[0] if file.exists() else ""
    lines = map(json.loads, complete.splitlines())
    return any((line["trial"], line["step"]) == (int(trial), step) for line in lines)


def linear(weight: float) -> Network:
    return Network(Stack((Dense(np.array([[0.0], [weight]]), np.zeros(2)),)))
