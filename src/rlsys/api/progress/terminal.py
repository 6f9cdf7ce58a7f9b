"""Progress on stderr: on a terminal, a bar with steps/s and the remaining time."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from rlsys.api.progress.trainings import Trainings
from rlsys.hookspecs import hookimpl
from rlsys.plugins.workplace import Reporter


class TerminalReporter(Reporter):
    """Writes to stderr: lines, and a bar per running training if it is a terminal."""

    def say(self, text: str) -> None:
        """Print one line."""
        print(f"rlsys: {text}", file=sys.stderr, flush=True)

    @contextmanager
    def following(self, several: bool) -> Iterator[object]:
        """Yield a listener that draws the bars or, without a terminal, prints a line at the end."""
        if not sys.stderr.isatty():
            yield _Lines(several)
            return
        with _Bars(several) as bars:
            yield bars


class _Lines:
    """Prints a line each time an agent of a training has finished."""

    def __init__(self, several: bool) -> None:
        self._trainings = Trainings(several)

    @hookimpl
    def rlsys_run_metrics(self, metrics: Mapping[str, Any]) -> None:
        """Print the line if this is the last report of an agent."""
        seen = self._trainings.update(metrics)
        if seen.step >= seen.total and "reward" in metrics and "validation_reward" not in metrics:
            print(
                f"rlsys: {seen.name}: {seen.step:,} steps in {metrics.get('seconds', 0.0):.1f} s, "
                f"reward {metrics['reward']:z.2f}",
                file=sys.stderr,
                flush=True,
            )
        elif "ended" in metrics:
            print(
                f"rlsys: {seen.name}: ended at step {seen.step:,}: {metrics['ended']}",
                file=sys.stderr,
                flush=True,
            )


class _Bars:
    """Draws a bar per running training, with steps/s and the remaining time."""

    def __init__(self, several: bool) -> None:
        self._trainings = Trainings(several)
        self._tasks: dict[str, TaskID] = {}
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[speed]}"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[reward]}"),
            console=Console(stderr=True),
        )

    def __enter__(self) -> _Bars:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    @hookimpl
    def rlsys_run_metrics(self, metrics: Mapping[str, Any]) -> None:
        """Update the bar of the training that `metrics` belongs to."""
        seen = self._trainings.update(metrics)
        if seen.name not in self._tasks:
            self._tasks[seen.name] = self._bar.add_task(
                seen.name, total=seen.total, speed="", reward=""
            )
        self._bar.update(
            self._tasks[seen.name],
            completed=seen.step,
            total=seen.total,
            speed="" if seen.rate is None else f"{seen.rate:,.0f} steps/s",
            reward="" if seen.reward is None else f"reward {seen.reward:z.2f}",
        )
