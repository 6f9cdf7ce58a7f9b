"""Runs work units on this machine: one after another in this process, or in a process pool."""

from __future__ import annotations

import multiprocessing
import queue
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from rlsys.errors import Interrupted, UserError
from rlsys.executors.local_trials import TrialPool
from rlsys.executors.stopping import follow_parent, working
from rlsys.executors.training_unit import Emit, TrainingUnit


class LocalExecutor:
    """Runs work units on this machine.

    Args:
        jobs: how many at a time, each in its own process; None or 1: one after another, with
            trainings in this process.
    """

    def __init__(self, jobs: int | None) -> None:
        self.jobs = jobs or 1

    def run(
        self, units: Sequence[TrainingUnit], emit: Emit, stop_requested: Callable[[], bool]
    ) -> None:
        """Run all units; see `rlsys.executors.executor.Executor`."""
        if self.jobs == 1 or len(units) <= 1:
            for unit in units:
                unit.run(emit, stop_requested)
        else:
            _run_pool(units, self.jobs, emit, stop_requested)

    def trials(self) -> TrialPool:
        """Return a process pool for the trials of a search."""
        return TrialPool(self.jobs)


_worker: dict[str, Any] = {}


def _start_worker(lines: Any, stop: Any) -> None:
    follow_parent()
    _worker.update(lines=lines, stop=stop)


def _run_in_worker(unit: TrainingUnit) -> None:
    with working():
        unit.run(_worker["lines"].put, _worker["stop"].is_set)


def _run_pool(
    units: Sequence[TrainingUnit], jobs: int, emit: Emit, stop_requested: Callable[[], bool]
) -> None:
    context = multiprocessing.get_context("spawn")
    lines, worker_stop = context.Queue(), context.Event()
    failure: BaseException | None = None
    with ProcessPoolExecutor(
        jobs, context, initializer=_start_worker, initargs=(lines, worker_stop)
    ) as pool:
        waiting = list(units)
        pending: set[Future[None]] = set()
        while waiting or pending:
            ready = [unit for unit in waiting if unit.ready]
            waiting = [unit for unit in waiting if unit not in ready]
            pending |= {pool.submit(_run_in_worker, unit) for unit in ready}
            done, pending = wait(pending, timeout=0.2, return_when=FIRST_COMPLETED)
            _drain(lines, emit)
            for future in done:
                error = None if future.cancelled() else future.exception()
                if isinstance(error, BrokenProcessPool):
                    error = UserError(
                        "a training process was killed (out of memory?); continue with --resume "
                        "and fewer --jobs"
                    )
                if error is not None and not isinstance(error, Interrupted):
                    failure = failure or error
            if stop_requested() or failure:
                worker_stop.set()
                waiting.clear()
                for future in pending:
                    future.cancel()
    _drain(lines, emit)
    if failure:
        raise failure


def _drain(lines: Any, emit: Emit) -> None:
    while True:
        try:
            emit(lines.get(timeout=0.01))
        except queue.Empty:
            return
