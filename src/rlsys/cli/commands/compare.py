"""`rlsys compare`: compare runs, all baselines and the optimum on the same episodes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from rlsys.cli.context import App
from rlsys.cli.options import (
    config_options,
    evaluation_options,
    json_option,
    overrides,
    pass_app,
    quiet_option,
)


@click.command("compare")
@click.argument("plugin")
@click.argument("runs", nargs=-1, metavar="[RUN]...", type=click.Path(path_type=Path))
@config_options
@evaluation_options
@click.option(
    "--out", type=click.Path(path_type=Path), metavar="FILE", help="Also draw a figure, as PNG."
)
@json_option
@quiet_option
@pass_app
def command(
    app: App,
    /,
    plugin: str,
    runs: tuple[Path, ...],
    out: Path | None,
    as_json: bool,
    quiet: bool,
    **settings: Any,
) -> None:
    """Compare RUNs, baselines and the optimum on the cases of PLUGIN's preset.

    Each run is compared on the cases that it has a policy for. Without a RUN, the baselines are
    compared with the optimum.
    """
    from rlsys import workflow
    from rlsys.cli.progress import announce
    from rlsys.cli.result_table import show_document
    from rlsys.config.plan import resolve_plan
    from rlsys.errors import UserError
    from rlsys.evaluation.evaluate import evaluate
    from rlsys.evaluation.report import result_document
    from rlsys.figures.comparison import comparison_figure

    work = app.workplace(announce(quiet))
    plan = resolve_plan(app.registry, plugin, overrides(**settings))
    policies, seeds = {}, set()
    for path in runs:
        trained, run = workflow.reopen(work, path)
        if trained.config.plugin != plugin:
            raise UserError(f"{path}: this is a run of {trained.config.plugin}, not of {plugin}")
        (networks,) = workflow.load_policies(trained, run).values()
        if not {case.policy or case.name for case in plan.cases} & set(networks):
            raise UserError(
                f"{path}: the run was trained on {sorted(networks)}, but preset "
                f"{plan.config.preset!r} evaluates none of these; choose another --preset"
            )
        name = path.resolve().name
        policies[name if name not in policies else str(path)] = networks
        seeds.update(trained.config.training_seeds())
    evaluation = evaluate(
        plan.environment,
        plan.cases,
        policies,
        episodes=plan.config.evaluation.episodes,
        first_episode=plan.config.evaluation.first_episode,
        baselines=plan.config.evaluation.baselines,
        oracle=plan.config.evaluation.oracle,
        playing=plan.config.playing,
        progress=work.progress,
    )
    document = result_document(
        plugin=plugin,
        preset=plan.config.preset,
        run=None,
        status="complete",
        seeds=sorted(seeds),
        evaluation=evaluation,
        artefacts={"comparison": str(out)} if out else {},
    )
    if out:
        comparison_figure([r for r in document["results"] if r["metric"] == "reward"], out)
    show_document(document, as_json, reference=plan.environment.reference)
