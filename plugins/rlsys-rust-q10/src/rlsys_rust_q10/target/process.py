"""Run a program with a time limit and leave no process behind.

cargo and QEMU start programs of their own. They all share one process group, which is killed as a
whole on a time-out, on Ctrl-C and on any other exception.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rlsys.processes import process_group

KEPT = 4_000_000
"""Bytes of output that are read: a program that never stops printing must not fill the memory."""


@dataclass(frozen=True)
class Finished:
    """How a program ended.

    Attributes:
        code: its exit code (negative: the signal that ended it), or None on a time-out.
        output: what it wrote to standard output.
        errors: what it wrote to standard error.
    """

    code: int | None
    output: str
    errors: str


def run_group(
    command: Sequence[str],
    *,
    directory: Path,
    scratch: Path,
    time_limit: float,
    environment: Mapping[str, str] | None = None,
) -> Finished:
    """Run `command` in a process group of its own.

    Args:
        directory: where it runs.
        scratch: a folder for its output while it runs.
        time_limit: seconds after which the group is killed.
        environment: variables to add to those of this process.

    Raises:
        OSError: the program cannot be started.
    """
    paths = scratch / "stdout", scratch / "stderr"
    options: dict[str, Any] = {"cwd": directory, "env": {**os.environ, **(environment or {})}}
    code: int | None = None
    with paths[0].open("wb") as output, paths[1].open("wb") as errors:
        streams: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": output, "stderr": errors}
        # The whole group ends also after a normal end: a child may have outlived its parent.
        with (
            process_group(command, **options, **streams) as process,
            contextlib.suppress(subprocess.TimeoutExpired),
        ):
            code = process.wait(time_limit)
    return Finished(code, _read(paths[0]), _read(paths[1]))


def _read(path: Path) -> str:
    with path.open("rb") as file:
        return file.read(KEPT).decode("utf-8", "replace")
