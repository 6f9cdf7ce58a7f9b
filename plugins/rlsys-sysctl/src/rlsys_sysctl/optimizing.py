"""`optimize`: from Python, what `rlsys sysctl tune` does.

It runs one agent on one workload, confirms the winner and writes the `sysctl-d` export into an
ordinary run directory.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rlsys.config import Document, Plan, plan_of, validate
from rlsys.descriptors import resolve
from rlsys.network import Network
from rlsys.plugins import Registry, Reporter, Workplace, check_requirements
from rlsys_sysctl.commands.dry_run import writes_of
from rlsys_sysctl.config import SysctlConfig
from rlsys_sysctl.workload.workload import TrainingSettings

_SEARCHERS = ("optuna", "random", "grid")
_PPO = {"steps": 60, "n_steps": 4, "batch_size": 4, "gamma": 0.0}
"""Defaults: an episode is one configuration, so there is nothing to discount."""


@dataclass(frozen=True)
class Tuned:
    """The outcome of a tuning.

    Attributes:
        best_configuration: values by parameter; the default's if it was not beaten.
        best_reward: of the configuration in the search; None if nothing ran or the agent does not
            search.
        improvement: in performance, as a share: 0.2 is 20 % better than the default.
        low, high: 95 % interval of the improvement.
        recommended: whether the interval excludes 0.
        original: values before and after the tuning.
        directory: of the run; None for a dry run.
        writes: what a dry run would have written, in order.
    """

    best_configuration: Mapping[str, str]
    best_reward: float | None
    improvement: float
    low: float
    high: float
    recommended: bool
    original: Mapping[str, str]
    directory: Path | None = None
    writes: tuple[tuple[str, str], ...] = ()


def optimize(
    config: Mapping[str, Any] | str | Path,
    dry_run: bool = False,
    *,
    agent: str = "optuna",
    settings: Mapping[str, Any] | None = None,
    environment: Mapping[str, Any] | None = None,
    seed: int = 0,
    out: str | Path | None = None,
    resume: bool = False,
    log: Callable[[str], None] = lambda _: None,
) -> Tuned:
    """Tune for a workload; afterwards the machine is as it was before.

    Args:
        config: the content of a workload file, its path, or the name of a shipped workload.
        dry_run: write nothing, run nothing, and return what would be written.
        agent: ``optuna``, ``random``, ``grid``, ``ppo`` or any other for continuous actions.
        settings: of the agent; they override the workload's training_config.
        environment: other settings of `SysctlConfig`, such as ``{"seconds": 5}``.
        seed: of the agent.
        out: run directory; None: a new one below ``runs``.
        resume: whether to continue with the run in `out`.
        log: receives progress messages.

    Raises:
        UserError: bad input, no permission, another tuner at work, a benchmark that fails.
        Interrupted: a signal; the machine is as it was, and `resume` goes on.
    """
    work = Workplace(reporter=_Log(log))
    plan = tuning_plan(work.registry, config, agent, settings or {}, environment or {}, seed)
    if dry_run:
        return dry(plan)
    return tune(work, plan, None if out is None else Path(out), resume=resume)


@dataclass(frozen=True)
class _Log(Reporter):
    write: Callable[[str], None]

    def say(self, text: str) -> None:
        """Pass the line on."""
        self.write(text)


def tuning_plan(
    registry: Registry,
    config: Mapping[str, Any] | str | Path,
    agent: str,
    settings: Mapping[str, Any],
    environment: Mapping[str, Any],
    seed: int,
) -> Plan:
    """Return the plan of a tuning; see `optimize`.

    Raises:
        ConfigError: a setting that is not allowed.
    """
    workload = config if isinstance(config, Mapping) else str(config)
    keys = {"workload": workload, **environment}
    checked = validate(SysctlConfig, keys)
    training = checked.workload.training_config
    return plan_of(
        registry,
        Document(
            {
                "plugin": "sysctl",
                "environment": keys,
                "agents": {agent: {**agent_settings(agent, training), **settings}},
                "training": {"checkpoint_every": 0, "validation_episodes": 1},
                "exports": {"sysctl-d": {}},
                "seed": seed,
            }
        ),
    )


def agent_settings(agent: str, training: TrainingSettings) -> dict[str, Any]:
    """Return the settings of an agent that a workload's training_config asks for."""
    steps = training.total_timesteps
    if agent in _SEARCHERS:
        return {} if steps is None else {"evaluations": steps}
    if agent != "ppo":
        return {} if steps is None else {"steps": steps}
    names = ("n_steps", "batch_size", "n_epochs", "learning_rate", "gamma")
    given = {name: getattr(training, name) for name in names}
    if steps is not None:
        given["steps"] = steps
    return {**_PPO, **{name: value for name, value in given.items() if value is not None}}


def dry(plan: Plan) -> Tuned:
    """Return what the tuning would write; nothing is written and nothing runs."""
    (spec, settings), *_ = plan.agents
    config = plan.cases[0].config
    planned = writes_of(config, resolve(spec.factory)(settings), plan.config.seed)
    return Tuned(
        planned.original, None, 0.0, 0.0, 0.0, False, planned.original, None, planned.writes
    )


def tune(work: Workplace, plan: Plan, out: Path | None, *, resume: bool) -> Tuned:
    """Run a plan of `tuning_plan`; see `optimize`."""
    # Late: a dry run does without them.
    from rlsys.executors.local import LocalExecutor
    from rlsys.training import NETWORK_FILE
    from rlsys.workflow import begin, default_directory, export_policies, train

    for spec, _ in plan.agents:
        check_requirements(spec.name, spec.requires)
    (case,) = plan.cases
    path = out or default_directory("sysctl", case.name)
    run = begin(work, plan, path, resume=resume)
    work.progress(f"run directory: {run.path}")
    with run.writing():
        train(work, plan, run, LocalExecutor(1))
        reports = export_policies(work, plan, run, plan.exports)
    (summary,) = (p for report in reports for p in report.files if p.name == "summary.json")
    network = Network.load(run.policy_directory(case.name, plan.config.seed) / NETWORK_FILE)
    return _outcome(json.loads(summary.read_text(encoding="utf-8")), network, run.path)


def _outcome(summary: Mapping[str, Any], network: Network, directory: Path) -> Tuned:
    seen = summary["confirmation"] or {"performance": 1.0, "low": 1.0, "high": 1.0}
    return Tuned(
        best_configuration={**summary["original"], **summary["values"]},
        best_reward=network.notes.get("best_reward"),
        improvement=seen["performance"] - 1.0,
        low=seen["low"] - 1.0,
        high=seen["high"] - 1.0,
        recommended=summary["recommended"],
        original=summary["original"],
        directory=directory,
    )
