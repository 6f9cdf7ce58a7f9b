"""`rlsys sysctl tune`: tune the machine for a benchmark of your own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rlsys.cli.numbers import Count, CountFrom
from rlsys.cli.options import json_option, pass_work, quiet_option, reporting
from rlsys.plugins import Workplace

if TYPE_CHECKING:
    from rlsys_sysctl.optimizing import Tuned


@click.command("tune")
@click.argument("workload")
@click.option("--dry-run", is_flag=True, help="Show every write; change and run nothing.")
@click.option("--namespaced-only", is_flag=True,
              help="Refuse parameters that the whole machine shares (for containers).")  # fmt: skip
@click.option("--allow-dangerous", is_flag=True,
              help="Also tune parameters that can take the machine down.")  # fmt: skip
@click.option("--agent", default="optuna", show_default=True, metavar="NAME",
              help="optuna, random, grid, ppo, ...")  # fmt: skip
@click.option("--evaluations", type=CountFrom(min=1), metavar="N",
              help="Budget in full runs.  [default: the workload's, else the agent's]")  # fmt: skip
@click.option("--seconds", type=float, metavar="S", help="Length of a full run.  [default: 8]")
@click.option("--repeats", type=CountFrom(min=1), metavar="N",
              help="Full runs of a promising configuration.  [default: 3]")  # fmt: skip
@click.option("--warm-start", metavar="RUN", help="Begin with the best of an earlier run.")
@click.option("--seed", type=Count(), default=0, show_default=True, metavar="N")
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help="Run directory.")
@click.option("--resume", is_flag=True, help="Continue with the run in --out.")
@json_option
@quiet_option
@pass_work
def tune(
    work: Workplace,
    /,
    workload: str,
    dry_run: bool,
    namespaced_only: bool,
    allow_dangerous: bool,
    agent: str,
    evaluations: int | None,
    seconds: float | None,
    repeats: int | None,
    warm_start: str | None,
    seed: int,
    out: Path | None,
    resume: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Tune for WORKLOAD: a JSON or YAML file, or the name of a shipped one.

    Writes a run directory with everything measured. Its exports hold the sysctl.d file and the
    commands to apply and undo it. The machine itself is put back as it was, whatever happens.
    """
    from rlsys.errors import UserError
    from rlsys_sysctl.optimizing import dry, tuning_plan
    from rlsys_sysctl.optimizing import tune as run_tuning

    if resume and out is None:
        raise UserError("--resume: name the run to continue with, using --out")
    flags = {"namespaced_only": namespaced_only, "allow_dangerous": allow_dangerous}
    environment = {key: True for key, given in flags.items() if given}
    environment |= _given(seconds=seconds, repeats=repeats)
    budget = "evaluations" if agent in ("optuna", "random", "grid") else "steps"
    settings = _given(**{budget: evaluations, "warm_start": warm_start})
    plan = tuning_plan(work.registry, workload, agent, settings, environment, seed)
    tuned = dry(plan) if dry_run else run_tuning(reporting(work, quiet), plan, out, resume=resume)
    if as_json:
        from rlsys.cli.output import print_json

        print_json(_document(tuned))
    else:
        click.echo("\n".join(_lines(tuned)))


def _given(**options: Any) -> dict[str, Any]:
    return {key: value for key, value in options.items() if value is not None}


def _document(tuned: Tuned) -> dict[str, Any]:
    return {
        "recommended": tuned.recommended,
        "best_configuration": dict(tuned.best_configuration),
        "best_reward": tuned.best_reward,
        "improvement": tuned.improvement,
        "low": tuned.low,
        "high": tuned.high,
        "original": dict(tuned.original),
        "directory": None if tuned.directory is None else str(tuned.directory),
        "writes": [list(write) for write in tuned.writes],
    }


def _lines(tuned: Tuned) -> list[str]:
    if tuned.directory is None:
        return [
            *(f"now: {name} = {value}" for name, value in tuned.original.items()),
            *(f"would write: {name} = {value}" for name, value in tuned.writes),
            f"{len(tuned.writes)} writes if all configurations were equally good; the results "
            "decide which ones are tried after the first few, always within the same ranges",
        ]
    figures = (
        f"{100 * tuned.improvement:+.1f} % ({100 * tuned.low:+.1f} to {100 * tuned.high:+.1f})"
    )
    if not tuned.recommended:
        return [f"the default was not beaten: {figures}", f"run: {tuned.directory}"]
    return [
        *(f"{name} = {value}" for name, value in tuned.best_configuration.items()),
        f"better than the default: {figures}",
        f"files to apply and undo it: {tuned.directory}/exports/sysctl-d",
    ]
