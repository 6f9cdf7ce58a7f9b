"""The executor `ray`: trainings and trials as tasks of a Ray cluster."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from types import TracebackType

from rlsys.executors.training_unit import Emit, TrainingUnit
from rlsys.executors.trials import Ending, Line, TrialUnit
from rlsys.training import NETWORK_FILE
from rlsys_ray.connection import connected
from rlsys_ray.pool import Pool


class RayExecutor:
    """Run work units on the cluster that `RAY_ADDRESS` names, or else on a new local one.

    Args:
        jobs: how many at a time; None: as many as fit on the cluster.
    """

    def __init__(self, jobs: int | None) -> None:
        self.jobs = jobs

    def run(
        self, units: Sequence[TrainingUnit], emit: Emit, stop_requested: Callable[[], bool]
    ) -> None:
        """Run all units; see `rlsys.executors.executor.Executor`."""
        waiting = {
            number: unit
            for number, unit in enumerate(units)
            if not (unit.directory / NETWORK_FILE).exists()
        }
        if not waiting:
            return
        with connected(self.jobs):
            pool = Pool(self.jobs or len(waiting))
            failure: Exception | None = None
            while waiting or pool.running:
                for number in [n for n, unit in waiting.items() if unit.ready]:
                    if pool.free:
                        waiting[number].take_start()
                        pool.start(number, waiting.pop(number))
                for _, outcome in pool.wait(lambda _, line: emit(line)):
                    failure = failure or outcome.failure
                if stop_requested() or failure:
                    waiting.clear()
                    pool.stop(pool.running)
            if failure:
                raise failure

    def trials(self) -> RayTrials:
        """Return tasks for the trials of a search."""
        return RayTrials(self.jobs)


class RayTrials:
    """Run trials as tasks; see `rlsys.executors.executor.TrialRunner`."""

    def __init__(self, jobs: int | None) -> None:
        self._jobs = jobs
        self._open = ExitStack()
        self._pool: Pool | None = None

    def __enter__(self) -> RayTrials:
        with ExitStack() as opening:
            opening.enter_context(connected(self._jobs))
            self._pool = Pool(self._jobs)
            self._open = opening.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._open:  # ends what is still running
            self._pool = None

    @property
    def _running_pool(self) -> Pool:
        if self._pool is None:
            raise RuntimeError("trials run inside `with executor.trials() as trials`")
        return self._pool

    @property
    def slots(self) -> int:
        """How many trials can run at a time."""
        return self._running_pool.slots

    @property
    def free(self) -> bool:
        """Whether another trial can be started."""
        return self._running_pool.free

    @property
    def running(self) -> list[int]:
        """Numbers of the running trials."""
        return self._running_pool.running

    def start(self, unit: TrialUnit) -> None:
        """Start a trial."""
        self._running_pool.start(unit.number, unit)

    def stop(self, number: int) -> None:
        """Make a running trial stop at its next boundary."""
        self._running_pool.stop([number])

    def wait(self, on_line: Line) -> list[Ending]:
        """Wait a moment; pass on what was reported; return which trials have ended."""
        endings = []
        for number, outcome in self._running_pool.wait(on_line):
            if outcome.bug:
                raise outcome.bug
            endings.append(Ending(number, score=outcome.score, reason=outcome.refusal))
        return endings
