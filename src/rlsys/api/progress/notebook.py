"""Progress in a notebook: one output that is replaced by newer ones.

IPython can do this alone. The bars of rich would need ipywidgets, and without it show nothing.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from html import escape
from typing import Any

from rlsys.api.progress.trainings import Training, Trainings
from rlsys.hookspecs import hookimpl
from rlsys.plugins.workplace import Reporter

_SECONDS_BETWEEN_UPDATES = 0.2


class NotebookReporter(Reporter):
    """Shows the last line and a bar per training below the cell."""

    def __init__(self) -> None:
        self._handle: Any = None
        self._cell: int | None = None
        self._following = False
        self._said = ""
        self._trainings = Trainings(several=False)
        self._shown_at = 0.0

    def say(self, text: str) -> None:
        """Show this line in place of the one before."""
        self._said = text
        self._show()

    @contextmanager
    def following(self, several: bool) -> Iterator[object]:
        """Yield a listener that shows a bar per training."""
        self._trainings = Trainings(several)
        self._following = True
        try:
            yield self
        finally:
            self._show()
            self._following = False

    @hookimpl
    def rlsys_run_metrics(self, metrics: Mapping[str, Any]) -> None:
        """Update the bar of the training that `metrics` belongs to."""
        self._trainings.update(metrics)
        if time.monotonic() >= self._shown_at + _SECONDS_BETWEEN_UPDATES:
            self._show()

    def _show(self) -> None:
        # Notebooks have it; it is no dependency.
        display: Any = importlib.import_module("IPython.display").display
        cell = importlib.import_module("IPython").get_ipython().execution_count
        if cell != self._cell:  # a run may export in a later cell
            self._cell, self._handle = cell, None
            if not self._following:
                self._trainings = Trainings(several=False)
        self._shown_at = time.monotonic()
        rows = "".join(map(_row, self._trainings.seen.values()))
        lines = [_text(one) for one in self._trainings.seen.values()]
        content = {
            "text/html": f"<table>{rows}</table><div>rlsys: {escape(self._said)}</div>",
            "text/plain": "\n".join([*lines, f"rlsys: {self._said}"]),
        }
        if self._handle is None:
            self._handle = display(content, raw=True, display_id=True)
        else:
            self._handle.update(content, raw=True)


def _row(training: Training) -> str:
    cells = [
        escape(training.name),
        f"<progress value='{training.step}' max='{training.total}'></progress>",
        f"{training.step:,} / {training.total:,}",
        "" if training.rate is None else f"{training.rate:,.0f} steps/s",
        "" if training.seconds_left is None else f"{training.seconds_left:,.0f} s left",
        "" if training.reward is None else f"reward {training.reward:z.2f}",
    ]
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _text(training: Training) -> str:
    reward = "" if training.reward is None else f", reward {training.reward:z.2f}"
    return f"{training.name}: {training.step:,} of {training.total:,} steps{reward}"
