"""`rlsys cache-trace`: write a synthetic trace to a file."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("cache-trace")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--requests", type=click.IntRange(1, 10_000_000), default=20_000, show_default=True,
              metavar="N", help="Number of requests.")  # fmt: skip
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, metavar="N",
              help="Seed of the random numbers.")  # fmt: skip
def cache_trace(file: Path, requests: int, seed: int) -> None:
    """Write a synthetic block trace to FILE, in the format of the ARC traces (.lis)."""
    from rlsys.errors import UserError

    from rlsys_cache.synthetic import lis_text

    if file.suffix != ".lis":
        raise UserError(f"{file}: the trace is written as .lis; give the file that ending")
    try:
        file.write_text(lis_text(requests, seed), encoding="utf-8")
    except OSError as error:
        raise UserError(f"{file}: cannot be written: {error.strerror}") from error
    click.echo(file)
