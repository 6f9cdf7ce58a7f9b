"""A complete plugin in one file for the tests, small enough that its optimum is known.

Each of six steps shows two signals; naming the sign of the first earns 1.0.  The dynamics follow
Gymnasium's vector interface without importing it, and the agent needs NumPy alone, so that a
training takes milliseconds and also runs where no extra is installed.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from rlsys import hookimpl
from rlsys.batched import copy_seeds, final_infos
from rlsys.controllers import NetworkController
from rlsys.descriptors import (
    AgentSpec,
    Case,
    ControllerSpec,
    EnvironmentSpec,
    MetricSpec,
    OracleSpec,
)
from rlsys.errors import UserError
from rlsys.network import Dense, Network, Stack
from rlsys.rollout import play
from rlsys.seeds import training_seeds

STEPS = 6


@hookimpl
def rlsys_environments():
    return [
        EnvironmentSpec(
            name="lamps",
            summary="name the sign of the first signal",
            config="lamps:LampsConfig",
            vector_env="lamps:Lamps",
            presets={"default": "lamps:lamps.yaml", "two-rooms": "lamps:two-rooms.yaml"},
            agent="hill-climbing",
            cases="lamps:cases",
            metrics=(
                MetricSpec(name="hits", summary="right answers", better="higher", curve=True),
                MetricSpec(name="answers", summary="of each kind", better="neither", vector=True),
            ),
            baselines=(
                ControllerSpec(name="always-on", summary="1", factory="lamps:AlwaysOn"),
                ControllerSpec(name="second-sign", summary="wrong", factory="lamps:SecondSign"),
            ),
            oracle=OracleSpec(summary="the sign of the first signal", factory="lamps:Oracle"),
            reference="always-on",
        )
    ]


@hookimpl
def rlsys_agents():
    return [
        AgentSpec(
            name="hill-climbing",
            summary="random search over linear policies",
            config="lamps:ClimbingSettings",
            factory="lamps:HillClimbing",
            actions=("discrete",),
            starts_from_network=True,
        )
    ]


class LampsConfig(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    rooms: list[str] = ["hall"]
    noise: float = Field(default=0.1, ge=0.0, le=1.0)
    oracle: Literal["honest", "blind", "searching", "refusing", "refusing-late"] = "honest"


def cases(config: LampsConfig) -> list[Case]:
    return [Case(name=room, config=config, summary=f"room {room}") for room in config.rooms]


class Lamps:
    def __init__(self, config: LampsConfig, num_envs: int) -> None:
        self.config = config
        self.num_envs = num_envs
        self.signals = np.zeros((num_envs, 2))
        self._generators = [np.random.default_rng(copy) for copy in range(num_envs)]
        self._time = 0
        self._answers = np.zeros((num_envs, 2))
        self._hits = np.zeros(num_envs)

    def reset(self, *, seed=None, options=None):
        del options
        if seed is not None:
            seeds = copy_seeds(seed, self.num_envs)
            self._generators = [np.random.default_rng(s) for s in seeds]
        self._begin()
        return self._observe(), {}

    def step(self, actions):
        right = actions == (self.signals[:, 0] > 0)
        self._hits += right
        self._answers[np.arange(self.num_envs), actions] += 1
        self._time += 1
        self._draw()
        done = np.full(self.num_envs, self._time == STEPS)
        infos = {}
        if done.all():
            metrics = {"hits": self._hits, "answers": self._answers}
            infos = final_infos(done, metrics, self._observe())
            self._begin()
        return self._observe(), right.astype(np.float64), done, np.zeros_like(done), infos

    def close(self) -> None:
        pass

    def _begin(self) -> None:
        self._time = 0
        self._hits[:] = 0
        self._answers[:] = 0
        self._draw()

    def _draw(self) -> None:
        self.signals = np.stack([g.uniform(-1, 1, 2) for g in self._generators])

    def _observe(self):
        return (self.signals * (1 + self.config.noise)).astype(np.float32)


class AlwaysOn:
    def __init__(self, config: LampsConfig) -> None:
        del config

    def reset(self, env) -> None:
        pass

    def act(self, env, observations):
        del observations
        return np.ones(env.num_envs, dtype=np.int64)


class SecondSign(AlwaysOn):
    def act(self, env, observations):
        del env
        return (observations[:, 1] > 0).astype(np.int64)


class Oracle:
    name = "optimum"

    def __init__(self, config: LampsConfig) -> None:
        self.config = config
        if config.oracle == "searching":
            self.name, self.tolerance = "best-found", np.inf
        if config.oracle == "refusing":
            raise UserError("the table would take 5 TiB")

    def reset(self, env) -> None:
        del env
        if self.config.oracle == "refusing-late":
            raise UserError("the table would take 5 TiB")

    def act(self, env, observations):
        del observations
        if self.config.oracle in ("blind", "searching"):
            return np.zeros(env.num_envs, dtype=np.int64)
        return (env.signals[:, 0] > 0).astype(np.int64)


class ClimbingSettings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    steps: int = Field(default=960, ge=1)
    width: float = Field(default=0.5, gt=0.0, le=10.0)
    fail_at: int | None = None


class HillClimbing:
    """Every round tries weights near the best ones on 16 new episodes: 96 environment steps."""

    def __init__(self, settings: ClimbingSettings) -> None:
        self.settings = settings

    def train(self, problem, session):
        rng = np.random.default_rng(session.seed)
        weights, score, step = np.zeros((2, 2)), -np.inf, 0
        if session.start is not None:
            weights = np.array(session.start.layers()["layers"][0].weight, dtype=np.float64)
        saved = session.resumed_state()
        if saved is not None:
            rng.bit_generator.state = saved["rng"]
            weights, score, step = saved["weights"], saved["score"], saved["step"]
        total = -(-self.settings.steps // (16 * STEPS)) * 16 * STEPS
        while step < total:
            trial = weights + self.settings.width * rng.normal(size=(2, 2))
            seeds = training_seeds(int(rng.integers(2**31)), 16)
            played = play(problem.make_env, NetworkController(linear(trial)), seeds, ["hits"])
            reward = float(played["reward"].mean())
            if reward >= score:
                weights, score = trial, reward
            step += 16 * STEPS
            if self.settings.fail_at is not None and step >= self.settings.fail_at:
                raise RuntimeError("the agent broke down")
            session.report(step, total, {"reward": reward, "hits": float(played["hits"].mean())})
            state = {"weights": weights.copy(), "score": score, "step": step}
            state["rng"] = rng.bit_generator.state
            best = linear(weights)
            session.boundary(step, total, lambda: best, lambda: state)  # noqa: B023
        return linear(weights)


def linear(weights) -> Network:
    return Network(Stack((Dense(weights, np.zeros(2)),)))
