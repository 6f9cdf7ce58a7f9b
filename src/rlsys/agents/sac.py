"""`sac`: soft actor-critic from Stable-Baselines3."""

from __future__ import annotations

from stable_baselines3 import SAC
from stable_baselines3.common.vec_env import VecEnv

from rlsys.agents.sb3_agent import Sb3Agent, learning_rate
from rlsys.agents.settings import SacSettings
from rlsys.agents.torch_network import ACTIVATIONS


def make_sac(settings: SacSettings) -> Sb3Agent:
    """Return the agent."""
    return Sb3Agent(
        "sac",
        settings,
        _build,
        rollout=settings.train_freq * settings.num_envs,
        kinds=("continuous",),
    )


def _build(settings: SacSettings, env: VecEnv, seed: int) -> SAC:
    return SAC(
        "MlpPolicy",
        env,
        learning_rate=learning_rate(settings),
        buffer_size=settings.buffer_size,
        learning_starts=settings.learning_starts,
        batch_size=settings.batch_size,
        gamma=settings.gamma,
        train_freq=settings.train_freq,
        gradient_steps=settings.gradient_steps,
        tau=settings.tau,
        ent_coef=settings.ent_coef,
        policy_kwargs={
            "net_arch": list(settings.net_arch),
            "activation_fn": ACTIVATIONS[settings.activation],
        },
        seed=seed,
        device="cpu",
    )
