"""Your own agent, a simple evolution strategy, for a Gymnasium environment, in one file.

    rlsys --plugin-file examples/own_agent.py run cart-pole
    rlsys --plugin-file examples/own_agent.py run cart-pole --agent ppo --steps 50000
    rlsys --plugin-file examples/own_agent.py train cart-pole --set agents.evolution.rounds=3

Needs `pip install 'rlsys[gym,figures]'`, and `rlsys[sb3]` for the second line. The agent and the
environment do not know each other: each also works with any other environment or agent.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode, SyncVectorEnv, VectorEnv
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from rlsys import Network, NetworkController, hookimpl
from rlsys.descriptors import AgentSpec, ControllerSpec, EnvironmentSpec, SearchRange
from rlsys.network import Decoding, Dense, Stack
from rlsys.rollout import play
from rlsys.seeds import training_seeds
from rlsys.training import Problem, Session


@hookimpl
def rlsys_environments() -> list[EnvironmentSpec]:
    """Describe the environment."""
    return [
        EnvironmentSpec(
            name="cart-pole",
            summary="push a cart so that the pole on it does not fall (Gymnasium)",
            config="own_agent:CartPoleConfig",
            vector_env="own_agent:make_cart_poles",
            agent="evolution",
            baselines=(
                ControllerSpec(
                    name="lean",
                    summary="pushes to the side the pole leans to",
                    factory="own_agent:Lean",
                ),
            ),
            reference="lean",
        )
    ]


@hookimpl
def rlsys_agents() -> list[AgentSpec]:
    """Describe the agent."""
    return [
        AgentSpec(
            name="evolution",
            summary="evolution strategy: moves a linear policy towards its best variations",
            config="own_agent:EvolutionConfig",
            factory="own_agent:Evolution",
            actions=("discrete",),
            search=(SearchRange(key="noise", low=0.05, high=2.0, log=True),),
        )
    ]


class CartPoleConfig(BaseModel):
    """Settings of the environment."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_steps: int = Field(default=200, ge=1, le=10_000)
    """Number of steps after which an episode ends if the pole is still up."""


def make_cart_poles(config: CartPoleConfig, num_envs: int = 1) -> VectorEnv[Any, Any, Any]:
    """Return a batch of Gymnasium's CartPole; rlsys asks for same-step autoreset."""

    def make() -> gymnasium.Env[Any, Any]:
        return gymnasium.make("CartPole-v1", max_episode_steps=config.max_steps)

    return SyncVectorEnv([make] * num_envs, autoreset_mode=AutoresetMode.SAME_STEP)


class Lean:
    """A baseline: it pushes the cart to the side the pole leans to."""

    def __init__(self, config: CartPoleConfig) -> None:
        del config

    def reset(self, env: VectorEnv[Any, Any, Any]) -> None:
        """Nothing to reset."""

    def act(self, env: VectorEnv[Any, Any, Any], observations: NDArray[Any]) -> NDArray[np.int64]:
        """Return 1 (push right) if the angle is positive, otherwise 0."""
        del env
        return (observations[:, 2] > 0).astype(np.int64)


class EvolutionConfig(BaseModel):
    """Settings of the agent."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rounds: int = Field(default=15, ge=1, le=100_000)
    """Number of rounds; each tries new variations."""
    variations: int = Field(default=24, ge=4, le=10_000)
    """Variations of the policy per round."""
    episodes: int = Field(default=3, ge=1, le=1000)
    """Episodes on which each variation is evaluated, the same for all variations of a round."""
    noise: float = Field(default=0.5, gt=0.0, le=100.0)
    """Standard deviation of the variations."""


class Evolution:
    """Evolution strategy: the next policy is the mean of the best quarter of the variations."""

    def __init__(self, config: EvolutionConfig) -> None:
        self.config = config

    def train(self, problem: Problem, session: Session) -> Network:
        """Train and return the final network; it can stop and resume between any two rounds."""
        config = self.config
        env = problem.make_env(1)
        actions: Any = env.single_action_space
        shape = (int(actions.n), *(env.single_observation_space.shape or ()))
        env.close()
        weights, rng = np.zeros(shape), np.random.default_rng(session.seed)
        done, steps = 0, 0
        saved = session.resumed_state()
        if saved is not None:
            weights, done, steps = saved["weights"], saved["done"], saved["steps"]
            rng.bit_generator.state = saved["rng"]
        while done < config.rounds:
            tried = weights + config.noise * rng.standard_normal((config.variations, *shape))
            seeds = training_seeds(int(rng.integers(1 << 30)), config.episodes)
            played = [
                play(problem.make_env, NetworkController(_network(one)), seeds) for one in tried
            ]
            rewards = np.array([result["reward"].mean() for result in played])
            steps += int(sum(result["length"].sum() for result in played))
            done += 1
            best = rewards.argsort()[-(config.variations // 4) :]
            weights = tried[best].mean(axis=0)
            total = steps * config.rounds // done
            session.report(steps, total, {"reward": float(rewards.mean())})
            session.boundary(
                steps,
                total,
                partial(_network, weights),
                partial(_state, weights, done, steps, rng),
            )
        return _network(weights)


def _network(weights: NDArray[np.float64]) -> Network:
    """Return the portable network of linear `weights`, (actions, observed values)."""
    layer = Dense(weights.astype(np.float32), np.zeros(len(weights), np.float32))
    return Network(Stack((layer,)), Decoding("argmax"))


def _state(
    weights: NDArray[np.float64], done: int, steps: int, rng: np.random.Generator
) -> Mapping[str, Any]:
    """Return everything that is needed to resume."""
    return {"weights": weights, "done": done, "steps": steps, "rng": rng.bit_generator.state}
