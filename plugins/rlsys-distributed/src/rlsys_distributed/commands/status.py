"""`rlsys distributed status`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from rlsys.errors import UserError


@click.command("status")
@click.option("--server", help="HOST:PORT.  [default: that of the server in --out]")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("runs/distributed"),
    show_default=True,
    help="Directory of a server on this machine.",
)
@click.option("--token-file", type=click.Path(path_type=Path), help="File with the server's token.")
@click.option("--ca", type=click.Path(path_type=Path), help="Certificates to trust, for TLS.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def status(
    server: str | None, out: Path, token_file: Path | None, ca: Path | None, as_json: bool
) -> None:
    """Show a server's models and programs, and what became of their steps."""
    from rlsys_distributed.commands.asking import ask_status, status_table

    if server is None:
        try:
            server = json.loads((out / "server.json").read_text(encoding="utf-8"))["address"]
        except (OSError, ValueError, KeyError) as error:
            raise UserError(
                f"{out}: no server runs here; give its address with --server HOST:PORT"
            ) from error
    answer = ask_status(server, token_file, ca)
    click.echo(json.dumps(answer, indent=2) if as_json else status_table(answer))
