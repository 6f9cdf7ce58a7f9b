# ruff: noqa: ARG001, ARG002 - the faulty parts have the signatures of the sound ones
"""The plugin of `dial`, over and over, each time with one fault: what the checks must catch."""

from __future__ import annotations

import dataclasses
import sys
import threading
import time
import types
from pathlib import Path
from typing import Any

import dial
import gymnasium
import numpy as np
from dial import AGENT, ENVIRONMENT, EXPORTER, Climber, Dial, DialConfig, Follow, Optimum
from pydantic import BaseModel, ConfigDict, PrivateAttr, field_serializer

from rlsys import hookimpl
from rlsys.descriptors import ControllerSpec, FigureSpec, OracleSpec, SearchRange
from rlsys.errors import Interrupted, UserError
from rlsys.exporters.context import ExportReport
from rlsys.network import Decoding, Dense, Network, Stack

ENVIRONMENTS: dict[str, dict[str, Any]] = {}
AGENTS: dict[str, dict[str, Any]] = {}
EXPORTERS: dict[str, dict[str, Any]] = {}


def environment(thing):
    """Describe an environment in which `thing` is the faulty part."""
    for base, key in ((Dial, "vector_env"), (BaseModel, "config")):
        if issubclass(thing, base):
            ENVIRONMENTS[thing.__name__] = {key: f"faulty:{thing.__name__}"}
    return thing


def agent(thing):
    AGENTS[thing.__name__] = {"factory": f"faulty:{thing.__name__}"}
    return thing


def exporter(thing):
    EXPORTERS[thing.__name__] = {"factory": f"faulty:{thing.__name__}"}
    return thing


def kebab(name: str) -> str:
    return (
        "".join(f"-{c.lower()}" if c.isupper() else c for c in name).lstrip("-").replace("_", "-")
    )


# --- environments


@environment
class RandomRewards(Dial):
    unseeded = np.random.default_rng()

    def step(self, actions):
        observations, rewards, *rest = super().step(actions)
        return observations, rewards - self.unseeded.random(self.num_envs), *rest


@environment
class RemembersEpisodes(Dial):
    def reset(self, *, seed=None, options=None):
        if seed is not None:
            self.seeds = self.seeds_of(seed)
        self.begin(np.arange(self.num_envs))  # with the number of the episodes played before
        return self.observe(), {}


@environment
class IgnoresSeeds(Dial):
    def seeds_of(self, seed):
        return np.zeros(self.num_envs, int)


@environment
class CopiesLeak(Dial):
    def observe(self):
        seen = super().observe()
        seen[:, 0] = seen[:, 0].mean()
        return seen


@environment
class IntSeedsDiffer(Dial):
    def seeds_of(self, seed):
        return np.array(seed) if np.ndim(seed) else 1000 * seed + np.arange(self.num_envs)


@environment
class OutsideItsSpace(Dial):
    def observe(self):
        return super().observe() * np.float32(1.25)


@environment
class DoublePrecision(Dial):
    def observe(self):
        return super().observe().astype(np.float64)


@environment
class FlatSpace(Dial):
    def __init__(self, config, num_envs):
        super().__init__(config, num_envs)
        self.observation_space = self.single_observation_space


@environment
class NanReward(Dial):
    def step(self, actions):
        observations, rewards, *rest = super().step(actions)
        return observations, np.where(self.level == 4, np.nan, rewards), *rest


@environment
class NanMetric(Dial):
    def metrics(self):
        return {"moves": np.where(self.moves > 2, np.nan, self.moves)}


@environment
class ShutMask(Dial):
    def action_masks(self):
        return super().action_masks() & (self.level != 2)[:, None]


@environment
class NeverEnds(Dial):
    def begin(self, copies):
        super().begin(copies)
        self.length[:] = 10**9

    def target(self):
        return self.targets[np.arange(self.num_envs), self.time % LONG]


LONG = dial.LONGEST + 1


@environment
class NoFinalInfo(Dial):
    def step(self, actions):
        *rest, infos = super().step(actions)
        return *rest, {name: value for name, value in infos.items() if "final_info" not in name}


@environment
class NextStepReset(Dial):
    metadata = {"autoreset_mode": "NextStep"}  # noqa: RUF012


@environment
class UndeclaredMetric(Dial):
    def metrics(self):
        return {**super().metrics(), "length": self.time.copy()}


@environment
class LacksMetric(Dial):
    def metrics(self):
        return {}


@environment
class ReturnsItsBuffer(Dial):
    def observe(self):
        if not hasattr(self, "buffer"):
            self.buffer = np.zeros((self.num_envs, 2), np.float32)
        self.buffer[:] = super().observe()
        return self.buffer


@environment
class ChangesActions(Dial):
    def step(self, actions):
        result = super().step(actions)
        actions -= 1
        return result


@environment
class KeepsActions(Dial):
    state = (*Dial.state, "last")

    def __init__(self, config, num_envs):
        super().__init__(config, num_envs)
        self.last = np.ones(num_envs, int)

    def reset(self, *, seed=None, options=None):
        self.last = np.ones(self.num_envs, int)
        return super().reset(seed=seed)

    def step(self, actions):
        self.moves = self.moves + (self.last == 2)
        self.last = actions
        return super().step(actions)


@environment
class NarrowerThanItSays(Dial):
    """Fails where a copy never went down in an episode of full length."""

    state = (*Dial.state, "downs")

    def __init__(self, config, num_envs):
        super().__init__(config, num_envs)
        self.downs = np.zeros(num_envs, int)

    def step(self, actions):
        self.downs = np.where(self.time == 0, 0, self.downs) + (actions == 0)
        if ((self.downs == 0) & (self.time == dial.LONGEST - 1)).any():
            raise ZeroDivisionError("as many ups as downs")
        return super().step(actions)

    def begin(self, copies):
        super().begin(copies)
        self.targets[copies] = [4, 0, 4, 0, 4, 0, 4]  # whoever follows goes down


@environment
class ForgetsTime(Dial):
    state = tuple(name for name in Dial.state if name != "time")


@environment
class LiveState(Dial):
    def step(self, actions):
        before = self.moves
        result = super().step(actions)
        before[:] = self.moves
        self.moves = before
        return result

    def get_state(self):
        return {name: getattr(self, name) for name in self.state}


@environment
class HalfState(Dial):
    def __getattribute__(self, name):
        if name == "set_state":
            raise AttributeError(name)
        return super().__getattribute__(name)


@environment
class WritesLog(Dial):
    def __init__(self, config, num_envs):
        super().__init__(config, num_envs)
        Path("dial.log").write_text("begun")


def single_env(config, num_envs):
    return gymnasium.make("CartPole-v1")


ENVIRONMENTS["SingleEnv"] = {"vector_env": "faulty:single_env"}


class Undecided(Follow):
    """A baseline that draws from a generator nobody seeded."""

    rng = np.random.default_rng()

    def act(self, env, observations):
        return self.rng.integers(3, size=env.num_envs)


class Fractional(Follow):
    def act(self, env, observations):
        return super().act(env, observations).astype(float)


class Lazy(Optimum):
    """An oracle that stays where it is."""

    def act(self, env, observations):
        return np.ones(env.num_envs, int)

    def __getattribute__(self, name):
        if name == "action_values":
            raise AttributeError(name)
        return super().__getattribute__(name)


class Backwards(Optimum):
    def act(self, env, observations):
        return super().action_values(env).argmax(axis=1)

    def action_values(self, env):
        return np.where(env.action_masks(), -super().action_values(env), -np.inf)


for fault, baseline in (("UndecidedBaseline", "Undecided"), ("FractionalBaseline", "Fractional")):
    spec = ControllerSpec(name="follow", summary="", factory=f"faulty:{baseline}")
    ENVIRONMENTS[fault] = {"baselines": (spec,)}
for fault, oracle in (("BeatenOracle", "Lazy"), ("BackwardsOracle", "Backwards")):
    ENVIRONMENTS[fault] = {"oracle": OracleSpec(summary="", factory=f"faulty:{oracle}")}


# --- settings, presets, references


@environment
class OpenConfig(DialConfig):
    model_config = ConfigDict(frozen=True, extra="ignore")


@environment
class MutableConfig(DialConfig):
    model_config = ConfigDict(frozen=False, extra="forbid")


@environment
class RoundedConfig(DialConfig):
    @field_serializer("cost")
    def _rounded(self, cost: float) -> float:
        return round(cost, 1)


@environment
class LockedConfig(DialConfig):
    _lock: Any = PrivateAttr(default_factory=threading.Lock)


if (
    "rlsys.testing.environments.conformance" in sys.modules
):  # not in the processes that the checks start
    module = types.ModuleType("faulty_made")
    module.MadeConfig = MadeConfig = type(
        "MadeConfig", (DialConfig,), {"__module__": module.__name__, "__annotations__": {}}
    )
    sys.modules.setdefault(module.__name__, module)
    ENVIRONMENTS["MadeConfig"] = {"config": "faulty_made:MadeConfig"}

ENVIRONMENTS["MissingPreset"] = {"presets": {"other": "faulty:no-such.yaml"}}
ENVIRONMENTS["WrongPreset"] = {"presets": {"other": "faulty:wrong.yaml"}}
ENVIRONMENTS["MisplacedPreset"] = {"presets": {"other": "faulty:misplaced.yaml"}}
ENVIRONMENTS["MissingFigure"] = {
    "figures": (FigureSpec(name="view", summary="", factory="faulty:no_such_figure"),)
}


# --- agents


@agent
class UnseededAgent(Climber):
    def generator(self, seed):
        return np.random.default_rng()


@agent
class BeginsAnew(Climber):
    def restore(self, saved):
        """Nothing is taken over."""


@agent
class ForgetsGenerator(Climber):
    def restore(self, saved):
        self.best, self.score, self.round = saved["best"], saved["score"], saved["round"]


@agent
class GoesOn(Climber):
    def stop_here(self, session):
        try:
            super().stop_here(session)
        except Interrupted:
            self.ignored = True


@agent
class WritesBeside(Climber):
    def begin(self, session):
        super().begin(session)
        Path("climber.log").write_text("begun")


@agent
class ReturnsAnother(Climber):
    def train(self, problem, session):
        super().train(problem, session)
        return self.network(np.ones((3, 2)))


@agent
class Silent(Climber):
    def tell(self, session, reward):
        """Says nothing."""


@agent
class StopsEarly(Climber):
    def stop_here(self, session):
        session.boundary(self.round, self.settings.rounds + 1, self.policy, self.state)
        if self.round == self.settings.rounds:
            session.checkpoint_every = 1
            session.boundary(self.round, self.settings.rounds + 1, self.policy, self.state)


@agent
class DeniesMasks(Climber):
    def player(self, weights):
        return dial.NetworkController(dial.Climber.network(self, weights))

    def network(self, weights):
        return Network(Stack((Dense(weights, self.bias),)))


@agent
class IgnoresMasks(Climber):
    def player(self, weights):
        return dial.NetworkController(Network(Stack((Dense(weights, self.bias),))))


@agent
class CountsFromThree(Climber):
    def player(self, weights):
        return dial.NetworkController(dial.Climber.network(self, weights))

    def network(self, weights):
        layer = Dense(weights, self.bias)
        return Network(Stack((layer,)), Decoding(start=3), masked=True)


@agent
class StartsAfresh(Climber):
    def take_over(self, start):
        """Nothing is taken over."""


@agent
class StartsFromWeights(Climber):
    def take_over(self, start):
        (layer,) = start.layers()["layers"]
        self.best = layer.weight.astype(float)


@agent
class RefusesStart(Climber):
    def take_over(self, start):
        raise UserError("a network that somebody else made")


class OpenSettings(dial.ClimberSettings):
    model_config = ConfigDict(frozen=True, extra="ignore")


AGENTS["OpenAgentSettings"] = {"config": "faulty:OpenSettings"}
AGENTS["TunesNothing"] = {"search": (SearchRange(key="widht", low=0.1, high=1.0),)}


# --- exporters


@exporter
def undeclared_file(network, directory, context, settings):
    (directory / "build.log").write_text("done")
    return dial.export(network, directory, context, settings)


@exporter
def unwritten_file(network, directory, context, settings):
    report = dial.export(network, directory, context, settings)
    return ExportReport([*report.files, directory / "README"], report.checks)


@exporter
def writes_elsewhere(network, directory, context, settings):
    Path("export.log").write_text("done")
    return dial.export(network, directory, context, settings)


@exporter
def dated(network, directory, context, settings):
    report = dial.export(network, directory, context, settings)
    (directory / "made").write_text(str(time.time_ns()))
    return ExportReport([*report.files, directory / "made"], report.checks)


def _with_check(report, **changes):
    return ExportReport(report.files, [{**report.checks[0], **changes}])


@exporter
def nan_figure(network, directory, context, settings):
    report = dial.export(network, directory, context, settings)
    return _with_check(report, figures={"error": float("nan")})


@exporter
def failing_check(network, directory, context, settings):
    return _with_check(dial.export(network, directory, context, settings), holds=False)


@exporter
def changes_weights(network, directory, context, settings):
    report = dial.export(network, directory, context, settings)
    for layers in network.layers().values():
        layers[0].bias[:] = 0
    return report


@exporter
def loses_everything_around(network, directory, context, settings):
    bare = dataclasses.replace(network, transform=None)
    return dial.export(bare, directory, context, settings)


@exporter
def refuses_all(network, directory, context, settings):
    raise UserError("not on Sundays")


class OpenText(dial.TextSettings):
    model_config = ConfigDict(frozen=True, extra="ignore")


EXPORTERS["open_export_settings"] = {"config": "faulty:OpenText"}


# --- the hooks


@hookimpl
def rlsys_environments():
    return [
        dataclasses.replace(ENVIRONMENT, name=kebab(fault), **changes)
        for fault, changes in ENVIRONMENTS.items()
    ]


@hookimpl
def rlsys_agents():
    return [
        dataclasses.replace(AGENT, name=kebab(fault), **changes)
        for fault, changes in AGENTS.items()
    ]


@hookimpl
def rlsys_exporters():
    return [
        dataclasses.replace(EXPORTER, name=kebab(fault), **changes)
        for fault, changes in EXPORTERS.items()
    ]
