"""The built-in agents, described through the same hook that plugins use.

The command line imports this module at every start, so it contains only descriptions.
"""

from __future__ import annotations

from collections.abc import Sequence

from rlsys.descriptors import AgentSpec, Requirement, SearchRange
from rlsys.hookspecs import hookimpl

_FIX = "pip install 'rlsys[sb3]'"
_TORCH = Requirement(name="torch", fix=_FIX)
_SB3 = Requirement(name="stable_baselines3", fix=_FIX)
_CONTRIB = Requirement(name="sb3_contrib", fix=_FIX)

_GAMMA = SearchRange(key="gamma", low=0.9, high=1.0)
_LEARNING_RATE = SearchRange(key="learning_rate", low=1e-5, high=1e-2, log=True)
_LARGE_BATCH_RATE = SearchRange(key="learning_rate", low=1e-4, high=1e-2, log=True)
_ON_POLICY = (
    _GAMMA,
    SearchRange(key="gae_lambda", low=0.8, high=1.0),
    SearchRange(key="ent_coef", low=0.0, high=0.3),
    SearchRange(key="clip_range", low=0.1, high=0.4),
    SearchRange(key="n_epochs", low=3, high=20),
)
_ROLES = (
    _LARGE_BATCH_RATE,
    SearchRange(key="gae_lambda", low=0.8, high=1.0),
    SearchRange(key="ent_coef", low=0.0, high=0.1),
    SearchRange(key="clip_range", low=0.1, high=0.4),
    SearchRange(key="n_epochs", low=2, high=20),
    SearchRange(key="minibatches", low=1, high=32, log=True),
    SearchRange(key="initial_std", low=0.2, high=2.0, log=True),
)


@hookimpl
def rlsys_agents() -> Sequence[AgentSpec]:
    """Describe the built-in agents."""
    return (
        AgentSpec(
            name="ppo",
            summary="proximal policy optimisation (Stable-Baselines3)",
            config="rlsys.agents.settings:PpoSettings",
            factory="rlsys.agents.sb3.ppo:make_ppo",
            actions=("discrete", "multi-discrete", "continuous"),
            starts_from_network=True,
            search=(
                _LEARNING_RATE,
                *_ON_POLICY,
                SearchRange(key="batch_size", choices=(64, 128, 256, 512, 1024)),
            ),
            requires=(_TORCH, _SB3),
        ),
        AgentSpec(
            name="maskable-ppo",
            summary="PPO under action masks (sb3-contrib)",
            config="rlsys.agents.settings:MaskablePpoSettings",
            factory="rlsys.agents.sb3.maskable_ppo:make_maskable_ppo",
            actions=("discrete", "multi-discrete"),
            uses_masks=True,
            starts_from_network=True,
            search=(
                _LARGE_BATCH_RATE,
                *_ON_POLICY,
                SearchRange(key="batch_size", choices=(256, 512, 1024, 2048, 4096)),
            ),
            requires=(_TORCH, _SB3, _CONTRIB),
        ),
        AgentSpec(
            name="dqn",
            summary="deep Q-network (Stable-Baselines3)",
            config="rlsys.agents.settings:DqnSettings",
            factory="rlsys.agents.sb3.dqn:make_dqn",
            actions=("discrete",),
            starts_from_network=True,
            search=(
                _LEARNING_RATE,
                _GAMMA,
                SearchRange(key="exploration_fraction", low=0.05, high=0.8),
                SearchRange(key="target_update_interval", low=100, high=10_000, log=True),
                SearchRange(key="gradient_steps", low=1, high=8),
                SearchRange(key="batch_size", choices=(32, 64, 128, 256, 512)),
            ),
            requires=(_TORCH, _SB3),
        ),
        AgentSpec(
            name="sac",
            summary="soft actor-critic (Stable-Baselines3)",
            config="rlsys.agents.settings:SacSettings",
            factory="rlsys.agents.sb3.sac:make_sac",
            actions=("continuous",),
            starts_from_network=True,
            search=(
                _LEARNING_RATE,
                _GAMMA,
                SearchRange(key="tau", low=1e-3, high=0.1, log=True),
                SearchRange(key="batch_size", choices=(64, 128, 256, 512)),
            ),
            requires=(_TORCH, _SB3),
        ),
        AgentSpec(
            name="self-labelling",
            summary="samples many episodes, keeps the best and imitates them",
            config="rlsys.agents.settings:SelfLabellingSettings",
            factory="rlsys.agents.rounds.self_labelling:make_self_labelling",
            actions=("discrete",),
            uses_masks=True,
            starts_from_network=True,
            search=(
                _LARGE_BATCH_RATE,
                SearchRange(key="restarts", low=0.0, high=1.0),
                SearchRange(key="persistence", low=0.0, high=0.95),
                SearchRange(key="keep", low=16, high=512, log=True),
                SearchRange(key="epochs", low=1, high=20),
            ),
            requires=(_TORCH,),
        ),
        AgentSpec(
            name="imitation",
            summary="learns from an oracle's action values in the states that the policy visits",
            config="rlsys.agents.settings:ImitationSettings",
            factory="rlsys.agents.rounds.imitation:make_imitation",
            actions=("discrete",),
            uses_masks=True,
            needs_oracle=True,
            starts_from_network=True,
            search=(
                _LARGE_BATCH_RATE,
                SearchRange(key="oracle_decay", low=0.0, high=0.9),
                SearchRange(key="temperature", low=0.0, high=2.0),
                SearchRange(key="updates", low=100, high=1000, log=True),
                SearchRange(key="regret_weight", low=0.1, high=10.0, log=True),
                SearchRange(key="cross_entropy_weight", low=0.01, high=1.0, log=True),
            ),
            requires=(_TORCH,),
        ),
        AgentSpec(
            name="sb3-shared",
            summary="one PPO per role, shared by its agents (Stable-Baselines3)",
            config="rlsys.agents.roles.settings:SharedPpoSettings",
            factory="rlsys.agents.roles.shared_ppo:make_shared_ppo",
            actions=("discrete", "multi-discrete", "continuous"),
            roles="several",
            search=_ROLES,
            requires=(_TORCH, _SB3),
        ),
        AgentSpec(
            name="mappo",
            summary="PPO for several roles with one centralised critic",
            config="rlsys.agents.roles.settings:MappoSettings",
            factory="rlsys.agents.roles.mappo:make_mappo",
            actions=("discrete", "continuous"),
            roles="several",
            search=_ROLES,
            requires=(_TORCH,),
        ),
    )
