"""Where work units run is an executor's business; this is what every executor keeps to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Protocol

from rlsys.errors import Interrupted
from rlsys.executors.stopping import stop_on_signal
from rlsys.executors.training_unit import Emit, TrainingUnit
from rlsys.executors.trials import Ending, Line, TrialUnit


class TrialRunner(Protocol):
    """Runs the trials of a search, so many at a time; a context manager.

    Leaving it stops what is still running.
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
        """Numbers of the trials that are under way."""

    def start(self, unit: TrialUnit) -> None:
        """Start a trial; only where there is a `free` place."""

    def stop(self, number: int) -> None:
        """Have a running trial end at its next boundary."""

    def wait(self, on_line: Line) -> list[Ending]:
        """Wait a moment; hand on what was reported; return which trials have ended.

        All lines of a trial are handed on, in their order, before it is returned.

        Raises:
            UserError: a trial was lost.
        """


class Executor(Protocol):
    """Runs work units; made by an `ExecutorSpec`'s factory.

    Whatever the place, the directories of the units hold the same files afterwards, and the
    process that calls it hears the same lines of metrics.
    """

    def run(
        self, units: Sequence[TrainingUnit], emit: Emit, stop_requested: Callable[[], bool]
    ) -> None:
        """Run all units and hand what they report to `emit`, in this thread.

        Where `stop_requested` becomes True, or one of them fails, the others end at their next
        boundary with everything saved in their directories; then it raises or returns.

        Raises:
            Interrupted: a unit was stopped.
            UserError: a unit cannot be run, or was lost.
        """

    def trials(self) -> TrialRunner:
        """Return what runs the trials of a search."""


def run_units(units: Sequence[TrainingUnit], executor: Executor, emit: Emit) -> None:
    """Run all units where `executor` runs them.

    SIGINT and SIGTERM end them at their next boundary with everything saved; a second SIGINT ends
    at once.

    Raises:
        Interrupted: the user asked to stop.
    """
    with stop_on_signal() as stop:
        executor.run(units, emit, stop.is_set)
        if stop.is_set():
            raise Interrupted("stopped; go on with --resume")
