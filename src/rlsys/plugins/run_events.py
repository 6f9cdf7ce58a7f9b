"""Sends run events to listeners; a listener that fails does not harm the run."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rlsys.plugins.manager import PluginManager


class RunEvents:
    """Sends the run events of one directory; a listener that fails is reported once."""

    def __init__(self, manager: PluginManager, directory: Path) -> None:
        self._manager = manager
        self._directory = directory
        self._failed: set[str] = set()

    def started(self, config: Mapping[str, Any]) -> None:
        """The run has begun."""
        self._send("rlsys_run_started", config=config)

    def metrics(self, line: Mapping[str, Any]) -> None:
        """A line was added to the metrics."""
        self._send("rlsys_run_metrics", metrics=line)

    def finished(self, status: str) -> None:
        """The run has ended."""
        self._send("rlsys_run_finished", status=status)

    def _send(self, hook: str, **arguments: Any) -> None:
        for error in self._manager.notify(hook, directory=self._directory, **arguments):
            message = f"a listener of {hook} failed: {type(error).__name__}: {error}"
            if message not in self._failed:
                self._failed.add(message)
                warnings.warn(message, stacklevel=2)
