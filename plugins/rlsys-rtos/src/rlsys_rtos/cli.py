"""`rlsys gantt`: draw the schedule of any scheduler."""

from __future__ import annotations

from pathlib import Path

import click

from rlsys.cli.numbers import CountFrom
from rlsys.cli.options import config_options, pass_work
from rlsys.plugins import Workplace


@click.command("gantt")
@click.argument("controller")
@config_options
@click.option("--case", metavar="NAME", help="Case of the preset.  [default: the first]")
@click.option("--episode", type=CountFrom(min=0), default=0, show_default=True, metavar="N",
              help="Number of the held-out episode.")  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path), default="gantt.png", show_default=True,
              metavar="FILE", help="PNG to write.")  # fmt: skip
@pass_work
def gantt(
    work: Workplace,
    /,
    controller: str,
    preset: str | None,
    config: str | None,
    set: tuple[str, ...],
    case: str | None,
    episode: int,
    out: Path,
) -> None:
    """Draw one episode of CONTROLLER: a baseline, `optimum`, or a run directory."""
    from rlsys.api import Request
    from rlsys.controllers import Controller
    from rlsys.errors import UserError, did_you_mean
    from rlsys.policies import controller_of
    from rlsys.seeds import evaluation_seeds
    from rlsys.workflow import fresh_controllers, load_policies, reopen
    from rlsys_rtos.gantt import save

    plan = Request(plugin="rtos", preset=preset, config=config, set=set).plan(work.registry)
    chosen = plan.case(case) if case else plan.cases[0]
    if (Path(controller) / "manifest.json").exists():
        trained, run = reopen(work, Path(controller))
        (by_case,) = load_policies(trained, run).values()
        policy = chosen.policy or chosen.name
        if policy not in by_case:
            raise UserError(f"{controller}: no policy for case {policy!r}; it has {list(by_case)}")
        drawn: Controller = controller_of(by_case[policy][0])
    else:
        known = fresh_controllers(plan, chosen, {})
        if controller not in known:
            raise UserError(f"unknown controller {controller!r}{did_you_mean(controller, known)}")
        drawn = known[controller]
    (seed,) = evaluation_seeds(1, episode)
    save(chosen.config, drawn, f"{chosen.name}: {Path(controller).name}", out, seed)
    click.echo(out)
