"""`rlsys plugins`: list the plugins, what they provide, their errors and their import times."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

import click

from rlsys.cli.options import json_option
from rlsys.errors import UserError
from rlsys.plugins.manager import LoadedPlugin, installed_plugins
from rlsys.plugins.workplace import Workplace

TIMEOUT_VARIABLE = "RLSYS_PLUGIN_TIMEOUT"
HEAVY = 0.05
"""Seconds of import time above which the packages that a plugin imports are shown."""
HEAVIEST = 5


class PluginsGroup(click.Group):
    """`rlsys plugins` alone lists the plugins; its subcommands are imported when used."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return ["new"]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        from rlsys.cli.commands.plugins_new import command

        return command


@click.group("plugins", cls=PluginsGroup, invoke_without_command=True)
@click.option(
    "--timing",
    is_flag=True,
    help="Import each plugin in its own process; show how long it takes, what else it imports, and "
    "which plugins hang.",
)
@json_option
@click.pass_context
def command(ctx: click.Context, timing: bool, as_json: bool) -> None:
    """List every plugin: name, distribution, version, location, what it provides, status, error."""
    if ctx.invoked_subcommand is None:
        work = ctx.ensure_object(Workplace)
        _list(timed_rows(work) if timing else plugin_rows(work), as_json)


def _list(rows: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        from rlsys.cli.output import print_json

        print_json({"schema": "rlsys.plugins/1", "plugins": rows})
        return
    from rich.table import Table

    from rlsys.cli.output import console

    columns = ["name", "distribution", "version", "status", "provides", "location"]
    if any("seconds" in row for row in rows):
        columns.insert(4, "import")
    table = Table()
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        provides = "\n".join(
            f"{kind}: {', '.join(names)}" for kind, names in row["provides"].items()
        )
        shown = {**row, "provides": provides, "import": _import_of(row)}
        table.add_row(*(shown[column] for column in columns))
    console().print(table)
    for row in rows:
        if row["error"]:
            click.echo(f"{row['name']} ({row['distribution']}): {row['error']}")


def _import_of(row: dict[str, Any]) -> str:
    """Return a plugin's import time and, if it is long, the packages that account for it."""
    if "seconds" not in row:
        return ""
    brought = [f"{name} {spent:.0f} ms" for name, spent in row["brings_in"].items()]
    return "\n".join([f"{1000 * row['seconds']:.0f} ms", *brought])


def plugin_rows(work: Workplace) -> list[dict[str, Any]]:
    """Return one mapping per plugin; describing hooks are called, so that their errors show."""
    registry = work.registry
    return [_row(plugin) for plugin in registry.manager.plugins]


def timed_rows(work: Workplace) -> list[dict[str, Any]]:
    """Return one mapping per plugin, with its import cost; nothing is imported in this process.

    Plugins that are left out are not measured. Each plugin is alone in its process, so two plugins
    with the same name are not detected here.

    Raises:
        UserError: `RLSYS_PLUGIN_TIMEOUT` is not a positive number.
    """
    limit = _limit()
    rows = []
    for plugin, entry in installed_plugins(work.options):
        if plugin.status == "blocked":
            rows.append(_row(plugin))
        else:
            rows.append(_timed_row(plugin, entry.value, limit))
    for file in work.options.files:
        plugin = LoadedPlugin(Path(file).stem, "(file)", "", file)
        rows.append(_timed_row(plugin, file, limit))
    return rows


def _timed_row(plugin: LoadedPlugin, reference: str, limit: float) -> dict[str, Any]:
    from rlsys.plugins.import_cost import import_cost

    cost = import_cost(reference, limit=limit)
    plugin.provides = dict(cost.provides)
    plugin.location = plugin.location or cost.location
    if cost.error is not None:
        plugin.fail(cost.error)
    if cost.hung:
        plugin.complain(f"{_way_out(plugin)}; {TIMEOUT_VARIABLE} sets another limit")
    heavy = cost.packages if cost.seconds > HEAVY else {}
    return {
        **_row(plugin),
        "seconds": round(cost.seconds, 4),
        "brings_in": {name: round(spent, 1) for name, spent in [*heavy.items()][:HEAVIEST]},
    }


def _way_out(plugin: LoadedPlugin) -> str:
    if plugin.distribution == "(file)":
        return "leave out --plugin-file"
    return f"--no-plugin {plugin.name} leaves it out"


def _limit() -> float:
    given = os.environ.get(TIMEOUT_VARIABLE, "")
    if not given:
        from rlsys.plugins.import_cost import LIMIT

        return LIMIT
    try:
        limit = float(given)
    except ValueError:
        limit = 0.0
    if not 0.0 < limit < math.inf:
        raise UserError(f"{TIMEOUT_VARIABLE} must be a number of seconds above 0, not {given!r}")
    return limit


def _row(plugin: LoadedPlugin) -> dict[str, Any]:
    return {
        "name": plugin.name,
        "distribution": plugin.distribution,
        "version": plugin.version,
        "location": plugin.location,
        "provides": plugin.provides,
        "status": plugin.status,
        "error": plugin.error,
    }
