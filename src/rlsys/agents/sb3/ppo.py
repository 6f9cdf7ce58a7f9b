"""`ppo`: proximal policy optimisation from Stable-Baselines3."""

from __future__ import annotations

from typing import Any

from stable_baselines3 import PPO
from stable_baselines3.common.vec_env import VecEnv

from rlsys.agents.sb3.agent import Sb3Agent, learning_rate, policy_sizes
from rlsys.agents.sb3.scorer_policy import ScorerPolicy
from rlsys.agents.settings import PpoSettings
from rlsys.agents.torch_network import ACTIVATIONS


def make_ppo(settings: PpoSettings) -> Sb3Agent:
    """Return the agent."""
    return Sb3Agent(
        "ppo",
        settings,
        _build,
        rollout=settings.n_steps * settings.num_envs,
        kinds=("discrete", "multi-discrete", "continuous"),
        items=True,
    )


def ppo_arguments(settings: PpoSettings, env: VecEnv, seed: int) -> dict[str, Any]:
    """Return the constructor arguments that PPO and MaskablePPO share."""
    return {
        "env": env,
        "learning_rate": learning_rate(settings),
        "n_steps": settings.n_steps,
        "batch_size": settings.batch_size,
        "n_epochs": settings.n_epochs,
        "gamma": settings.gamma,
        "gae_lambda": settings.gae_lambda,
        "clip_range": settings.clip_range,
        "ent_coef": settings.ent_coef,
        "vf_coef": settings.vf_coef,
        "max_grad_norm": settings.max_grad_norm,
        "target_kl": settings.target_kl,
        "policy_kwargs": {
            "net_arch": policy_sizes(settings, env),
            "activation_fn": ACTIVATIONS[settings.activation],
            # One fused kernel instead of about twenty small ones; eps is SB3's own.
            "optimizer_kwargs": {"eps": 1e-5, "fused": True},
        },
        "seed": seed,
        "device": "cpu",
    }


def _build(settings: PpoSettings, env: VecEnv, seed: int) -> PPO:
    items = len(env.observation_space.shape or ()) == 2
    policy = ScorerPolicy if items else "MlpPolicy"
    return PPO(policy, **ppo_arguments(settings, env, seed))
