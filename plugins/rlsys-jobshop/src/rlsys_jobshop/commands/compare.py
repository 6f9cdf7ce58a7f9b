"""`rlsys jobshop compare`: every way to schedule an instance, beside schedules made elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from rlsys.cli.numbers import CountFrom
from rlsys.cli.options import json_option
from rlsys.errors import UserError
from rlsys_jobshop.commands.solve import Objective, Search, Seconds

if TYPE_CHECKING:
    from rlsys_jobshop.checking import Measures
    from rlsys_jobshop.problem import Instance, Schedule


class _Row(NamedTuple):
    """One schedule of the comparison; `seconds` is None for one that was made elsewhere."""

    method: str
    schedule: Schedule
    measures: Measures
    seconds: float | None


@click.command("compare")
@click.argument("file")
@click.argument("schedules", nargs=-1, metavar="[SCHEDULE]...")
@click.option("--policy", metavar="RUN",
              help="Also a policy of your own: its run directory.")  # fmt: skip
@click.option("--case", metavar="NAME",
              help="Whose policy of the run; needed if there are several.")  # fmt: skip
@click.option("--samples", type=CountFrom(min=2), metavar="N",
              help="Also the best of N schedules that a policy draws.")  # fmt: skip
@click.option("--seconds", type=Seconds(min=0, min_open=True), metavar="S",
              help="Also the searches, each for so long.")  # fmt: skip
@click.option("--seed", type=CountFrom(min=0), default=0, show_default=True, metavar="N",
              help="Of what is random.")  # fmt: skip
@click.option("--objective", type=click.Choice(["makespan", "weighted-tardiness"]),
              help="What counts.  [default: tardiness where there are due dates]")  # fmt: skip
@json_option
def compare(
    file: str,
    schedules: tuple[str, ...],
    policy: str | None,
    case: str | None,
    samples: int | None,
    seconds: float | None,
    seed: int,
    objective: Objective | None,
    as_json: bool,
) -> None:
    """Compare policies, rules and searches on an instance.

    FILE is an instance in any known format, or the name of a published one. Each SCHEDULE is a JSON
    file of any origin, such as what was really done last week; it must be valid. The best comes
    first.
    """
    if case is not None and policy is None:
        raise click.UsageError("--case says whose policy of a run; give --policy, too")
    from rlsys_jobshop.commands.loading import load
    from rlsys_jobshop.problem.goals import goal_of, value

    instance = load(file)
    goal = goal_of(instance, objective)
    rows = list(_given(instance, schedules))
    for method, options in _methods(instance, goal, policy, case, samples, seconds):
        try:
            rows.append(_solved(instance, goal, seed, method, options))
        except UserError as error:
            if "search" not in options:
                raise
            # One search that finds nothing in its time must not cost all the others.
            click.echo(f"rlsys: left out: {error}", err=True)
    rows.sort(key=lambda row: value(row.schedule, goal))
    _show(instance, goal, rows, as_json)


def _given(instance: Instance, schedules: tuple[str, ...]) -> Iterator[_Row]:
    """Read what was scheduled elsewhere."""
    from rlsys.errors import CheckFailed
    from rlsys_jobshop.checking import measure, violations
    from rlsys_jobshop.commands.check import as_schedule
    from rlsys_jobshop.formats import read_schedule

    for path in schedules:
        entries = read_schedule(path)
        if found := violations(instance, entries):
            raise CheckFailed(
                f"{path}: not valid: {found[0]} ({len(found)} in all; `rlsys jobshop check` shows "
                "every one)"
            )
        schedule = as_schedule(instance, entries)
        yield _Row(path, schedule, measure(schedule), None)


def _methods(
    instance: Instance,
    goal: Objective,
    policy: str | None,
    case: str | None,
    samples: int | None,
    seconds: float | None,
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what to try: its name if it has one of its own, and the arguments of `solve`."""
    from importlib.util import find_spec

    from rlsys_jobshop.rules import RULES

    yield "", {}
    if samples is not None:
        yield "", {"samples": samples}
    if policy is not None:
        own: dict[str, Any] = {"policy": policy, "case": case}
        yield f"{policy}, greedy", own
        if samples is not None:
            yield f"{policy}, best of {samples}", {**own, "samples": samples}
    for rule in RULES:
        yield "", {"rule": rule}
    if seconds is None:
        return
    searches: list[Search] = ["random-keys"]
    if instance.is_classic and goal == "makespan":
        searches.append("tabu")
    if find_spec("ortools") is not None:
        searches.append("cp-sat")
    for search in searches:
        yield f"{search}, {seconds:g} s", {"search": search, "seconds": seconds}


def _solved(
    instance: Instance, goal: Objective, seed: int, method: str, options: dict[str, Any]
) -> _Row:
    from rlsys_jobshop.checking import measure
    from rlsys_jobshop.solving import solve

    found = solve(instance, seed=seed, objective=goal, **options)
    schedule = found.schedule
    return _Row(method or found.method, schedule, measure(schedule), found.seconds)


def _show(instance: Instance, goal: Objective, rows: list[_Row], as_json: bool) -> None:
    from dataclasses import asdict

    from rlsys.cli.output import console, print_json

    if as_json:
        found = [
            {"method": row.method, "seconds": row.seconds, "measures": asdict(row.measures)}
            for row in rows
        ]
        print_json({"instance": instance.name, "objective": goal, "schedules": found})
        return
    from rich.table import Table

    table = Table(title=f"{instance.name}, {goal}")
    table.add_column("method")
    shown = [_columns(instance, row) for row in rows]
    for name in shown[0]:
        table.add_column(name, justify="right")
    for row, columns in zip(rows, shown, strict=True):
        table.add_row(row.method, *columns.values())
    console().print(table)


def _columns(instance: Instance, row: _Row) -> dict[str, str]:
    own = row.measures
    columns = {"makespan": str(own.makespan)}
    if instance.has_due_dates:
        columns["weighted tardiness"] = str(own.weighted_tardiness)
        columns["late jobs"] = str(own.late_jobs)
    if instance.has_setups:
        columns["setup time"] = str(own.setup_time)
    if instance.has_overtime:
        columns["overtime"] = str(own.overtime)
    columns["utilisation"] = f"{100 * own.utilisation:.1f} %"
    columns["time"] = "" if row.seconds is None else f"{row.seconds:.2f} s"
    return columns
