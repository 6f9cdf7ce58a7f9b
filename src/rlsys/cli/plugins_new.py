"""`rlsys plugins new`: write a complete plugin distribution."""

from __future__ import annotations

import click


@click.command("new")
def command() -> None:
    """Write a complete plugin of your own."""
    raise NotImplementedError
