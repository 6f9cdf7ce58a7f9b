"""The steps of a run, all into one run directory: train, evaluate, draw, report."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from rlsys.controllers import Controller
from rlsys.descriptors import Case, MetricSpec, resolve
from rlsys.errors import Interrupted, UserError
from rlsys.evaluation import REWARD, Evaluation, evaluate, make_baseline
from rlsys.events import RunEvents
from rlsys.execution import Executor, run_units
from rlsys.exporting import ExportReport
from rlsys.figures import Panel, comparison_figure, learning_figure, training_figure
from rlsys.plugins import PluginManager
from rlsys.policies import Policy, controller_of, load_policy
from rlsys.registry import Registry
from rlsys.report import cases_of, markdown, ranked, result_document
from rlsys.runconfig import Plan, plan_of
from rlsys.runs import RunDirectory, write_atomically
from rlsys.training import NETWORK_FILE, checkpoint_step
from rlsys.units import SUMMARY_FILE, TrainingUnit, agent_directory

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Workplace:
    """The plugins at hand, and who hears how the work goes on."""

    manager: PluginManager
    registry: Registry
    progress: Progress = lambda _: None


def begin(work: Workplace, plan: Plan, path: Path, *, resume: bool) -> RunDirectory:
    """Make the run directory of a plan, or reopen it.

    Raises:
        UserError: it cannot be written, or what is there is another run.
    """
    config = plan.config.model_dump(mode="json")
    if not (resume and path.exists()):
        providers = (p.distribution for p in work.manager.plugins if p.status == "active")
        return RunDirectory.create(path, config, tuple(p for p in providers if p != "(file)"))
    run = RunDirectory.open(path)
    _same_config(config, run.config().data, path)
    return run


def train(work: Workplace, plan: Plan, run: RunDirectory, executor: Executor) -> None:
    """Train all that is not trained yet; call it inside ``run.writing()``."""
    events = RunEvents(work.manager, run.path)
    config = plan.config.model_dump(mode="json")
    units = [
        TrainingUnit(
            plugins=work.manager.options,
            config=config,
            case=case.name,
            seed=seed,
            directory=run.policy_directory(case.name, seed),
            resume=True,
        )
        for case in plan.trained_cases
        for seed in plan.config.training_seeds()
    ]
    _forget_unsaved_metrics(run, plan, units)

    def emit(line: Mapping[str, Any]) -> None:
        run.append_metrics(line)
        events.metrics(line)

    events.started(config)
    status = "failed"
    try:
        run_units(units, executor, emit)
        status = "complete"
    except (Interrupted, KeyboardInterrupt):
        status = "interrupted"
        raise
    finally:
        events.finished(status)


def load_policies(plan: Plan, run: RunDirectory) -> dict[str, dict[str, list[Policy]]]:
    """Return the trained networks of a run: controller, then case, then one a seed.

    Raises:
        UserError: the training has not finished.
    """
    networks: dict[str, list[Policy]] = {}
    for case in plan.trained_cases:
        for seed in plan.config.training_seeds():
            path = run.policy_directory(case.name, seed) / NETWORK_FILE
            if not path.exists():
                raise UserError(
                    f"{run.path}: the training of case {case.name!r}, seed {seed}, has not "
                    "finished; finish it with --resume"
                )
            networks.setdefault(case.name, []).append(load_policy(path))
    return {controller_name(plan): networks}


def controller_name(plan: Plan) -> str:
    """Return the name of what a plan trains: its agents, joined by ``+``."""
    return "+".join(plan.config.agents)


def judge(work: Workplace, plan: Plan, run: RunDirectory) -> Evaluation:
    """Evaluate the policies of a run as its configuration says."""
    settings = plan.config.evaluation
    return evaluate(
        plan.environment,
        plan.cases,
        load_policies(plan, run),
        episodes=settings.episodes,
        first_episode=settings.first_episode,
        baselines=settings.baselines,
        oracle=settings.oracle,
        progress=work.progress,
    )


def publish(
    work: Workplace,
    plan: Plan,
    run: RunDirectory,
    evaluation: Evaluation,
    exports: Sequence[ExportReport] = (),
) -> dict[str, Any]:
    """Write episodes, figures, report and result document; return the document."""
    (run.path / "evaluation").mkdir(exist_ok=True)
    evaluation.write_csv(run.path / "evaluation" / "episodes.csv")
    document = result_document(
        plugin=plan.config.plugin,
        preset=plan.config.preset,
        run=str(run.path),
        status="complete",
        seeds=plan.config.training_seeds(),
        evaluation=evaluation,
        verdicts=[check for report in exports for check in report.checks],
        artefacts={"episodes": "evaluation/episodes.csv"},
        notes=[note for report in exports for note in report.notes],
    )
    work.progress("figures")
    document["artefacts"] |= draw(plan, run, document)
    for report in exports:
        document["artefacts"] |= artefacts_of(report, run)
    document["artefacts"]["report"] = "report.md"
    text = markdown(
        document,
        command=run.manifest["command"],
        config=yaml.safe_dump(plan.config.model_dump(mode="json"), sort_keys=False),
        versions=run.manifest["versions"],
        summaries={case.name: case.summary for case in plan.cases},
        reference=plan.environment.reference,
    )
    write_atomically(run.path / "report.md", text)
    write_atomically(run.path / "result.json", json.dumps(document, indent=2) + "\n")
    return document


def artefacts_of(report: ExportReport, run: RunDirectory) -> dict[str, str]:
    """Return what an export made, by name: relative to the run directory where it lies in it."""
    home = run.path.resolve()
    names = (
        str(path.relative_to(home) if path.is_relative_to(home) else path) for path in report.shown
    )
    return {name: name for name in names}


def draw(plan: Plan, run: RunDirectory, document: Mapping[str, Any]) -> dict[str, str]:
    """Draw all figures of a run; return their paths by name."""
    directory = run.path / "figures"
    directory.mkdir(exist_ok=True)
    rewards = [row for row in document["results"] if row["metric"] == "reward"]
    panels = [
        _panel(metric, document) for metric in (REWARD, *plan.environment.metrics) if metric.curve
    ]
    paths = {}
    lines = run.metrics()
    if any(panel.metric in line for line in lines for panel in panels):
        training_figure(lines, panels, directory / "training_reward.png")
        paths["training_reward"] = "figures/training_reward.png"
    comparison_figure(rewards, directory / "comparison.png")
    paths["comparison"] = "figures/comparison.png"
    for learning in plan.environment.learning_figures:
        (metric,) = (m for m in plan.environment.metrics if m.name == learning.metric)
        if learning_figure(lines, metric.name, _label(metric), directory / f"{learning.name}.png"):
            paths[learning.name] = f"figures/{learning.name}.png"
    policies = load_policies(plan, run)
    for figure in plan.environment.figures:
        for case in plan.cases[:1] if figure.first_case_only else plan.cases:
            name = figure.name if figure.first_case_only else f"{figure.name}-{case.name}"
            solved = any(r["case"] == case.name and r["kind"] == "oracle" for r in rewards)
            controllers = fresh_controllers(plan, case, policies, oracle=solved)
            resolve(figure.factory)(case.name, case.config, controllers, directory / f"{name}.png")
            paths[name] = f"figures/{name}.png"
    return paths


def _panel(metric: MetricSpec, document: Mapping[str, Any]) -> Panel:
    """Return the panel of a metric, with the best baseline and the optimum as levels."""
    levels: dict[str, dict[str, float]] = {}
    for case in cases_of(document):
        for kind in ("oracle", "baseline"):
            rows = [row for row in ranked(document, case, metric.name) if row["kind"] == kind]
            if rows:
                levels.setdefault(case, {})[rows[0]["controller"]] = rows[0]["mean"]
    return Panel(metric.name, _label(metric), levels)


def _label(metric: MetricSpec) -> str:
    return metric.name.replace("_", " ") + (f" ({metric.unit})" if metric.unit else "")


def fresh_controllers(
    plan: Plan,
    case: Case,
    policies: Mapping[str, Mapping[str, Sequence[Policy]]],
    *,
    oracle: bool = True,
) -> dict[str, Controller]:
    """Return controllers for a case: learned (first seed), baselines, oracle where it is wanted."""
    controllers: dict[str, Controller] = {}
    for name, by_case in policies.items():
        networks = by_case.get(case.policy or case.name)
        if networks:
            controllers[name] = controller_of(networks[0])
    for baseline in plan.environment.baselines:
        controllers[baseline.name] = make_baseline(baseline, case)
    if plan.environment.oracle is not None and plan.config.evaluation.oracle and oracle:
        controllers[plan.environment.oracle.name] = resolve(plan.environment.oracle.factory)(
            case.config
        )
    return controllers


def reopen(work: Workplace, path: Path) -> tuple[Plan, RunDirectory]:
    """Return the plan and directory of an existing run."""
    run = RunDirectory.open(path)
    return plan_of(work.registry, run.config()), run


def _forget_unsaved_metrics(run: RunDirectory, plan: Plan, units: Sequence[TrainingUnit]) -> None:
    """Drop metrics that a killed training wrote after its last checkpoint: it repeats them."""
    if not (run.path / "metrics.jsonl").exists():
        return
    kept: dict[tuple[str, int, str], int | None] = {}
    for unit in units:
        for index, (agent, _) in enumerate(plan.agents):
            directory = agent_directory(unit.directory, index, agent.name)
            if not (directory / SUMMARY_FILE).exists():
                kept[unit.case, unit.seed, agent.name] = checkpoint_step(directory)

    def wanted(line: Mapping[str, Any]) -> bool:
        key = (line["case"], line["seed"], line["agent"])
        limit = kept.get(key, -1)
        return key not in kept or (limit is not None and line["step"] <= limit)

    run.keep_metrics(wanted)


def _same_config(now: Mapping[str, Any], then: Any, path: Path) -> None:
    # The order of the agents counts, too.
    new, old = ({"agents": ", ".join(c.get("agents") or ()), **_flat(c)} for c in (now, then))
    for key in dict.fromkeys((*new, *old)):
        if new.get(key) != old.get(key):
            raise UserError(
                f"{path}: was begun with {key} = {old.get(key)!r}, not {new.get(key)!r}; resume it "
                "with its own settings, or begin another run with another --out"
            )


def _flat(data: Any, prefix: str = "") -> dict[str, Any]:
    if not isinstance(data, dict) or not data:
        return {prefix: data}
    return {
        key: value
        for name, part in data.items()
        for key, value in _flat(part, f"{prefix}.{name}" if prefix else str(name)).items()
    }
