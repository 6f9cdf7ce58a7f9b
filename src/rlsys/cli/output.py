"""Output of all commands: JSON, and a console that does not wrap tables."""

from __future__ import annotations

import json
import shutil
import sys
from typing import Any

import click
from rich.console import Console


def print_json(document: Any) -> None:
    """Print one JSON document."""
    click.echo(json.dumps(document, indent=2))


def console() -> Console:
    """Return a console on stdout that does not wrap tables when there is no terminal."""
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 160
    return Console(width=width, highlight=False)
