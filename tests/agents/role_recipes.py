"""The agents for several roles with settings that take seconds, and how their results compare."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from recipes import make_agent, same
from role_envs import Alone, Counter, Haul, Watch

from rlsys.errors import Interrupted
from rlsys.policies import controller_of
from rlsys.roles import RolePolicy
from rlsys.rollout import play
from rlsys.seeds import evaluation_seeds
from rlsys.training import Problem, Session

AGENTS = ("sb3-shared", "mappo")
SMALL = {"num_envs": 32, "n_steps": 16}
SETTINGS: dict[Any, dict[str, Any]] = {
    Watch: {**SMALL, "steps": 25_000, "gamma": 0.0, "initial_std": 0.5, "learning_rate": 4e-3},
    Haul: {**SMALL, "steps": 20_000, "ent_coef": 0.01},
    Alone: {**SMALL, "steps": 15_000, "gamma": 0.0},
    Counter: {
        **SMALL,
        "steps": 15_000,
        "gamma": 0.0,
        "encoder": (16,),
        "scorer": (16,),
        "scale_actions": False,
    },
}


@dataclass(frozen=True)
class RoleRecipe:
    """An agent's name, its settings and its environment."""

    agent: str
    make_env: Any
    settings: dict[str, Any]

    def but(self, **settings: Any) -> RoleRecipe:
        """Return the recipe with other settings."""
        return replace(self, settings={**self.settings, **settings})

    def problem(self) -> Problem:
        return Problem(self.make_env, ("slots",))

    def train(self, directory: Path, *, seed: int = 0, **session: Any) -> RolePolicy:
        problem = self.problem()
        agent = make_agent(self.agent, **self.settings)
        return agent.train(problem, Session(directory, seed, problem, **session))

    def interrupt(self, directory: Path, boundaries: int, **session: Any) -> None:
        """Train, but ask to stop at a boundary; returns when training has been interrupted."""
        left = iter(range(boundaries - 1))
        try:
            self.train(directory, stop_requested=lambda: next(left, None) is None, **session)
        except Interrupted:
            return
        raise AssertionError("training was not interrupted")


def recipe(agent: str, make_env: Any, **settings: Any) -> RoleRecipe:
    return RoleRecipe(agent, make_env, {**SETTINGS[make_env], **settings})


def evaluate(make_env: Any, policy: RolePolicy, count: int = 200) -> np.ndarray:
    """Return the rewards of held-out episodes."""
    return play(make_env, controller_of(policy), evaluation_seeds(count))["reward"]


def same_policies(one: RolePolicy, other: RolePolicy) -> bool:
    """Return whether the networks of all roles agree to the last bit."""
    assert list(one.networks) == list(other.networks)
    return all(same(one.networks[name], other.networks[name]) for name in one.networks)
