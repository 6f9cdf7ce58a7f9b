"""Measures in a separate process how long importing a plugin takes and what it imports.

In the calling process, many of the modules may already be loaded. And a plugin that hangs or exits
on import must not take the caller down. The child runs Python with ``-X importtime``: the lines
between two marks are what the plugin's own import added.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rlsys.plugins.manager import PluginManager, PluginOptions
from rlsys.plugins.registry import Registry
from rlsys.processes import process_group

LIMIT = 10.0
"""Seconds that a plugin's import may take before its process is killed."""

_MARK = "rlsys importing: mark"
_LINE = re.compile(r"import time:\s+(\d+) \|\s+\d+ \| +([\w.]+)")


@dataclass(frozen=True)
class ImportCost:
    """The cost and result of importing one plugin.

    Attributes:
        seconds: time of the import, or the limit if it hung.
        packages: milliseconds spent in the modules of each top-level package that it imported,
            largest first; without the entry module itself.
        provides: names by kind, as in `rlsys.plugins.LoadedPlugin`.
        location: file of its module.
        error: why it cannot be used, or None.
        hung: whether it was killed at the limit.
    """

    seconds: float
    packages: Mapping[str, float] = field(default_factory=dict)
    provides: Mapping[str, list[str]] = field(default_factory=dict)
    location: str = ""
    error: str | None = None
    hung: bool = False


def import_cost(reference: str, *, limit: float = LIMIT) -> ImportCost:
    """Import a plugin in a fresh process with this one's `sys.path`, and measure the cost.

    Args:
        reference: an entry module, or the path of a plugin file (ending in ``.py``).
        limit: seconds after which the process and everything it started are killed.
    """
    if reference.endswith(".py"):
        reference = str(Path(reference).resolve())
    with tempfile.TemporaryDirectory(prefix="rlsys-import-") as folder:
        answer, errors = Path(folder, "answer.json"), Path(folder, "stderr")
        path = [str(Path(entry or ".").resolve()) for entry in sys.path]
        job = json.dumps({"reference": reference, "answer": str(answer)})
        code = f"import sys; sys.path[:] = {path!r}; from {__name__} import main; main()"
        command = [sys.executable, "-X", "importtime", "-c", code, job]
        with errors.open("wb") as stderr:
            ended = _run(command, stderr, limit)
        if ended is None:
            message = f"its import did not finish within {limit:g} s"
            return ImportCost(limit, error=message, hung=True)
        told = errors.read_text(encoding="utf-8", errors="replace")
        if not answer.exists():
            last = (told.strip().splitlines() or ["it printed nothing"])[-1]
            return ImportCost(0.0, error=f"its import ended the process (code {ended}): {last}")
        found: dict[str, Any] = json.loads(answer.read_text(encoding="utf-8"))
        return ImportCost(packages=_packages(told), **found)


def main() -> None:
    """Run in the child: import the plugin named on the command line, and write the answer."""
    job = json.loads(sys.argv[1])
    reference = job["reference"]
    options = (
        PluginOptions(only=(), files=(reference,))
        if reference.endswith(".py")
        else PluginOptions(only=(), modules=(reference,))
    )
    PluginManager(PluginOptions(only=()))  # what every start loads does not count
    print(_MARK, file=sys.stderr, flush=True)
    manager = PluginManager(options)
    print(_MARK, file=sys.stderr, flush=True)
    plugin = manager.plugins[-1]
    seconds = plugin.seconds
    Registry(manager)
    answer = {
        "seconds": seconds,
        "provides": plugin.provides,
        "location": plugin.location,
        "error": plugin.error,
    }
    Path(job["answer"]).write_text(json.dumps(answer), encoding="utf-8")


def _run(command: list[str], stderr: Any, limit: float) -> int | None:
    """Return the exit status, or None if the limit was reached; leave no process behind."""
    streams: dict[str, Any] = {
        "stdin": subprocess.DEVNULL,
        "stdout": subprocess.DEVNULL,
        "stderr": stderr,
    }
    with process_group(command, **streams) as child:
        try:
            return child.wait(limit)
        except subprocess.TimeoutExpired:
            return None


def _packages(told: str) -> dict[str, float]:
    parts = told.split(_MARK)
    spent: dict[str, float] = {}
    for microseconds, module in _LINE.findall(parts[1] if len(parts) > 2 else ""):
        package = module.partition(".")[0]
        spent[package] = spent.get(package, 0.0) + int(microseconds) / 1000
    return dict(sorted(spent.items(), key=lambda item: -item[1]))
