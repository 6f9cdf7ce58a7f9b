"""`dqn`: deep Q-network from Stable-Baselines3."""

from __future__ import annotations

from stable_baselines3 import DQN
from stable_baselines3.common.vec_env import VecEnv

from rlsys.agents.sb3_agent import Sb3Agent, learning_rate
from rlsys.agents.settings import DqnSettings
from rlsys.agents.torch_network import ACTIVATIONS


def make_dqn(settings: DqnSettings) -> Sb3Agent:
    """Return the agent."""
    return Sb3Agent(
        "dqn",
        settings,
        _build,
        rollout=settings.train_freq * settings.num_envs,
        kinds=("discrete",),
    )


def _build(settings: DqnSettings, env: VecEnv, seed: int) -> DQN:
    return DQN(
        "MlpPolicy",
        env,
        learning_rate=learning_rate(settings),
        buffer_size=settings.buffer_size,
        learning_starts=settings.learning_starts,
        batch_size=settings.batch_size,
        gamma=settings.gamma,
        train_freq=settings.train_freq,
        gradient_steps=settings.gradient_steps,
        target_update_interval=settings.target_update_interval,
        exploration_fraction=settings.exploration_fraction,
        exploration_initial_eps=settings.exploration_initial,
        exploration_final_eps=settings.exploration_final,
        max_grad_norm=settings.max_grad_norm,
        policy_kwargs={
            "net_arch": list(settings.net_arch),
            "activation_fn": ACTIVATIONS[settings.activation],
        },
        seed=seed,
        device="cpu",
    )
