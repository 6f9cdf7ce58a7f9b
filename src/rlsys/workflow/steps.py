"""The steps of a run, which write to one run directory: train, evaluate, draw, report."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from rlsys.config.plan import Plan, plan_of
from rlsys.errors import Interrupted
from rlsys.evaluation.evaluate import Evaluation, evaluate
from rlsys.evaluation.report import markdown, result_document
from rlsys.executors.executor import Executor, run_units
from rlsys.executors.training_unit import (
    SUMMARY_FILE,
    TrainingUnit,
    agent_directory,
    training_units,
)
from rlsys.plugins.run_events import RunEvents
from rlsys.plugins.workplace import Workplace
from rlsys.storage.atomic import write_atomically
from rlsys.training import checkpoint_step, unjudged_step
from rlsys.workflow.climb import climbed
from rlsys.workflow.continuing import more_steps, set_aside
from rlsys.workflow.drawing import draw
from rlsys.workflow.exported import Exported, raise_refusals
from rlsys.workflow.exports import attempt_exports
from rlsys.workflow.run_directory import RunDirectory
from rlsys.workflow.tensorboard import TensorBoardListener
from rlsys.workflow.told import told_evaluation
from rlsys.workflow.trained import load_policies


def begin(
    work: Workplace,
    plan: Plan,
    path: Path,
    *,
    resume: bool,
    command: Sequence[str] | None = None,
    may_grow: bool = False,
) -> RunDirectory:
    """Create the run directory of a plan, or reopen it.

    Args:
        command: what it keeps as the command that made it; None: that of this process.
        may_grow: whether the last agent of an existing run may get more steps. One with stages
            never grows: later stages have started from the networks of earlier ones.

    Raises:
        UserError: it cannot be written, or is the directory of a run with other settings.
    """
    config = plan.config.model_dump(mode="json")
    if not (resume and path.exists()):
        providers = (p.distribution for p in work.manager.plugins if p.status == "active")
        named = tuple(p for p in providers if p != "(file)")
        return RunDirectory.create(path, config, named, command)
    run = RunDirectory.open(path)
    allowed = may_grow and not plan.stages
    if more_steps(config, run.config().data, path, allowed=allowed) is not None:
        run.note_command(command)
    return run


def train(work: Workplace, plan: Plan, run: RunDirectory, executor: Executor) -> None:
    """Train everything that is not trained yet; call it inside ``run.writing()``.

    Meanwhile `work.reporter` shows progress, and TensorBoard gets its log.
    """
    set_aside(run, plan)
    events = RunEvents(work.manager, run.path)
    config = plan.config.model_dump(mode="json")
    place = run.policy_directory
    units = training_units(plan, work.manager.options, place, resume=True)
    _forget_unsaved_metrics(run, plan, units)

    def emit(line: Mapping[str, Any]) -> None:
        run.append_metrics(line)
        events.metrics(line)

    events.started(config)
    status = "failed"
    try:
        with work.reporter.following(len(units) > 1) as shown:
            listeners = [TensorBoardListener(), *([] if shown is None else [shown])]
            with work.manager.listening(*listeners):
                run_units(units, executor, emit)
        status = "complete"
    except (Interrupted, KeyboardInterrupt):
        status = "interrupted"
        raise
    finally:
        events.finished(status)


def judge(work: Workplace, plan: Plan, run: RunDirectory) -> Evaluation:
    """Evaluate the policies of a run according to its configuration.

    Of a system that cannot be played here, return what its last episodes earned.
    """
    if plan.environment.spaces is not None:
        return told_evaluation(plan, run)
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


def export_and_publish(
    work: Workplace, plan: Plan, run: RunDirectory, evaluation: Evaluation
) -> None:
    """Export the policies, then write the report, also if checks failed or an exporter refused.

    Raises:
        UserError: an exporter refused.
    """
    exports = attempt_exports(work, plan, run, plan.exports)
    publish(work, plan, run, evaluation, exports)
    raise_refusals(exports)


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
        status="failed" if any(export.refusal for export in exports) else "complete",
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
        command=run.commands,
        config=yaml.safe_dump(plan.config.model_dump(mode="json"), sort_keys=False),
        versions=run.manifest["versions"],
        summaries={case.name: case.summary for case in plan.cases},
        reference=plan.environment.reference,
        stages=climbed(plan, run),
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
        if "ended" in line and key in kept:  # it says so again when it has really ended
            return False
        limit = kept.get(key, -1)
        return key not in kept or (limit is not None and line["step"] <= limit)

    run.keep_metrics(wanted)
