"""The steps of a run, which write to one run directory: train, evaluate, draw, report."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from rlsys.config.plan import Plan, plan_of
from rlsys.errors import Interrupted, UserError
from rlsys.evaluation.evaluate import Evaluation, evaluate
from rlsys.evaluation.report import markdown, result_document
from rlsys.executors.executor import Executor, run_units
from rlsys.executors.training_unit import SUMMARY_FILE, TrainingUnit, agent_directory
from rlsys.plugins.run_events import RunEvents
from rlsys.plugins.workplace import Workplace
from rlsys.storage.atomic import write_atomically
from rlsys.training import checkpoint_step, unjudged_step
from rlsys.workflow.drawing import draw
from rlsys.workflow.exports import Exported
from rlsys.workflow.run_directory import RunDirectory
from rlsys.workflow.trained import load_policies


def begin(work: Workplace, plan: Plan, path: Path, *, resume: bool) -> RunDirectory:
    """Create the run directory of a plan, or reopen it.

    Raises:
        UserError: it cannot be written, or is the directory of a run with other settings.
    """
    config = plan.config.model_dump(mode="json")
    if not (resume and path.exists()):
        providers = (p.distribution for p in work.manager.plugins if p.status == "active")
        return RunDirectory.create(path, config, tuple(p for p in providers if p != "(file)"))
    run = RunDirectory.open(path)
    _same_config(config, run.config().data, path)
    return run


def train(work: Workplace, plan: Plan, run: RunDirectory, executor: Executor) -> None:
    """Train everything that is not trained yet; call it inside ``run.writing()``."""
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


def judge(work: Workplace, plan: Plan, run: RunDirectory) -> Evaluation:
    """Evaluate the policies of a run according to its configuration."""
    settings = plan.config.evaluation
    return evaluate(
        plan.environment,
        plan.cases,
        load_policies(plan, run),
        episodes=settings.episodes,
        first_episode=settings.first_episode,
        baselines=settings.baselines,
        oracle=settings.oracle,
        playing=plan.config.playing,
        progress=work.progress,
    )


def publish(
    work: Workplace,
    plan: Plan,
    run: RunDirectory,
    evaluation: Evaluation,
    exports: Sequence[Exported] = (),
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
        verdicts=[verdict for export in exports for verdict in export.verdicts],
        artefacts={"episodes": "evaluation/episodes.csv"},
        notes=[note for export in exports for note in export.notes],
    )
    work.progress("figures")
    document["artefacts"] |= draw(plan, run, document)
    for export in exports:
        document["artefacts"] |= export.artefacts(run.path)
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


def reopen(work: Workplace, path: Path) -> tuple[Plan, RunDirectory]:
    """Return the plan and directory of an existing run."""
    run = RunDirectory.open(path)
    return plan_of(work.registry, run.config()), run


def _forget_unsaved_metrics(run: RunDirectory, plan: Plan, units: Sequence[TrainingUnit]) -> None:
    """Drop metrics that a killed training wrote after its last checkpoint; it will repeat them."""
    if not (run.path / "metrics.jsonl").exists():
        return
    kept: dict[tuple[str, int, str], int | None] = {}
    unjudged: dict[tuple[str, int, str], int | None] = {}
    for unit in units:
        for index, (agent, _) in enumerate(plan.agents):
            directory = agent_directory(unit.directory, index, agent.name)
            if not (directory / SUMMARY_FILE).exists():
                kept[unit.case, unit.seed, agent.name] = checkpoint_step(directory)
                unjudged[unit.case, unit.seed, agent.name] = unjudged_step(directory)

    def wanted(line: Mapping[str, Any]) -> bool:
        key = (line["case"], line["seed"], line["agent"])
        if "validation_reward" in line and line["step"] == unjudged.get(key):
            return False
        limit = kept.get(key, -1)
        return key not in kept or (limit is not None and line["step"] <= limit)

    run.keep_metrics(wanted)


def _same_config(now: Mapping[str, Any], then: Any, path: Path) -> None:
    # The order of the agents also matters.
    new, old = ({"agents": ", ".join(c.get("agents") or ()), **_flat(c)} for c in (now, then))
    for key in dict.fromkeys((*new, *old)):
        if new.get(key) != old.get(key):
            raise UserError(
                f"{path}: was started with {key} = {old.get(key)!r}, not {new.get(key)!r}; resume "
                "it with its own settings, or start a new run with another --out"
            )


def _flat(data: Any, prefix: str = "") -> dict[str, Any]:
    if not isinstance(data, dict) or not data:
        return {prefix: data}
    return {
        key: value
        for name, part in data.items()
        for key, value in _flat(part, f"{prefix}.{name}" if prefix else str(name)).items()
    }
