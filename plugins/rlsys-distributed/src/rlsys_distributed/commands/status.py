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
@click.option("--tls", is_flag=True, help="Encrypt, and trust the system's authorities.")
@click.option("--ca", type=click.Path(path_type=Path), help="Encrypt, and trust these authorities.")
@click.option("--cert", type=click.Path(path_type=Path), help="Own certificate, for mutual TLS.")
@click.option("--key", type=click.Path(path_type=Path), help="Its private key.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def status(
    server: str | None,
    out: Path,
    token_file: Path | None,
    tls: bool,
    as_json: bool,
    **files: Path | None,
) -> None:
    """Show a server's models and programs, and what became of their steps."""
    from rlsys_distributed.client.config import Tls
    from rlsys_distributed.client.status import ServerStatus
    from rlsys_distributed.commands.status_table import status_table
    from rlsys_distributed.wire.secrets import token_of

    if server is None:
        try:
            server = json.loads((out / "server.json").read_text(encoding="utf-8"))["address"]
        except (OSError, ValueError, KeyError) as error:
            raise UserError(
                f"{out}: no server runs here; give its address with --server HOST:PORT"
            ) from error
    encrypted = tls or any(files.values())
    credentials = Tls.model_validate(files).credentials() if encrypted else None
    with ServerStatus(server, token_of(token_file), credentials) as asking:
        answer = asking.ask()
    click.echo(json.dumps(answer, indent=2) if as_json else status_table(answer))
