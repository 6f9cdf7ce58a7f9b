"""`rlsys jobshop` with all its subcommands; each imports what is heavy only when it runs."""

from __future__ import annotations

import click

from rlsys_jobshop.commands.check import check
from rlsys_jobshop.commands.compare import compare
from rlsys_jobshop.commands.convert import convert
from rlsys_jobshop.commands.generate import generate
from rlsys_jobshop.commands.instances import instances
from rlsys_jobshop.commands.solve import solve


@click.group("jobshop")
def jobshop() -> None:
    """Schedule a workshop: solve, compare, check, convert and generate instances."""


for command in (solve, compare, check, convert, generate, instances):
    jobshop.add_command(command)
