"""Runs trials in worker processes on this machine, one trial per process at a time.

The process that owns the study receives every line of metrics in the order in which it was
reported, and all of them before the trial ends. So pruning does not depend on timing.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from types import TracebackType
from typing import Any

from rlsys.errors import Interrupted, UserError
from rlsys.executors.stopping import follow_parent, working
from rlsys.executors.trials import Ending, Line, TrialUnit

_POLL_SECONDS = 0.1

_worker: dict[str, Any] = {}


def _start_worker(lines: Any, stops: Any) -> None:
    follow_parent()
    _worker.update(lines=lines, stops=stops)


def _run_in_worker(unit: TrialUnit, slot: int) -> float:
    stop = _worker["stops"][slot]

    def emit(line: Mapping[str, Any]) -> None:
        _worker["lines"].put((unit.number, dict(line)))

    with working():
        return unit.run(emit, stop.is_set)


class TrialPool:
    """Runs trials, at most `jobs` at a time; a context manager."""

    def __init__(self, jobs: int) -> None:
        context = multiprocessing.get_context("spawn")
        # A simple queue has no thread behind it: what was put arrives before the trial ends.
        self._lines = context.SimpleQueue()
        self._stops = [context.Event() for _ in range(jobs)]
        self._slots: dict[int, int] = {}
        self._futures: dict[Future[float], int] = {}
        self._pool = ProcessPoolExecutor(
            jobs,
            context,
            initializer=_start_worker,
            initargs=(self._lines, self._stops),
        )

    def __enter__(self) -> TrialPool:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number in self._slots:
            self.stop(number)
        while self._futures:  # a trial may be blocked until its lines are read
            self.wait(lambda _number, _line: None)
        self._pool.shutdown()

    @property
    def slots(self) -> int:
        """How many trials can run at a time."""
        return len(self._stops)

    @property
    def free(self) -> bool:
        """Whether another trial can be started."""
        return len(self._slots) < self.slots

    @property
    def running(self) -> list[int]:
        """Numbers of the running trials."""
        return list(self._slots)

    def start(self, unit: TrialUnit) -> None:
        """Start a trial; call it only while `free` is true."""
        slot = min(set(range(len(self._stops))) - set(self._slots.values()))
        self._stops[slot].clear()
        self._slots[unit.number] = slot
        self._futures[self._pool.submit(_run_in_worker, unit, slot)] = unit.number

    def stop(self, number: int) -> None:
        """Make a running trial end at its next boundary."""
        self._stops[self._slots[number]].set()

    def wait(self, on_line: Line) -> list[Ending]:
        """Wait a moment; pass reported lines to `on_line`; return which trials have ended.

        Raises:
            UserError: a process died.
        """
        ended, _ = wait(self._futures, timeout=_POLL_SECONDS, return_when=FIRST_COMPLETED)
        while not self._lines.empty():
            on_line(*self._lines.get())
        return [self._ending(future) for future in ended]

    def _ending(self, future: Future[float]) -> Ending:
        number = self._futures.pop(future)
        del self._slots[number]
        try:
            return Ending(number, score=future.result())
        except Interrupted:
            return Ending(number)
        except UserError as error:
            return Ending(number, reason=str(error))
        except BrokenProcessPool as error:
            raise UserError(
                f"the process of trial {number} died (out of memory?); continue with --resume and "
                "fewer --jobs"
            ) from error
