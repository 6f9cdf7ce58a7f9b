"""List the options that plugin executors add to a command in the reference, with its own.

sphinx-click reads a command's own parameters; those of executors come with its context.
"""

from __future__ import annotations

from typing import Any

import click
from sphinx.application import Sphinx

from rlsys.cli.executing import ExecutingCommand


def add_options(_: Sphinx, ctx: click.Context, lines: list[str]) -> None:
    """Append the options that the command of `ctx` has from executors."""
    if not isinstance(ctx.command, ExecutingCommand):
        return
    own = {*ctx.command.params, ctx.command.get_help_option(ctx)}
    for option in ctx.command.get_params(ctx):
        if isinstance(option, click.Option) and option not in own:
            lines += [
                f".. option:: {option.opts[0]} <{option.metavar}>",
                "",
                f"    {option.help}",
                "",
            ]


def setup(app: Sphinx) -> dict[str, Any]:
    """Extend the options of every command."""
    app.connect("sphinx-click-process-options", add_options)
    return {"parallel_read_safe": True}
