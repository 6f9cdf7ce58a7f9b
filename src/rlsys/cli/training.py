"""What `run` and `train` share: resolve the plan, open the run directory, train with progress."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rlsys import workflow
from rlsys.cli.context import App
from rlsys.cli.executing import Place, make_executor
from rlsys.cli.options import overrides
from rlsys.cli.progress import ProgressListener, announce
from rlsys.config.plan import Overrides, Plan, PlannedExport, resolve_plan
from rlsys.descriptors import resolve
from rlsys.errors import UserError
from rlsys.figures.sheet import MATPLOTLIB
from rlsys.plugins.requirements import check_requirements
from rlsys.workflow.run_directory import RunDirectory
from rlsys.workflow.run_home import default_directory, newest_unfinished
from rlsys.workflow.tensorboard import TensorBoardListener


@contextmanager
def training(
    app: App,
    plugin: str,
    settings: Mapping[str, Any],
    place: Place,
    out: Path | None,
    resume: bool,
    quiet: bool,
    *,
    whole: bool = False,
) -> Iterator[tuple[workflow.Workplace, Plan, RunDirectory]]:
    """Train, then yield while the run directory is still locked for writing.

    Args:
        whole: whether figures and exports follow; their requirements are checked before training.
    """
    work = app.workplace(announce(quiet))
    layers = dict(settings)
    steps = layers.pop("steps")
    plan = plan_with_steps(app, plugin, overrides(**layers), steps)
    check_requirements(plan.environment.name, plan.environment.requires)
    for spec, _ in plan.agents:
        check_requirements(spec.name, spec.requires)
    if whole:
        check_requirements("rlsys run", (MATPLOTLIB,))
        for planned in plan.exports:
            _check_export(planned)
    executor = make_executor(app, place, plan)
    path = out or (
        newest_unfinished(plugin, plan.config.preset)
        if resume
        else default_directory(plugin, plan.config.preset)
    )
    run = workflow.begin(work, plan, path, resume=resume)
    work.progress(f"run directory: {run.path}")
    app.manager.register_listener(TensorBoardListener())
    with run.writing():
        with ProgressListener(plan, quiet) as listener:
            app.manager.register_listener(listener)
            workflow.train(work, plan, run, executor)
        yield work, plan, run


def _check_export(planned: PlannedExport) -> None:
    """Find out before a long training, not after it, whether this machine can make an export."""
    if planned.spec is None or planned.optional:
        return
    check_requirements(f"exporter {planned.name!r}", planned.spec.requires)
    if planned.spec.ready is not None:
        resolve(planned.spec.ready)(planned.settings)


def plan_with_steps(app: App, plugin: str, layers: Overrides, steps: int | None) -> Plan:
    """Resolve a plan; `steps`, if given, sets the environment steps of its first agent.

    Raises:
        UserError: the first agent has no setting ``steps``.
    """
    plan = resolve_plan(app.registry, plugin, layers)
    if steps is None:
        return plan
    spec, config = plan.agents[0]
    if "steps" not in type(config).model_fields:
        raise UserError(f"agent {spec.name!r} has no setting 'steps'; leave out --steps")
    flags = (*layers.flags, (f"agents.{spec.name}.steps", steps))
    return resolve_plan(
        app.registry,
        plugin,
        Overrides(layers.preset, layers.file, layers.assignments, layers.agents, flags),
    )
