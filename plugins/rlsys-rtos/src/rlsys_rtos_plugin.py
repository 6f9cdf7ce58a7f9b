"""What this plugin provides to rlsys; imports nothing heavy.

It lies beside the package because importing the package imports Gymnasium.
"""

from __future__ import annotations

from rlsys.descriptors import (
    CommandSpec,
    ControllerSpec,
    EnvironmentSpec,
    FigureSpec,
    MetricSpec,
    OracleSpec,
    Requirement,
)
from rlsys.hookspecs import hookimpl

_FACTORIES = "rlsys_rtos.baselines.factories"


@hookimpl
def rlsys_environments() -> list[EnvironmentSpec]:
    """Describe the scheduling environment."""
    return [
        EnvironmentSpec(
            name="rtos",
            summary="preemptive tick scheduling of periodic tasks on one processor",
            config="rlsys_rtos.config:RtosConfig",
            vector_env="rlsys_rtos.vector_env:RtosVectorEnv",
            cases="rlsys_rtos.config:cases",
            presets={
                name: f"rlsys_rtos:presets/{name}.yaml"
                for name in ("default", "normal", "stressed", "plain-ppo", "general")
            },
            agent="maskable-ppo",
            metrics=(
                MetricSpec(
                    name="misses",
                    summary="jobs not finished by their deadline",
                    unit="jobs",
                    better="lower",
                ),
                MetricSpec(
                    name="completions", summary="jobs finished", unit="jobs", better="higher"
                ),
                MetricSpec(
                    name="switches", summary="context switches", unit="switches", better="lower"
                ),
                MetricSpec(
                    name="miss_rate",
                    summary="misses as a share of the jobs due",
                    better="lower",
                    curve=True,
                ),
                MetricSpec(
                    name="task_misses",
                    summary="misses of each task",
                    unit="jobs",
                    better="lower",
                    vector=True,
                ),
            ),
            baselines=(
                ControllerSpec(
                    name="round-robin",
                    summary="each ready task in turn for a quantum of ticks",
                    factory=f"{_FACTORIES}:round_robin",
                    options={"quantum": 1},
                ),
                ControllerSpec(
                    name="rate-monotonic",
                    summary="shortest period first",
                    factory=f"{_FACTORIES}:rate_monotonic",
                ),
                ControllerSpec(
                    name="deadline-monotonic",
                    summary="shortest relative deadline first",
                    factory=f"{_FACTORIES}:deadline_monotonic",
                ),
                ControllerSpec(
                    name="edf",
                    summary="earliest absolute deadline first",
                    factory=f"{_FACTORIES}:edf",
                ),
                ControllerSpec(
                    name="llf",
                    summary="least laxity first",
                    factory=f"{_FACTORIES}:llf",
                ),
                ControllerSpec(
                    name="edf-skip",
                    summary="EDF among jobs that can still meet their deadline",
                    factory=f"{_FACTORIES}:edf_skip",
                ),
                ControllerSpec(
                    name="value-density",
                    summary="least remaining work first",
                    factory=f"{_FACTORIES}:value_density",
                ),
                ControllerSpec(
                    name="best-effort",
                    summary="LBESA: EDF that sheds the least value density under overload",
                    factory=f"{_FACTORIES}:best_effort",
                ),
                ControllerSpec(
                    name="best-effort-horizon",
                    summary="best-effort that knows when the episode ends",
                    factory=f"{_FACTORIES}:best_effort_horizon",
                ),
            ),
            oracle=OracleSpec(
                name="optimum",
                summary="exact, by dynamic programming over remaining work and last task",
                factory="rlsys_rtos.oracle:RtosOracle",
            ),
            figures=(
                FigureSpec(
                    name="gantt",
                    summary="what ran when, with releases, deadlines and misses",
                    factory="rlsys_rtos.figures:gantt",
                ),
            ),
            reference="rate-monotonic",
            application="rlsys_rtos.application:RtosApplication",
            requires=(Requirement(name="numba", fix="pip install 'rlsys[rtos]'"),),
        )
    ]


@hookimpl
def rlsys_commands() -> list[CommandSpec]:
    """Describe ``rlsys gantt``."""
    return [
        CommandSpec(
            name="gantt",
            summary="Draw the schedule of any scheduler or trained policy.",
            command="rlsys_rtos.cli:gantt",
        )
    ]
