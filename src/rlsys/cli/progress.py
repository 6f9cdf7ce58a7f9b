"""Progress on stderr: on a terminal, a bar with steps/s and the remaining time."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from rlsys.config.plan import Plan
from rlsys.hookspecs import hookimpl


def announce(quiet: bool) -> Callable[[str], None]:
    """Return the function that the steps of a run report to; it prints to stderr unless `quiet`."""

    def say(text: str) -> None:
        if not quiet:
            click.echo(f"rlsys: {text}", err=True)

    return say


class ProgressListener:
    """Receives the metrics of a run and draws one progress bar per running training.

    Without a terminal, it prints one line each time an agent of a training has finished.
    """

    def __init__(self, plan: Plan, quiet: bool) -> None:
        self._quiet = quiet
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[speed]}"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[reward]}"),
            console=Console(stderr=True),
            disable=quiet or not sys.stderr.isatty(),
        )
        self._many = len(plan.trained_cases) * plan.config.seeds > 1
        self._tasks: dict[tuple[str, int, str], TaskID] = {}
        self._begun: dict[tuple[str, int, str], tuple[float, int]] = {}

    def __enter__(self) -> ProgressListener:
        if not self._bar.disable:
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not self._bar.disable:  # older versions of rich print an empty line if it never started
            self._bar.stop()

    @hookimpl
    def rlsys_run_metrics(self, metrics: Mapping[str, Any]) -> None:
        """Update the bar of the training that `metrics` belongs to."""
        key = (metrics["case"], metrics["seed"], metrics["agent"])
        name = f"{key[0]} seed {key[1]} {key[2]}" if self._many else key[2]
        step, total, now = metrics["step"], metrics["total"], metrics["time"]
        if key not in self._tasks:
            self._begun[key] = (now, step)
            self._tasks[key] = self._bar.add_task(name, total=total, speed="", reward="")
        fields: dict[str, Any] = {}
        began, first = self._begun[key]
        if now > began:
            fields["speed"] = f"{(step - first) / (now - began):,.0f} steps/s"
        if "reward" in metrics:
            fields["reward"] = f"reward {metrics['reward']:.2f}"
        self._bar.update(self._tasks[key], completed=step, total=total, **fields)
        ended = step >= total and "validation_reward" not in metrics
        if ended and self._bar.disable and not self._quiet and "reward" in metrics:
            seconds = metrics.get("seconds", 0.0)
            click.echo(
                f"rlsys: {name}: {step:,} steps in {seconds:.1f} s, reward {metrics['reward']:.2f}",
                err=True,
            )
