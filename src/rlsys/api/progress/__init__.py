"""Progress of a run: on stderr (with a bar on a terminal), in a notebook, or nowhere."""

from __future__ import annotations

import sys

from rich.console import Console

from rlsys.api.progress.notebook import NotebookReporter
from rlsys.api.progress.terminal import TerminalReporter
from rlsys.plugins.workplace import Reporter

__all__ = ["NotebookReporter", "TerminalReporter", "reporter_for"]


def reporter_for(progress: bool | None) -> Reporter:
    """Return where progress goes.

    Args:
        progress: whether it is wanted; None: where somebody is likely to look, which is in a
            notebook and on a terminal.
    """
    if progress is False:
        return Reporter()
    if Console().is_jupyter:
        return NotebookReporter()
    if progress or sys.stderr.isatty():
        return TerminalReporter()
    return Reporter()
