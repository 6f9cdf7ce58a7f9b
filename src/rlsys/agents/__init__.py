"""The built-in agents, described through the same hook as everyone else's.

This module is imported whenever the command line starts: descriptions only.
"""

from __future__ import annotations

from collections.abc import Sequence

from rlsys.descriptors import AgentSpec, Requirement
from rlsys.hookspecs import hookimpl

_MEND = "pip install 'rlsys[sb3]'"
_TORCH = Requirement(name="torch", mend=_MEND)
_SB3 = Requirement(name="stable_baselines3", mend=_MEND)
_CONTRIB = Requirement(name="sb3_contrib", mend=_MEND)


@hookimpl
def rlsys_agents() -> Sequence[AgentSpec]:
    """Describe the built-in agents."""
    return (
        AgentSpec(
            name="ppo",
            summary="proximal policy optimisation (Stable-Baselines3)",
            config="rlsys.agents.settings:PpoSettings",
            factory="rlsys.agents.ppo:make_ppo",
            actions=("discrete", "multi-discrete", "continuous"),
            requires=(_TORCH, _SB3),
        ),
        AgentSpec(
            name="maskable-ppo",
            summary="PPO under action masks (sb3-contrib)",
            config="rlsys.agents.settings:MaskablePpoSettings",
            factory="rlsys.agents.maskable_ppo:make_maskable_ppo",
            actions=("discrete", "multi-discrete"),
            uses_masks=True,
            requires=(_TORCH, _SB3, _CONTRIB),
        ),
        AgentSpec(
            name="dqn",
            summary="deep Q-network (Stable-Baselines3)",
            config="rlsys.agents.settings:DqnSettings",
            factory="rlsys.agents.dqn:make_dqn",
            actions=("discrete",),
            requires=(_TORCH, _SB3),
        ),
        AgentSpec(
            name="sac",
            summary="soft actor-critic (Stable-Baselines3)",
            config="rlsys.agents.settings:SacSettings",
            factory="rlsys.agents.sac:make_sac",
            actions=("continuous",),
            requires=(_TORCH, _SB3),
        ),
        AgentSpec(
            name="self-labelling",
            summary="samples many episodes, keeps the best, imitates them",
            config="rlsys.agents.settings:SelfLabellingSettings",
            factory="rlsys.agents.self_labelling:make_self_labelling",
            actions=("discrete",),
            uses_masks=True,
            starts_from_network=True,
            requires=(_TORCH,),
        ),
        AgentSpec(
            name="imitation",
            summary="learns from an oracle's action values in the states that the policy visits",
            config="rlsys.agents.settings:ImitationSettings",
            factory="rlsys.agents.imitation:make_imitation",
            actions=("discrete",),
            uses_masks=True,
            needs_oracle=True,
            starts_from_network=True,
            requires=(_TORCH,),
        ),
    )
