"""`dqn`: deep Q-network from Stable-Baselines3."""

from __future__ import annotations

from stable_baselines3 import DQN
from stable_baselines3.common.vec_env import VecEnv

from rlsys.agents.sb3.agent import Sb3Agent
from rlsys.agents.sb3.from_network import PolicyShape
from rlsys.agents.sb3.off_policy import off_policy_agent, off_policy_arguments
from rlsys.agents.settings import DqnSettings


def make_dqn(settings: DqnSettings) -> Sb3Agent:
    """Return the agent."""
    return off_policy_agent("dqn", settings, _build, "discrete")


def _build(settings: DqnSettings, env: VecEnv, seed: int, shape: PolicyShape) -> DQN:
    return DQN(
        "MlpPolicy",
        target_update_interval=settings.target_update_interval,
        exploration_fraction=settings.exploration_fraction,
        exploration_initial_eps=settings.exploration_initial,
        exploration_final_eps=settings.exploration_final,
        max_grad_norm=settings.max_grad_norm,
        **off_policy_arguments(settings, env, seed, shape, list(shape.hidden)),
    )
