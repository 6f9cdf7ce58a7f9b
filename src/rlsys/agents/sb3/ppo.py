"""`ppo`: proximal policy optimisation from Stable-Baselines3."""

from __future__ import annotations

from typing import Any

from stable_baselines3 import PPO
from stable_baselines3.common.vec_env import VecEnv

from rlsys.agents.sb3.agent import Sb3Agent, learning_rate
from rlsys.agents.sb3.from_network import PolicyShape
from rlsys.agents.sb3.scorer_policy import ScorerPolicy
from rlsys.agents.settings import OnPolicySettings, PpoSettings


def make_ppo(settings: PpoSettings) -> Sb3Agent:
    """Return the agent."""
    return Sb3Agent(
        "ppo",
        settings,
        _build,
        rollout=settings.n_steps * settings.num_envs,
        kinds=("discrete", "multi-discrete", "continuous"),
        items=True,
        scaled=settings.scale_actions,
    )


def ppo_arguments(
    settings: OnPolicySettings, env: VecEnv, seed: int, shape: PolicyShape
) -> dict[str, Any]:
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
            "net_arch": {"encoder": list(shape.encoder), "scorer": list(shape.scorer)}
            if shape.items
            else {"pi": list(shape.hidden), "vf": list(shape.critic)},
            "activation_fn": shape.activation_fn,
            # One fused kernel instead of about twenty small ones; eps is SB3's own.
            "optimizer_kwargs": {"eps": 1e-5, "fused": True},
        },
        "seed": seed,
        "device": "cpu",
    }


def _build(settings: PpoSettings, env: VecEnv, seed: int, shape: PolicyShape) -> PPO:
    policy = ScorerPolicy if shape.items else "MlpPolicy"
    return PPO(policy, **ppo_arguments(settings, env, seed, shape))
