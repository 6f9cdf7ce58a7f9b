"""The interface of executors, which decide where work units run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Protocol

from rlsys.errors import Interrupted
from rlsys.executors.stopping import stop_on_signal
from rlsys.executors.training_unit import Emit, TrainingUnit
from rlsys.executors.trials import Ending, Line, TrialUnit


class TrialRunner(Protocol):
    """Runs the trials of a search, several at a time; a context manager.

    Leaving the context stops the trials that are still running.
    """

    def __enter__(self) -> TrialRunner: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    @property
    def slots(self) -> int:
        """How many trials can run at a time."""

    @property
    def free(self) -> bool:
        """Whether another trial can be started."""

    @property
    def running(self) -> list[int]:
        """Numbers of the running trials."""

    def start(self, unit: TrialUnit) -> None:
        """Start a trial; call it only while `free` is true."""

    def stop(self, number: int) -> None:
        """Make a running trial end at its next boundary."""

    def wait(self, on_line: Line) -> list[Ending]:
        """Wait a moment; pass reported lines to `on_line`; return which trials have ended.

        All lines of a trial are passed on, in order, before the trial is returned.

        Raises:
            UserError: a trial was lost.
        """


class Executor(Protocol):
    """Runs work units; made by an `ExecutorSpec`'s factory.

    Wherever the units run, their directories have the same files afterwards, and the calling
    process receives the same lines of metrics.
    """

    def run(
        self, units: Sequence[TrainingUnit], emit: Emit, stop_requested: Callable[[], bool]
    ) -> None:
        """Run all units and pass what they report to `emit`, in this thread.

        They come in an order in which each one starts only from the networks of earlier ones. So
        they can run one after another; of several at a time, only those that are ``ready``.

        If `stop_requested` returns True or a unit fails, the others end at their next boundary with
        everything saved in their directories. Then this raises or returns.

        Raises:
            Interrupted: a unit was stopped.
            UserError: a unit could not run, or was lost.
        """

    def trials(self) -> TrialRunner:
        """Return what runs the trials of a search."""


def run_units(units: Sequence[TrainingUnit], executor: Executor, emit: Emit) -> None:
    """Run all units with `executor`.

    SIGINT and SIGTERM end them at their next boundary with everything saved. A second SIGINT ends
    them at once.

    Raises:
        Interrupted: the user asked to stop.
    """
    with stop_on_signal() as stop:
        executor.run(units, emit, stop.is_set)
        if stop.is_set():
            raise Interrupted("stopped; continue with --resume")
