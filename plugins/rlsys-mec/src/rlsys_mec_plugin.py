"""What this plugin provides to rlsys; imports nothing heavy.

It lies beside the package because importing the package imports Gymnasium.
"""

from __future__ import annotations

from rlsys.descriptors import (
    ControllerSpec,
    EnvironmentSpec,
    FigureSpec,
    LearningFigureSpec,
    MetricSpec,
    OracleSpec,
    Requirement,
)
from rlsys.hookspecs import hookimpl

_FACTORIES = "rlsys_mec.baselines.factories"
_PRESETS = ("phase1", "phase2", "phase2-flat", "backlog", "contended")


@hookimpl
def rlsys_environments() -> list[EnvironmentSpec]:
    """Describe the offloading environment."""
    return [
        EnvironmentSpec(
            name="mec",
            summary="offloading of many users' tasks to one edge server",
            config="rlsys_mec.config:MecConfig",
            vector_env="rlsys_mec.vector_env:MecVectorEnv",
            cases="rlsys_mec.config:cases",
            presets={
                "default": "rlsys_mec:presets/phase1.yaml",
                **{name: f"rlsys_mec:presets/{name}.yaml" for name in _PRESETS},
            },
            agent="sb3-shared",
            metrics=(
                MetricSpec(
                    name="qos",
                    summary="QoS, summed over users and slots",
                    better="higher",
                    curve=True,
                ),
                MetricSpec(
                    name="energy",
                    summary="energy of users and server, summed over slots",
                    unit="J",
                    better="lower",
                    curve=True,
                ),
                MetricSpec(
                    name="hit_rate",
                    summary="share of the tasks done by their deadline",
                    better="higher",
                ),
                MetricSpec(
                    name="offload_share",
                    summary="share of the tasks that are offloaded",
                    better="neither",
                ),
                *_of_parts("ue", "user of a flat system"),
                *_of_parts("cluster", "cluster of a hierarchy"),
            ),
            baselines=(
                _rule("local-only", "nobody offloads", "nobody", "edf"),
                _rule(
                    "all-offload-fifo", "everybody offloads, first come first", "everybody", "fifo"
                ),
                _rule(
                    "all-offload-edf",
                    "everybody offloads, earliest deadline first",
                    "everybody",
                    "edf",
                ),
                ControllerSpec(
                    name="random",
                    summary="every action drawn uniformly",
                    factory=f"{_FACTORIES}:random",
                ),
                _rule(
                    "selfish-fifo",
                    "users who would gain alone offload, first come first",
                    "selfish",
                    "fifo",
                ),
                _rule(
                    "selfish-edf",
                    "users who would gain alone offload, earliest deadline first",
                    "selfish",
                    "edf",
                ),
                _rule(
                    "greedy-fifo",
                    "admits by gain while the reward rises, first come first",
                    "greedy",
                    "fifo",
                ),
                _rule(
                    "greedy-edf",
                    "admits by gain while the reward rises, earliest deadline first",
                    "greedy",
                    "edf",
                ),
                ControllerSpec(
                    name="greedy-limited",
                    summary="greedy, with a limit on how long the server is busy",
                    factory=f"{_FACTORIES}:limited_greedy",
                    options={"limit": 0.75, "order": "fifo"},
                ),
                _ascent("fifo", "first come first"),
                _ascent("edf", "earliest deadline first"),
                ControllerSpec(
                    name="greedy-jit",
                    summary="greedy, with shares by which tasks arrive just in time for their turn",
                    factory=f"{_FACTORIES}:just_in_time",
                ),
                ControllerSpec(
                    name="coordinate-ascent-jit",
                    summary="local search over who offloads, with shares as in greedy-jit",
                    factory=f"{_FACTORIES}:just_in_time",
                    options={"restarts": 4},
                ),
            ),
            oracle=OracleSpec(
                name="reference",
                summary="optimum of each slot up to 6 users, beyond that the best found",
                factory="rlsys_mec.reference.oracle:MecOracle",
            ),
            figures=(
                FigureSpec(
                    name="edge_schedule_view",
                    summary="transmission and execution of every user in one slot",
                    factory="rlsys_mec.figures:edge_schedule_view",
                    first_case_only=True,
                ),
            ),
            learning_figures=tuple(
                LearningFigureSpec(
                    name=f"{name}_{metric}_over_learning",
                    summary=f"{metric} of an episode over the training",
                    metric=metric if name == "sum" else f"{name.removeprefix('per_')}_{metric}",
                )
                for name in ("sum", "per_ue", "per_cluster")
                for metric in ("qos", "energy")
            ),
            reference="greedy-edf",
            requires=(
                Requirement(name="scipy", fix="pip install 'rlsys[mec]'"),
                Requirement(name="sklearn", fix="pip install 'rlsys[mec]'"),
            ),
        )
    ]


def _of_parts(part: str, named: str) -> tuple[MetricSpec, MetricSpec]:
    """Return the metrics of one part of the system; there are none where it has no such parts."""
    return (
        MetricSpec(name=f"{part}_qos", summary=f"QoS, each {named}", better="higher", vector=True),
        MetricSpec(
            name=f"{part}_energy",
            summary=f"energy, each {named}",
            unit="J",
            better="lower",
            vector=True,
        ),
    )


def _rule(name: str, summary: str, users: str, order: str) -> ControllerSpec:
    return ControllerSpec(
        name=name,
        summary=summary,
        factory=f"{_FACTORIES}:rule",
        options={"users": users, "order": order},
    )


def _ascent(order: str, named: str) -> ControllerSpec:
    return ControllerSpec(
        name=f"coordinate-ascent-{order}",
        summary=f"local search over who offloads, equal shares of the band, {named}",
        factory=f"{_FACTORIES}:coordinate_ascent",
        options={"restarts": 4, "order": order},
    )
