"""`rlsys plugins`: what is installed, what it provides, what is wrong with it."""

from __future__ import annotations

from typing import Any

import click

from rlsys.cli.context import App
from rlsys.cli.options import json_option


class PluginsGroup(click.Group):
    """`rlsys plugins` alone lists them; what is below it is imported when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return ["new"]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        from rlsys.cli.plugins_new import command

        return command


@click.group("plugins", cls=PluginsGroup, invoke_without_command=True)
@json_option
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> None:
    """List every plugin: name, distribution, version, location, what it provides, status, error."""
    if ctx.invoked_subcommand is None:
        _list(ctx.ensure_object(App), as_json)


def _list(app: App, as_json: bool) -> None:
    rows = plugin_rows(app)
    if as_json:
        from rlsys.cli.output import print_json

        print_json({"schema": "rlsys.plugins/1", "plugins": rows})
        return
    from rich.table import Table

    from rlsys.cli.output import console

    table = Table()
    for column in ("name", "distribution", "version", "status", "provides", "location"):
        table.add_column(column, overflow="fold")
    for row in rows:
        provides = "\n".join(
            f"{kind}: {', '.join(names)}" for kind, names in row["provides"].items()
        )
        table.add_row(
            row["name"],
            row["distribution"],
            row["version"],
            row["status"],
            provides,
            row["location"],
        )
    console().print(table)
    for row in rows:
        if row["error"]:
            click.echo(f"{row['name']} ({row['distribution']}): {row['error']}")


def plugin_rows(app: App) -> list[dict[str, Any]]:
    """Return one mapping a plugin; describing hooks are called, so that their faults show."""
    registry = app.registry
    return [
        {
            "name": plugin.name,
            "distribution": plugin.distribution,
            "version": plugin.version,
            "location": plugin.location,
            "provides": plugin.provides,
            "status": plugin.status,
            "error": plugin.error,
        }
        for plugin in registry.manager.plugins
    ]
