"""What this plugin provides to rlsys; imports nothing heavy."""

from __future__ import annotations

from rlsys.descriptors import AgentOption, AgentSpec, CommandSpec, EnvironmentSpec, Requirement
from rlsys.hookspecs import hookimpl

_FIX = "pip install 'rlsys[distributed]'"
_TORCH = Requirement(name="torch", fix=_FIX)
_SB3 = Requirement(name="stable_baselines3", fix=_FIX)
_CONTRIB = Requirement(name="sb3_contrib", fix=_FIX)
_GYM = Requirement(name="gymnasium", fix=_FIX)
_PROMETHEUS = Requirement(name="prometheus_client", fix=_FIX)
SERVER = (_GYM, _TORCH, _SB3, _CONTRIB, _PROMETHEUS)
"""What the server needs and a client does not."""


@hookimpl
def rlsys_environments() -> list[EnvironmentSpec]:
    """Describe running programs."""
    return [
        EnvironmentSpec(
            name="distributed",
            summary="a running program that asks a server for its decisions",
            config="rlsys_distributed.learning.environment:LiveConfig",
            spaces="rlsys_distributed.learning.environment:spaces_of",
            agent="distributed-ppo",
            requires=(_GYM,),
        )
    ]


@hookimpl
def rlsys_agents() -> list[AgentSpec]:
    """Describe the learners."""
    requires = (_TORCH, _SB3, _CONTRIB)
    factory = "rlsys_distributed.learning.agents:make_agent"
    return [
        AgentSpec(
            name="distributed-ppo",
            summary="PPO from the steps of running programs (`rlsys distributed serve`)",
            config="rlsys_distributed.learning.settings:LivePpoSettings",
            factory=factory,
            actions=("discrete", "multi-discrete", "continuous"),
            uses_masks=True,
            requires=requires,
        ),
        AgentSpec(
            name="distributed-dqn",
            summary="DQN from the steps of running programs (`rlsys distributed serve`)",
            config="rlsys_distributed.learning.settings:LiveDqnSettings",
            factory=factory,
            actions=("discrete",),
            requires=requires,
        ),
        AgentSpec(
            name="remote",
            summary="plays here, and a server learns (`rlsys distributed serve`)",
            config="rlsys_distributed.remote.settings:RemoteSettings",
            factory="rlsys_distributed.remote.agent:make_remote",
            actions=("discrete", "multi-discrete", "continuous"),
            uses_masks=True,
            roles="both",
            options=(
                AgentOption(
                    name="server",
                    setting="server",
                    metavar="HOST:PORT",
                    summary="Server that learns, for --agent remote.  [default: localhost:50051]",
                ),
            ),
            requires=(_GYM,),
        ),
    ]


@hookimpl
def rlsys_commands() -> list[CommandSpec]:
    """Describe the subcommand."""
    return [
        CommandSpec(
            name="distributed",
            summary="learn from running programs: a server, and its status",
            command="rlsys_distributed.commands.group:distributed",
        )
    ]
