"""`rlsys distributed serve`."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import click

from rlsys.config import Document, load_yaml, validate
from rlsys.plugins.requirements import check_requirements
from rlsys_distributed.plugin import SERVER


@click.command("serve")
@click.option("--config", "file", type=click.Path(path_type=Path), help="YAML file with settings.")
@click.option("--host", help="Address to listen on.  [default: 127.0.0.1]")
@click.option("--port", type=int, help="Port to listen on; 0: any free one.  [default: 50051]")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("runs/distributed"),
    show_default=True,
    help="Directory of the server; below it one run directory per model. An existing one goes on.",
)
@click.option("--executor", help="Where learners run.  [default: local]")
@click.option(
    "--plain-text", is_flag=True, help="Allow unencrypted connections from other machines."
)
@click.option("--quiet", is_flag=True, help="Print nothing but errors.")
def serve(
    file: Path | None,
    host: str | None,
    port: int | None,
    out: Path,
    executor: str | None,
    plain_text: bool,
    quiet: bool,
) -> None:
    """Learn from any number of running programs.

    Programs connect with a Python, C or C++ client. Ctrl-C stops the server with everything saved.
    """
    check_requirements("rlsys distributed serve", SERVER)
    from rlsys_distributed.server.serve import serve as run
    from rlsys_distributed.server.settings import ServerConfig

    logging.basicConfig(
        level=logging.ERROR if quiet else logging.INFO, format="%(levelname)s: %(message)s"
    )
    document = load_yaml(file) if file else Document({})
    flags: dict[str, Any] = {"host": host, "port": port, "executor": executor}
    given = {key: value for key, value in flags.items() if value is not None}
    if plain_text:
        given["plain_text"] = True
    document = Document(given, "command line").laid_upon(
        Document(document.data or {}, document.source, document.places)
    )
    config: ServerConfig = validate(ServerConfig, document)

    def say(address: str) -> None:
        if not quiet:
            click.echo(f"listening on {address}, writing to {out}")

    run(config, out, say)
