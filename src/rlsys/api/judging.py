"""What `evaluate` and `compare` do: play held-out episodes with policies that are there already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rlsys import workflow
from rlsys.api.outcome import Comparison
from rlsys.api.request import Request
from rlsys.api.runs import Run
from rlsys.config.document import assignment
from rlsys.config.plan import plan_of
from rlsys.errors import UserError
from rlsys.evaluation.evaluate import evaluate as play
from rlsys.evaluation.report import levels_of, result_document
from rlsys.figures.comparison import comparison_figure
from rlsys.figures.sheet import MATPLOTLIB
from rlsys.plugins.requirements import check_requirements
from rlsys.plugins.workplace import Workplace


def evaluate_request(work: Workplace, path: Path, given: Mapping[str, Any]) -> Run:
    """Evaluate the policies of a run again, and rewrite its figures and report.

    Args:
        given: settings of the evaluation by name; None: as the run is configured.

    Raises:
        UserError: not a run directory, a training that has not finished, a value out of range.
    """
    _, run = workflow.reopen(work, path)
    check_requirements("rlsys evaluate", (MATPLOTLIB,))
    document = run.config()
    for key, value in given.items():
        if value is not None:
            place = f"--{key.replace('_', '-')}"
            document = assignment(("evaluation", key), value, place).laid_upon(document)
    plan = plan_of(work.registry, document)
    evaluation = workflow.judge(work, plan, run)
    with run.adding():
        workflow.export_and_publish(work, plan, run, evaluation)
    return Run(path, work)


def compare_request(work: Workplace, request: Request, runs: Sequence[Path]) -> Comparison:
    """Compare runs, baselines and the optimum on the cases of the request's preset.

    Each run is compared on the cases that it has a policy for.

    Raises:
        UserError: a run of another plugin, or one that has no policy for any of the cases.
    """
    plan = request.plan(work.registry)
    policies, seeds = {}, set()
    for path in runs:
        trained, run = workflow.reopen(work, path)
        of_a_program = trained.environment.spaces is not None
        if trained.config.plugin != request.plugin and not of_a_program:
            raise UserError(
                f"{path}: this is a run of {trained.config.plugin}, not of {request.plugin}"
            )
        (networks,) = workflow.load_policies(trained, run).values()
        if of_a_program:
            # It was learned from a program that this environment is like: it plays all cases.
            (learned,) = networks.values()
            networks = {case.policy or case.name: learned for case in plan.cases}
        if not {case.policy or case.name for case in plan.cases} & set(networks):
            raise UserError(
                f"{path}: the run was trained on {sorted(networks)}, but preset "
                f"{plan.config.preset!r} evaluates none of these; choose another --preset"
            )
        name = path.resolve().name
        policies[name if name not in policies else str(path)] = networks
        seeds.update(trained.config.training_seeds())
    settings = plan.config.evaluation
    evaluation = play(
        plan.environment,
        plan.cases,
        policies,
        episodes=settings.episodes,
        first_episode=settings.first_episode,
        baselines=settings.baselines,
        oracle=settings.oracle,
        playing=plan.config.playing,
        progress=work.progress,
    )
    out = request.out
    document = result_document(
        plugin=request.plugin,
        preset=plan.config.preset,
        run=None,
        status="complete",
        seeds=sorted(seeds),
        evaluation=evaluation,
        artefacts={"comparison": str(out)} if out else {},
    )
    if out:
        rewards = [row for row in document["results"] if row["metric"] == "reward"]
        comparison_figure(rewards, out, levels_of(document))
    return Comparison(document, plan.environment.reference)
