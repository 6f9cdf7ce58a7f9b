"""`rlsys evaluate`: evaluate the policies of a run again."""

from __future__ import annotations

from pathlib import Path

import click

from rlsys.cli.context import App
from rlsys.cli.options import evaluation_options, json_option, pass_app, quiet_option


@click.command("evaluate")
@click.argument("run_path", metavar="RUN", type=click.Path(path_type=Path))
@evaluation_options
@click.option(
    "--first-episode", type=int, metavar="N", help="Number of the first held-out episode."
)
@json_option
@quiet_option
@pass_app
def command(
    app: App,
    /,
    run_path: Path,
    episodes: int | None,
    no_oracle: bool,
    first_episode: int | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Evaluate the policies of the run directory RUN, and rewrite its figures and report."""
    from rlsys import workflow
    from rlsys.cli.progress import announce
    from rlsys.cli.result_table import show_document
    from rlsys.config.document import assignment
    from rlsys.config.plan import plan_of
    from rlsys.figures.sheet import MATPLOTLIB
    from rlsys.plugins.requirements import check_requirements
    from rlsys.workflow.exports import export_policies

    work = app.workplace(announce(quiet))
    _, run = workflow.reopen(work, run_path)
    check_requirements("rlsys evaluate", (MATPLOTLIB,))
    document = run.config()
    given = {
        "episodes": episodes,
        "first_episode": first_episode,
        "oracle": False if no_oracle else None,
    }
    for key, value in given.items():
        if value is not None:
            place = f"--{key.replace('_', '-')}"
            document = assignment(("evaluation", key), value, place).laid_upon(document)
    plan = plan_of(app.registry, document)
    evaluation = workflow.judge(work, plan, run)
    with run.adding():
        exports = export_policies(work, plan, run, plan.exports)
        result = workflow.publish(work, plan, run, evaluation, exports)
    show_document(result, as_json, reference=plan.environment.reference)
