"""Every built-in agent with tiny settings and a toy environment it must solve."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from toy_envs import Basket, Corridor, CorridorOracle, Target, UnmaskedCorridor

from rlsys.agents import rlsys_agents
from rlsys.controllers import NetworkController
from rlsys.descriptors import resolve
from rlsys.errors import Interrupted
from rlsys.rollout import play
from rlsys.seeds import evaluation_seeds
from rlsys.training import Problem, Session

SPECS = {spec.name: spec for spec in rlsys_agents()}


def make_agent(name: str, **settings: Any) -> Any:
    spec = SPECS[name]
    return resolve(spec.factory)(resolve(spec.config)(**settings))


@dataclass
class Recipe:
    """An agent's name, settings that take a moment to train, and its environment."""

    agent: str
    make_env: Any
    settings: dict[str, Any] = field(default_factory=dict)
    make_oracle: Any = None

    def problem(self) -> Problem:
        return Problem(self.make_env, ("length",), self.make_oracle)

    def train(self, directory: Path, *, seed: int = 0, **session: Any) -> Any:
        """Train and return (network, session)."""
        opened = Session(directory, seed, self.problem(), **session)
        return make_agent(self.agent, **self.settings).train(self.problem(), opened), opened

    def interrupt(self, directory: Path, boundaries: int, **session: Any) -> None:
        """Train, but ask to stop at a boundary; returns when training has been interrupted."""
        left = iter(range(boundaries - 1))
        try:
            self.train(directory, stop_requested=lambda: next(left, None) is None, **session)
        except Interrupted:
            return
        raise AssertionError("training was not interrupted")


def random_corridor(num_envs: int) -> Corridor:
    return Corridor(num_envs, random=True)


def unmasked_corridor(num_envs: int) -> UnmaskedCorridor:
    return UnmaskedCorridor(num_envs, random=True)


ON_POLICY = {"num_envs": 16, "n_steps": 32, "batch_size": 128, "learning_rate": 1e-2}

RECIPES = {
    "ppo": Recipe("ppo", unmasked_corridor, {**ON_POLICY, "steps": 16_000, "ent_coef": 0.02}),
    "ppo-continuous": Recipe(
        "ppo", Target, {**ON_POLICY, "steps": 30_000, "gamma": 0.0, "learning_rate_final": 1e-3}
    ),
    "maskable-ppo": Recipe("maskable-ppo", random_corridor, {**ON_POLICY, "steps": 12_000}),
    "maskable-ppo-items": Recipe("maskable-ppo", Basket, {**ON_POLICY, "steps": 30_000}),
    "dqn": Recipe(
        "dqn",
        random_corridor,
        {
            "steps": 16_000,
            "num_envs": 4,
            "gradient_steps": 4,
            "exploration_final": 0.2,
            "learning_rate": 2e-3,
            "learning_starts": 200,
            "batch_size": 64,
            "target_update_interval": 200,
            "exploration_fraction": 0.7,
            "train_freq": 2,
        },
    ),
    "sac": Recipe(
        "sac",
        Target,
        {
            "steps": 3000,
            "num_envs": 4,
            "gamma": 0.0,
            "learning_rate": 5e-3,
            "learning_starts": 200,
            "batch_size": 128,
        },
    ),
    "self-labelling": Recipe(
        "self-labelling", Corridor, {"rounds": 12, "episodes": 64, "keep": 8, "epochs": 10}
    ),
    "self-labelling-instances": Recipe(
        "self-labelling",
        random_corridor,
        {"rounds": 40, "episodes": 256, "keep": 8, "instances": 8, "epochs": 10},
    ),
    "self-labelling-comparison": Recipe(
        "self-labelling",
        random_corridor,
        {
            "learn_from": "comparison",
            "temperatures": [1.0],
            "persistence": 0.0,
            "rounds": 40,
            "episodes": 256,
            "keep": 8,
            "instances": 8,
            "epochs": 4,
            "batch_size": 256,
            "learning_rate": 5e-3,
            "learning_rate_final": 1e-3,
            "ent_coef": 0.01,
        },
    ),
    "imitation": Recipe(
        "imitation",
        random_corridor,
        {"rounds": 6, "instances": 8, "rollouts": 2, "updates": 60, "batch_size": 128},
        CorridorOracle,
    ),
}


def evaluate(recipe: Recipe, network: Any, count: int = 200) -> np.ndarray:
    """Return the rewards of held-out episodes."""
    return play(recipe.make_env, NetworkController(network), evaluation_seeds(count))["reward"]


def optimum(recipe: Recipe, count: int = 200) -> np.ndarray:
    """Return the best rewards possible in the same episodes, computed without any learning."""
    env = recipe.make_env(count)
    env.reset(seed=evaluation_seeds(count))
    if isinstance(env, Basket):
        return np.array([Basket.optimum(m[m[:, 0] > 0, 1]) for m in env.memory])
    if isinstance(env, Target):
        return np.zeros(count)
    return np.array([env.value(int(cell), 0) for cell in env.memory])


def weights(network: Any) -> list[np.ndarray]:
    """Return all arrays of a network."""
    layers = [layer for group in network.layers().values() for layer in group]
    arrays = [array for layer in layers for array in (layer.weight, layer.bias)]
    if network.transform is not None:
        arrays += [network.transform.shift, network.transform.scale]
    return arrays


def same(one: Any, other: Any) -> bool:
    """Return whether two networks agree to the last bit."""
    pairs = zip(weights(one), weights(other), strict=True)
    return all(np.array_equal(a, b) for a, b in pairs)
