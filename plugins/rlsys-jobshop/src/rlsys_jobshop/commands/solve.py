"""`rlsys jobshop solve`: a schedule for an instance."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from rlsys.cli.numbers import CountFrom
from rlsys.cli.options import json_option
from rlsys.errors import Interrupted

if TYPE_CHECKING:
    from rlsys_jobshop.commands.measures import Judgement
    from rlsys_jobshop.problem import Schedule
    from rlsys_jobshop.solving import Solution

Search = Literal["tabu", "cp-sat", "random-keys"]
Objective = Literal["makespan", "weighted-tardiness"]
SECONDS = 10.0


class Seconds(click.FloatRange):
    """A time that ends: `nan` and `inf` are numbers to click, and a search would never stop."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the time, or fail with one line."""
        number = float(super().convert(value, param, ctx))
        if not number < float("inf"):
            self.fail(f"{value} is not a finite number of seconds.", param, ctx)
        return number


@click.command("solve")
@click.argument("file")
@click.option("--policy", metavar="RUN", help="A trained policy: its run directory.")
@click.option("--case", metavar="NAME",
              help="Whose policy of the run; needed if there are several.")  # fmt: skip
@click.option("--rule", metavar="NAME", help="A dispatching rule, such as mwkr or atc.")
@click.option("--search", type=click.Choice(["tabu", "cp-sat", "random-keys"]),
              help="A search: tabu for classic job shops, the others for all.")  # fmt: skip
@click.option("--samples", type=CountFrom(min=1), metavar="N",
              help="Schedules that the policy draws; the best is taken.  [default: 1]")  # fmt: skip
@click.option("--seconds", type=Seconds(min=0, min_open=True), metavar="S",
              help=f"Time of a search.  [default: {SECONDS:g}]")  # fmt: skip
@click.option("--seed", type=CountFrom(min=0), default=0, show_default=True, metavar="N",
              help="Of what is random.")  # fmt: skip
@click.option("--objective", type=click.Choice(["makespan", "weighted-tardiness"]),
              help="What counts.  [default: tardiness where there are due dates]")  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE",
              help="Write the schedule as JSON.")  # fmt: skip
@click.option("--gantt", type=click.Path(path_type=Path), metavar="FILE",
              help="Draw it: .html (interactive) or .png.")  # fmt: skip
@json_option
def solve(
    file: str,
    policy: str | None,
    case: str | None,
    rule: str | None,
    search: Search | None,
    samples: int | None,
    seconds: float | None,
    seed: int,
    objective: Objective | None,
    out: Path | None,
    gantt: Path | None,
    as_json: bool,
) -> None:
    """Schedule an instance.

    FILE is an instance in any known format, or the name of a published one, such as ft10.

    Without --policy, --rule and --search, the policy that comes with rlsys decides greedily. Every
    schedule is checked against all rules before it is shown or written.
    """
    _check_together(policy, rule, search, samples, seconds, objective)
    if case is not None and policy is None:
        raise click.UsageError("--case says whose policy of a run; give --policy, too")
    _check_files(out, gantt)

    from rlsys.executors.stopping import stop_on_signal
    from rlsys_jobshop.checking import require_valid
    from rlsys_jobshop.commands.loading import load
    from rlsys_jobshop.commands.measures import judge
    from rlsys_jobshop.problem.goals import goal_of
    from rlsys_jobshop.solving import solve as find

    instance = load(file)
    goal = goal_of(instance, objective)
    try:
        with stop_on_signal() as stop:
            solution = find(
                instance,
                policy=policy,
                case=case,
                rule=rule,
                search=search,
                samples=samples or 1,
                seconds=SECONDS if seconds is None else seconds,
                seed=seed,
                objective=goal,
                stopped=stop.is_set,
            )
    except KeyboardInterrupt as again:
        raise Interrupted("interrupted before there was a result; nothing is written") from again
    schedule = require_valid(solution.schedule)
    _write(schedule, out, gantt)
    of_makespan = solution.bound if goal == "makespan" else None
    _show(solution, goal, judge(schedule, of_makespan), as_json)
    if stop.is_set():
        raise Interrupted("stopped early; this is the best schedule until then")


def _check_together(
    policy: str | None,
    rule: str | None,
    search: Search | None,
    samples: int | None,
    seconds: float | None,
    objective: Objective | None,
) -> None:
    methods = {"--policy": policy, "--rule": rule, "--search": search}
    given = [name for name, value in methods.items() if value is not None]
    if len(given) > 1:
        raise click.UsageError(f"{' and '.join(given)} do not go together; give one of them")
    if samples is not None and given and policy is None:
        raise click.UsageError(f"--samples is for a policy; leave it out with {given[0]}")
    if seconds is not None and search is None:
        raise click.UsageError("--seconds is the time of a search; give --search, too")
    if search == "tabu" and objective == "weighted-tardiness":
        raise click.UsageError("--search tabu shortens the makespan; use --search random-keys")


def _check_files(out: Path | None, gantt: Path | None) -> None:
    """Find out before a long search that its result could not be written."""
    if gantt is not None and gantt.suffix.lower() not in (".html", ".htm", ".png"):
        raise click.UsageError(f"--gantt {gantt}: the name must end with .html or .png")
    if out is not None and gantt is not None and out.absolute() == gantt.absolute():
        raise click.UsageError(f"--out and --gantt are the same file, {out}")
    for option, path in (("--out", out), ("--gantt", gantt)):
        if path is not None and path.is_dir():
            raise click.UsageError(f"{option} {path}: is a folder; name a file")
        if path is not None and not path.parent.is_dir():
            raise click.UsageError(f"{option} {path}: there is no folder {path.parent}")
    if gantt is not None and gantt.suffix.lower() == ".png":
        from rlsys.figures import MATPLOTLIB
        from rlsys.plugins.requirements import check_requirements

        check_requirements("--gantt", [MATPLOTLIB])


def _write(schedule: Schedule, out: Path | None, gantt: Path | None) -> None:
    if out is not None:
        from rlsys_jobshop.formats import write_schedule

        write_schedule(schedule, out)
    if gantt is not None:
        from rlsys_jobshop.figures import gantt_html, gantt_png

        draw = gantt_png if gantt.suffix.lower() == ".png" else gantt_html
        draw(schedule, gantt)


def _show(solution: Solution, goal: Objective, judgement: Judgement, as_json: bool) -> None:
    schedule = solution.schedule
    instance = schedule.instance
    if as_json:
        from rlsys.cli.output import print_json
        from rlsys_jobshop.formats import schedule_document

        head = {
            "instance": instance.name,
            "method": solution.method,
            "seconds": solution.seconds,
            "objective": goal,
            "bound": solution.bound,
        }
        print_json(head | judgement.document() | {"schedule": schedule_document(schedule)})
        return
    size = f"{instance.jobs} jobs, {instance.machines} machines, {instance.operations} operations"
    click.echo(f"{instance.name}: {size}")
    rows = [("method", solution.method), *judgement.rows()]
    if goal == "weighted-tardiness" and solution.bound is not None:
        rows.append(("its lower bound", f"{solution.bound:g}"))
    for name, value in [*rows, ("time", f"{solution.seconds:.2f} s")]:
        click.echo(f"  {name:<20}{value}")
