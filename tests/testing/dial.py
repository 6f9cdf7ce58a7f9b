"""A complete plugin in one file that keeps the contract; the faulty ones are variants of it.

A dial with five levels follows a target that jumps: down, stay or up. Episodes of the copies end at
different times, masks forbid the ends, and everything is a function of seed and episode.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from gymnasium.spaces import Box, Discrete
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from pydantic import BaseModel, ConfigDict, Field

from rlsys import hookimpl
from rlsys.controllers import NetworkController
from rlsys.descriptors import (
    AgentSpec,
    ControllerSpec,
    EnvironmentSpec,
    ExporterSpec,
    MetricSpec,
    OracleSpec,
    SearchRange,
)
from rlsys.exporters.context import ExportReport
from rlsys.network import Dense, Network, Stack
from rlsys.rollout import play
from rlsys.seeds import training_seeds

LEVELS = 5
LONGEST = 6

ENVIRONMENT = EnvironmentSpec(
    name="dial",
    summary="follow a target",
    config="dial:DialConfig",
    vector_env="dial:Dial",
    agent="climber",
    metrics=(MetricSpec(name="moves", summary="levels moved", better="lower"),),
    baselines=(ControllerSpec(name="follow", summary="towards it", factory="dial:Follow"),),
    oracle=OracleSpec(summary="exact", factory="dial:Optimum"),
)
AGENT = AgentSpec(
    name="climber",
    summary="random search",
    config="dial:ClimberSettings",
    factory="dial:Climber",
    actions=("discrete",),
    uses_masks=True,
    starts_from_network=True,
    search=(SearchRange(key="width", low=0.1, high=1.0),),
)
EXPORTER = ExporterSpec(
    name="text", summary="weights as text", config="dial:TextSettings", factory="dial:export"
)


@hookimpl
def rlsys_environments():
    return [ENVIRONMENT]


@hookimpl
def rlsys_agents():
    return [AGENT]


@hookimpl
def rlsys_exporters():
    return [EXPORTER]


class DialConfig(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    cost: float = Field(default=0.125, ge=0.0)
    """Of moving by a level."""


class Dial(VectorEnv):
    metadata = {"autoreset_mode": AutoresetMode.SAME_STEP}  # noqa: RUF012
    state = ("seeds", "episodes", "time", "length", "level", "targets", "moves")

    def __init__(self, config: Any, num_envs: int) -> None:
        self.config = config
        self.num_envs = num_envs
        self.single_observation_space = Box(0.0, 1.0, (2,), np.float32)
        self.single_action_space = Discrete(3)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self.seeds = np.arange(num_envs)
        self.episodes = np.zeros(num_envs, int)
        self.time, self.length = np.zeros(num_envs, int), np.zeros(num_envs, int)
        self.level, self.moves = np.zeros(num_envs, int), np.zeros(num_envs, int)
        self.targets = np.zeros((num_envs, LONGEST + 1), int)

    def reset(self, *, seed=None, options=None):
        del options
        if seed is not None:
            self.seeds = self.seeds_of(seed)
            self.episodes[:] = 0
        self.begin(np.arange(self.num_envs))
        return self.observe(), {}

    def seeds_of(self, seed):
        return np.array(seed) if np.ndim(seed) else seed + np.arange(self.num_envs)

    def step(self, actions):
        moved = np.clip(self.level + actions - 1, 0, LEVELS - 1) - self.level
        self.level = self.level + moved
        self.moves = self.moves + np.abs(moved)
        off = np.abs(self.level - self.target())
        rewards = -off - self.config.cost * np.abs(moved)
        self.time = self.time + 1
        done = self.time >= self.length
        infos = {}
        if done.any():
            infos = {
                "final_obs": self.observe(),
                "_final_obs": done.copy(),
                "final_info": {**self.metrics(), "_moves": done.copy()},
                "_final_info": done.copy(),
            }
            self.begin(np.flatnonzero(done))
        return self.observe(), rewards, done, np.zeros(self.num_envs, bool), infos

    def metrics(self):
        return {"moves": self.moves.copy()}

    def target(self):
        return self.targets[np.arange(self.num_envs), self.time]

    def begin(self, copies):
        for copy in copies:
            rng = np.random.default_rng([self.seeds[copy], self.episodes[copy]])
            self.targets[copy] = rng.integers(LEVELS, size=LONGEST + 1)
            self.length[copy] = rng.integers(3, LONGEST + 1)
            self.level[copy] = rng.integers(LEVELS)
            self.time[copy] = self.moves[copy] = 0
            self.episodes[copy] += 1

    def observe(self):
        return (np.stack([self.level, self.target()], axis=1) / (LEVELS - 1)).astype(np.float32)

    def action_masks(self):
        masks = np.ones((self.num_envs, 3), bool)
        masks[:, 0], masks[:, 2] = self.level > 0, self.level < LEVELS - 1
        return masks

    def get_state(self):
        return {name: getattr(self, name).copy() for name in self.state}

    def set_state(self, state):
        for name in self.state:
            setattr(self, name, np.array(state[name]))


class Follow:
    def __init__(self, config):
        del config

    def reset(self, env):
        """Nothing to begin."""

    def act(self, env, observations):
        del env
        return 1 + np.sign(observations[:, 1] - observations[:, 0]).astype(int)


class Optimum:
    """Backwards over the targets, which it knows in advance."""

    name = "optimum"

    def __init__(self, config):
        self.config = config

    def reset(self, env):
        """Nothing to begin."""

    def act(self, env, observations):
        del observations
        return np.array([self._values(env, copy).argmax() for copy in range(env.num_envs)])

    def action_values(self, env):
        values = np.array([self._values(env, copy) for copy in range(env.num_envs)])
        values[~env.action_masks()] = -np.inf
        return values

    def _values(self, env, copy):
        later = np.zeros(LEVELS)
        for time in reversed(range(env.time[copy], env.length[copy])):
            after = np.clip(np.arange(LEVELS)[:, None] + [-1, 0, 1], 0, LEVELS - 1)
            cost = self.config.cost * np.abs(after - np.arange(LEVELS)[:, None])
            now = -np.abs(after - env.targets[copy, time]) - cost + later[after]
            later = now.max(axis=1)
        return now[env.level[copy]]


class ClimberSettings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    rounds: int = 4
    width: float = 0.5


class Climber:
    """Every round tries a network near the best one on four new episodes."""

    def __init__(self, settings):
        self.settings = settings

    def begin(self, session):
        saved = session.resumed_state()
        self.rng = self.generator(session.seed)
        self.best, self.score, self.round = np.zeros((3, 2)), -np.inf, 0
        self.bias = np.zeros(3)
        if session.start is not None:
            self.take_over(session.start)
        if saved is not None:
            self.restore(saved)

    def take_over(self, start):
        (layer,) = start.layers()["layers"]
        self.best, self.bias = layer.weight.astype(float), layer.bias.astype(float)

    def generator(self, seed):
        return np.random.default_rng(seed)

    def restore(self, saved):
        self.rng.bit_generator.state = saved["rng"]
        self.best, self.score, self.round = saved["best"], saved["score"], saved["round"]

    def state(self):
        state = {"best": self.best.copy(), "score": self.score, "round": self.round}
        return {**state, "rng": self.rng.bit_generator.state}

    def train(self, problem, session):
        self.begin(session)
        while self.round < self.settings.rounds:
            trial = self.best + self.settings.width * self.rng.normal(size=(3, 2))
            seeds = training_seeds(int(self.rng.integers(2**31)), 4)
            reward = play(problem.make_env, self.player(trial), seeds)["reward"].mean()
            if reward > self.score:
                self.best, self.score = trial, float(reward)
            self.round += 1
            self.tell(session, reward)
            self.stop_here(session)
        return self.policy()

    def tell(self, session, reward):
        session.report(self.round, self.settings.rounds, {"reward": float(reward)})

    def stop_here(self, session):
        session.boundary(self.round, self.settings.rounds, self.policy, self.state)

    def player(self, weights):
        return NetworkController(self.network(weights))

    def policy(self):
        return self.network(self.best)

    def network(self, weights):
        return Network(Stack((Dense(weights, self.bias),)), masked=True)


class TextSettings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = "network.json"


def export(network, directory, context, settings):
    del context
    header, arrays = network.parts()
    document = {"header": header, "arrays": {n: a.tolist() for n, a in sorted(arrays.items())}}
    path = directory / settings.name
    path.write_text(json.dumps(document))
    check = {"name": "written", "holds": True, "figures": {"bytes": path.stat().st_size}}
    return ExportReport([path], [check])


def read(directory):
    """Return the network of an export."""
    document = json.loads((directory / "network.json").read_text())
    arrays = {name: np.float32(values) for name, values in document["arrays"].items()}
    return Network.of_parts(document["header"], arrays, "network.json")
