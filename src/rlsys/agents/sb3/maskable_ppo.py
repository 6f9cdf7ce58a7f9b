"""`maskable-ppo`: PPO with action masks, from sb3-contrib."""

from __future__ import annotations

from gymnasium import spaces
from sb3_contrib import MaskablePPO
from stable_baselines3.common.vec_env import VecEnv

from rlsys.agents.sb3.agent import Sb3Agent
from rlsys.agents.sb3.from_network import PolicyShape
from rlsys.agents.sb3.maskable_policy import MaskableScorerPolicy, MaskableStackPolicy
from rlsys.agents.sb3.ppo import ppo_arguments
from rlsys.agents.settings import MaskablePpoSettings


def make_maskable_ppo(settings: MaskablePpoSettings) -> Sb3Agent:
    """Return the agent."""
    return Sb3Agent(
        "maskable-ppo",
        settings,
        _build,
        rollout=settings.n_steps * settings.num_envs,
        kinds=("discrete", "multi-discrete"),
        items=True,
        masks=True,
    )


def _build(
    settings: MaskablePpoSettings, env: VecEnv, seed: int, shape: PolicyShape
) -> MaskablePPO:
    arguments = ppo_arguments(settings, env, seed, shape)
    if shape.items:
        return MaskablePPO(MaskableScorerPolicy, **arguments)
    if isinstance(env.action_space, spaces.Discrete):
        return MaskablePPO(MaskableStackPolicy, **arguments)
    return MaskablePPO("MlpPolicy", **arguments)
