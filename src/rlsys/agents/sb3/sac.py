"""`sac`: soft actor-critic from Stable-Baselines3."""

from __future__ import annotations

from stable_baselines3 import SAC
from stable_baselines3.common.vec_env import VecEnv

from rlsys.agents.sb3.agent import Sb3Agent
from rlsys.agents.sb3.from_network import PolicyShape
from rlsys.agents.sb3.off_policy import off_policy_agent, off_policy_arguments
from rlsys.agents.settings import SacSettings


def make_sac(settings: SacSettings) -> Sb3Agent:
    """Return the agent."""
    return off_policy_agent("sac", settings, _build, "continuous")


def _build(settings: SacSettings, env: VecEnv, seed: int, shape: PolicyShape) -> SAC:
    net_arch = {"pi": list(shape.hidden), "qf": list(shape.critic)}
    return SAC(
        "MlpPolicy",
        tau=settings.tau,
        ent_coef=settings.ent_coef,
        **off_policy_arguments(settings, env, seed, shape, net_arch),
    )
