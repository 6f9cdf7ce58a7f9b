"""`rlsys jobshop convert`: the same instance in another format."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from rlsys_jobshop.commands.loading import load

if TYPE_CHECKING:
    from rlsys_jobshop.formats import Format

FORMATS = click.Choice(["standard", "taillard", "fjs", "production"])


@click.command("convert")
@click.argument("file")
@click.argument("out", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--from", "from_", type=FORMATS,
              help="Format of FILE.  [default: its suffix, then its content decides]")  # fmt: skip
@click.option("--to", type=FORMATS,
              help="Format of OUT.  [default: by .fjs, .yaml or .json; else standard]")  # fmt: skip
@click.option("--first-machine", type=click.IntRange(0, 1), metavar="N",
              help="Number of FILE's first machine, 0 or 1.  [default: found out]")  # fmt: skip
def convert(
    file: str, out: Path, from_: Format | None, to: Format | None, first_machine: int | None
) -> None:
    """Write an instance in another format.

    FILE may also be the name of a published instance. Refuses a format that cannot express
    everything that the instance has.
    """
    from rlsys_jobshop.formats import write_instance

    instance = load(file, from_, first_machine=first_machine)
    write_instance(instance, out, to)
    click.echo(
        f"{out}: {instance.jobs} jobs, {instance.machines} machines, "
        f"{instance.operations} operations"
    )
