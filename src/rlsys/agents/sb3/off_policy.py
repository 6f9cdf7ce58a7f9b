"""What the agents with a replay buffer share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from stable_baselines3.common.vec_env import VecEnv

from rlsys.agents.sb3.agent import Sb3Agent, learning_rate
from rlsys.agents.sb3.from_network import PolicyShape
from rlsys.agents.settings import OffPolicySettings


def off_policy_agent(
    name: str,
    settings: OffPolicySettings,
    build: Callable[[Any, VecEnv, int, PolicyShape], Any],
    kind: Literal["discrete", "continuous"],
) -> Sb3Agent:
    """Return an agent that can stop between two updates."""
    rollout = settings.train_freq * settings.num_envs
    return Sb3Agent(
        name, settings, build, rollout=rollout, kinds=(kind,), squashed=kind == "continuous"
    )


def off_policy_arguments(
    settings: OffPolicySettings, env: VecEnv, seed: int, shape: PolicyShape, net_arch: Any
) -> dict[str, Any]:
    """Return the constructor arguments that DQN and SAC share; `net_arch` in SB3's form."""
    return {
        "env": env,
        "learning_rate": learning_rate(settings),
        "buffer_size": settings.buffer_size,
        "learning_starts": settings.learning_starts,
        "batch_size": settings.batch_size,
        "gamma": settings.gamma,
        "train_freq": settings.train_freq,
        "gradient_steps": settings.gradient_steps,
        "policy_kwargs": {
            "net_arch": net_arch,
            "activation_fn": shape.activation_fn,
        },
        "seed": seed,
        "device": "cpu",
    }
