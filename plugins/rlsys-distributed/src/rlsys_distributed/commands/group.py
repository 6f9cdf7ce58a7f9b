"""`rlsys distributed` with its subcommands."""

from __future__ import annotations

import click

from rlsys_distributed.commands.serve import serve
from rlsys_distributed.commands.status import status


@click.group("distributed")
def distributed() -> None:
    """Learn from running programs: a server that trains, and its status."""


for command in (serve, status):
    distributed.add_command(command)
