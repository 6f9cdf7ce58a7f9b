"""What `run` and `train` do: resolve the plan, open the run directory, train, and all the rest."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rlsys import workflow
from rlsys.api.executing import executor_of
from rlsys.api.request import Request
from rlsys.api.runs import Run, Series
from rlsys.config.plan import Plan, PlannedExport
from rlsys.descriptors import resolve
from rlsys.errors import UserError
from rlsys.figures.sheet import MATPLOTLIB
from rlsys.figures.sweep import sweep_figure
from rlsys.plugins.requirements import check_requirements
from rlsys.plugins.workplace import Workplace
from rlsys.workflow.run_directory import RunDirectory
from rlsys.workflow.run_home import default_directory, newest_unfinished
from rlsys.workflow.sweep import curves, merged, parse_sweep, write_result

SWEEP_FIGURE = "figures/sweep.png"


def train_request(work: Workplace, request: Request, command: Sequence[str] | None = None) -> Run:
    """Train, without evaluation and exports.

    Args:
        command: what the run directory keeps as the command that made it; None: that of this
            process.
    """
    with _training(work, request, command, whole=False) as (_, run):
        pass
    return Run(run.path, work)


def run_request(
    work: Workplace, request: Request, command: Sequence[str] | None = None
) -> Run | Series:
    """Train, evaluate, draw, report and export; see `train_request` for `command`.

    A failed check is a verdict of the result; `Outcome.raise_failed_checks` raises it.
    """
    if request.sweep is not None:
        return _series(work, request, request.sweep, command)
    return _whole_run(work, request, command)


def _whole_run(work: Workplace, request: Request, command: Sequence[str] | None) -> Run:
    with _training(work, request, command, whole=True) as (plan, run):
        evaluation = workflow.judge(work, plan, run)
        workflow.export_and_publish(work, plan, run, evaluation)
    return Run(run.path, work)


def _series(work: Workplace, request: Request, text: str, command: Sequence[str] | None) -> Series:
    """Do a whole run for every value of a setting.

    With `resume`, points that are already complete are not run again.

    Raises:
        UserError: the directory exists and `resume` is not set, or a point cannot be run.
    """
    sweep = parse_sweep(text)
    if request.resume and request.out is None:
        raise UserError("--resume needs the directory of the sweep; give it with --out")
    preset = f"{request.preset or 'default'}-{sweep.name}"
    home = request.out or default_directory(request.plugin, preset)
    if home.exists() and any(home.iterdir()) and not request.resume:
        raise UserError(f"{home}: already exists; choose another --out, or continue with --resume")
    documents = {}
    for value in sweep.values:
        path = sweep.directory(home, value)
        point = request.at_point(sweep.assignment(value), path)
        if not workflow.is_done(point.plan(work.registry), path):
            work.progress(f"sweep: {sweep.label(value)}")
            _whole_run(work, point, command)
        documents[value] = json.loads((path / "result.json").read_text(encoding="utf-8"))
    document = merged(sweep, documents, home)
    sweep_figure(sweep.name, sweep.values, curves(sweep, document), home / SWEEP_FIGURE)
    document["artefacts"]["sweep"] = SWEEP_FIGURE
    write_result(home, document)
    return Series(home, work)


@contextmanager
def _training(
    work: Workplace, request: Request, command: Sequence[str] | None, *, whole: bool
) -> Iterator[tuple[Plan, RunDirectory]]:
    """Train, then yield while the run directory is still locked for writing.

    Args:
        whole: whether figures and exports follow; their requirements are checked before training.
    """
    plan = request.plan(work.registry)
    choose = newest_unfinished if request.resume else default_directory
    with executor_of(work.registry, request, plan) as executor:
        _check_what_is_needed(plan, whole=whole)
        path = request.out or choose(request.plugin, plan.config.preset)
        run = workflow.begin(
            work, plan, path, resume=request.resume, command=command, may_grow=True
        )
        work.progress(f"run directory: {run.path}")
        with run.writing():
            workflow.train(work, plan, run, executor)
            yield plan, run


def _check_what_is_needed(plan: Plan, *, whole: bool) -> None:
    check_requirements(plan.environment.name, plan.environment.requires)
    for spec, _ in plan.agents:
        check_requirements(spec.name, spec.requires)
    if whole:
        check_requirements("rlsys run", (MATPLOTLIB,))
        for planned in plan.exports:
            _check_export(planned)


def _check_export(planned: PlannedExport) -> None:
    """Find out before a long training, not after it, whether this machine can make an export."""
    if planned.spec is None or planned.optional:
        return
    check_requirements(f"exporter {planned.name!r}", planned.spec.requires)
    if planned.spec.ready is not None:
        resolve(planned.spec.ready)(planned.settings)
