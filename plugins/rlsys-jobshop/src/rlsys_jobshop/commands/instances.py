"""`rlsys jobshop instances`: the published instances and what is known of them."""

from __future__ import annotations

import click

from rlsys.cli.options import json_option


@click.command("instances")
@click.argument("family", required=False)
@json_option
def instances(family: str | None, as_json: bool) -> None:
    """List the published instances.

    All of them, or those of one FAMILY, such as ft, ta or mk, with the best known bounds.
    """
    from rlsys.cli.output import console, print_json
    from rlsys_jobshop.instances import best_known, classic, classic_names

    rows = []
    for name in classic_names(family):
        instance, bounds = classic(name), best_known(name)
        rows.append(
            {
                "name": name,
                "jobs": instance.jobs,
                "machines": instance.machines,
                "operations": instance.operations,
                "lower": bounds.lower,
                "best_known": bounds.upper,
                "source": bounds.source,
                "date": bounds.date.isoformat(),
            }
        )
    if as_json:
        print_json({"instances": rows})
        return
    from rich.table import Table

    table = Table()
    for column in ("name", "jobs", "machines", "operations", "lower bound", "best known"):
        table.add_column(column, justify="left" if column == "name" else "right")
    for row in rows:
        shown = ("name", "jobs", "machines", "operations", "lower", "best_known")
        table.add_row(*(str(row[key]) for key in shown))
    console().print(table)
