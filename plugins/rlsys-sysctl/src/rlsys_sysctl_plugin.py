"""What this plugin gives to rlsys; imports nothing heavy.

It lies beside the package because importing the package imports Gymnasium.
"""

from __future__ import annotations

from rlsys.descriptors import (
    AgentSpec,
    CommandSpec,
    ControllerSpec,
    EnvironmentSpec,
    ExporterSpec,
    MetricSpec,
    Requirement,
)
from rlsys.hookspecs import hookimpl

_FIX = "pip install 'rlsys[sysctl]'"
_PSUTIL = Requirement(name="psutil", fix=_FIX)
_OPTUNA = Requirement(name="optuna", fix=_FIX)
_PRESETS = ("net-long-path", "net-churn", "memory-pressure", "dirty-pages")


@hookimpl
def rlsys_environments() -> list[EnvironmentSpec]:
    """Describe the tuning of kernel parameters."""
    return [
        EnvironmentSpec(
            name="sysctl",
            summary="kernel parameters of the running Linux, for a benchmark",
            config="rlsys_sysctl.config:SysctlConfig",
            vector_env="rlsys_sysctl.vector_env:SysctlVectorEnv",
            cases="rlsys_sysctl.config:cases",
            presets={
                "default": "rlsys_sysctl:presets/net-long-path.yaml",
                **{name: f"rlsys_sysctl:presets/{name}.yaml" for name in _PRESETS},
            },
            agent="optuna",
            metrics=(
                MetricSpec(
                    name="performance",
                    summary="multiple of the default's performance, measured in between",
                    better="higher",
                    curve=True,
                ),
                MetricSpec(
                    name="stability",
                    summary="1 - coefficient of variation over the repeats",
                    better="higher",
                ),
                MetricSpec(
                    name="metric", summary="what the benchmark printed, mean", better="neither"
                ),
                MetricSpec(
                    name="default_metric",
                    summary="what it printed with the default configuration",
                    better="neither",
                ),
                MetricSpec(
                    name="refused",
                    summary="share of configurations that were refused or failed",
                    better="lower",
                ),
            ),
            baselines=(
                ControllerSpec(
                    name="default",
                    summary="leaves everything as it is",
                    factory="rlsys_sysctl.baselines:Default",
                ),
                ControllerSpec(
                    name="random-point",
                    summary="configurations drawn uniformly",
                    factory="rlsys_sysctl.baselines:RandomPoint",
                ),
            ),
            reference="default",
            costly=True,
            requires=(_PSUTIL,),
        )
    ]


@hookimpl
def rlsys_agents() -> list[AgentSpec]:
    """Describe the searchers."""
    return [
        AgentSpec(
            name=name,
            summary=summary,
            config=f"rlsys_sysctl.agents.settings:{name.capitalize()}Settings",
            factory=f"rlsys_sysctl.agents.factories:make_{name}",
            actions=("continuous",),
            requires=(_OPTUNA, _PSUTIL),
        )
        for name, summary in (
            ("optuna", "Bayesian search for one configuration (TPE or Gaussian process)"),
            ("random", "random search for one configuration"),
            ("grid", "every combination of a few values"),
        )
    ]


@hookimpl
def rlsys_exporters() -> list[ExporterSpec]:
    """Describe the file for /etc/sysctl.d."""
    return [
        ExporterSpec(
            name="sysctl-d",
            summary="file for /etc/sysctl.d, commands to apply and undo it",
            factory="rlsys_sysctl.sysctl_d:export_sysctl_d",
            config="rlsys_sysctl.sysctl_d:SysctlDSettings",
        )
    ]


@hookimpl
def rlsys_commands() -> list[CommandSpec]:
    """Describe `rlsys sysctl`."""
    return [
        CommandSpec(
            name="sysctl",
            summary="tune kernel parameters; put back what was tuned",
            command="rlsys_sysctl.commands.group:sysctl",
        )
    ]
