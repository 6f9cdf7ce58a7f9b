"""`rlsys jobshop check`: hold a schedule of any origin against all rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rlsys.cli.options import json_option
from rlsys.errors import CheckFailed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rlsys_jobshop.problem import Entry, Instance, Schedule


@click.command("check")
@click.argument("file")
@click.argument("schedule")
@json_option
def check(file: str, schedule: str, as_json: bool) -> None:
    """Check a schedule against all rules.

    SCHEDULE is a JSON file of any origin, FILE its instance; it may also be the name of a published
    one. Prints every rule that the schedule breaks, one per line, and exits with 3; or one line
    with its measures.
    """
    from rlsys.cli.output import print_json
    from rlsys_jobshop.checking import violations
    from rlsys_jobshop.commands.loading import load
    from rlsys_jobshop.commands.measures import judge
    from rlsys_jobshop.formats import read_schedule

    instance = load(file)
    entries = read_schedule(schedule)
    found = violations(instance, entries)
    judgement = None if found else judge(as_schedule(instance, entries))
    if as_json:
        rows = [
            {
                "kind": str(one.kind),
                "message": one.message,
                "job": one.job,
                "operation": one.operation,
                "machine": one.machine,
            }
            for one in found
        ]
        more = {} if judgement is None else judgement.document()
        print_json({"instance": instance.name, "valid": not found, "violations": rows} | more)
    elif judgement is not None:
        said = ", ".join(f"{name} {value}" for name, value in judgement.rows())
        click.echo(f"valid: {said}")
    else:
        for one in found:
            click.echo(str(one))
    if found:
        count = f"{len(found)} violation" + ("" if len(found) == 1 else "s")
        raise CheckFailed(f"{schedule}: not valid: {count}")


def as_schedule(instance: Instance, entries: Sequence[Entry]) -> Schedule:
    """Return the entries of a valid schedule as arrays."""
    import numpy as np

    from rlsys_jobshop.problem import Schedule

    mode, start, end, rank = (np.zeros(instance.operations, np.int64) for _ in range(4))
    for position, entry in enumerate(entries):
        operation = int(instance.job_first[entry.job]) + entry.operation
        modes = range(int(instance.mode_first[operation]), int(instance.mode_first[operation + 1]))
        mode[operation] = next(m for m in modes if instance.machines_of(m) == entry.machines)
        start[operation], end[operation] = entry.start, entry.end
        rank[operation] = position
    return Schedule(instance, mode, start, end, rank)
