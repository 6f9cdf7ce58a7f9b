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

_PRESETS = (
    "default",
    "toy",
    "medium",
    "scaled",
    "full",
    "taillard",
    "flexible",
    "dynamic",
    "curriculum",
)
_RULES = {
    "random": "every candidate is equally likely",
    "first-fit": "the job that is listed first",
    "importance-due": "important jobs first, then by due date",
    "fifo": "what arrived at its machine first",
    "spt": "shortest operation first",
    "mwkr": "most work remaining first",
    "mopnr": "most operations remaining first",
    "atc": "highest apparent tardiness cost first",
    "wmdd": "earliest weighted modified due date first",
    "noisy-mwkr": "best of 128 schedules by mwkr with noise",
    "least-rise": "what raises the machines' bounds least",
}


@hookimpl
def rlsys_environments() -> list[EnvironmentSpec]:
    """Describe the job-shop environment."""
    return [
        EnvironmentSpec(
            name="jobshop",
            summary="job shops, flexible ones, and factories with calendars and setups",
            config="rlsys_jobshop.env.config:JobshopConfig",
            vector_env="rlsys_jobshop.env.making:make",
            cases="rlsys_jobshop.env.config:cases",
            presets={name: f"rlsys_jobshop:presets/{name}.yaml" for name in _PRESETS},
            agent="self-labelling",
            metrics=(
                MetricSpec(
                    name="makespan",
                    summary="end of the last operation",
                    unit="time units",
                    better="lower",
                ),
                MetricSpec(
                    name="gap",
                    summary="makespan above the best known one, else above a lower bound",
                    unit="%",
                    better="lower",
                    curve=True,
                ),
                MetricSpec(
                    name="utilisation",
                    summary="share of the machines' open time that is worked",
                    better="higher",
                ),
                MetricSpec(
                    name="utilisation_spread",
                    summary="standard deviation of the utilisation over machines",
                    better="lower",
                ),
                MetricSpec(
                    name="tardiness",
                    summary="how late jobs are, summed",
                    unit="time units",
                    better="lower",
                ),
                MetricSpec(
                    name="weighted_tardiness",
                    summary="the same with important jobs counted several times",
                    unit="time units",
                    better="lower",
                    curve=True,
                ),
                MetricSpec(name="late_jobs", summary="late jobs", unit="jobs", better="lower"),
                MetricSpec(
                    name="on_time",
                    summary="share of the jobs with a due date that meet it",
                    better="higher",
                ),
                MetricSpec(
                    name="setup_time",
                    summary="time spent on setups, over all machines",
                    unit="time units",
                    better="lower",
                ),
                MetricSpec(
                    name="overtime",
                    summary="time for which operations run outside of regular hours",
                    unit="time units",
                    better="lower",
                ),
                MetricSpec(
                    name="violations",
                    summary="rules that the schedule breaks, as the validator counts them",
                    better="lower",
                ),
            ),
            baselines=tuple(
                ControllerSpec(
                    name=name,
                    summary=summary,
                    factory="rlsys_jobshop.env.rules:rule",
                    options={"name": name, "seed": 0},
                )
                for name, summary in _RULES.items()
            ),
            oracle=OracleSpec(
                name="best-found",
                summary="tabu search on classic job shops, else random-key hill climbing",
                factory="rlsys_jobshop.env.oracle:JobshopOracle",
            ),
            figures=(
                FigureSpec(
                    name="gantt",
                    summary="what ran when on which machine, with setups and breaks",
                    factory="rlsys_jobshop.figures.specs:gantt",
                ),
                FigureSpec(
                    name="utilisation",
                    summary="utilisation of each machine type under each controller",
                    factory="rlsys_jobshop.figures.specs:utilisation",
                ),
            ),
            reference="mwkr",
            requires=(Requirement(name="numba", fix="pip install 'rlsys[jobshop]'"),),
        )
    ]


@hookimpl
def rlsys_commands() -> list[CommandSpec]:
    """Describe ``rlsys jobshop``."""
    return [
        CommandSpec(
            name="jobshop",
            summary="Solve, check, convert and generate job shops.",
            command="rlsys_jobshop.commands.group:jobshop",
        )
    ]
