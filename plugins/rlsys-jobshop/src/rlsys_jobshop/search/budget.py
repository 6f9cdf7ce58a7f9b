"""How long a search may run: seconds of a clock, a number of iterations, or both."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rlsys.errors import UserError

Clock = Callable[[], float]
_SHARE = 0.05
"""Chunks aim at this share of the time, so that a search ends close to its limit."""


@dataclass(frozen=True)
class Budget:
    """The limits of one search; the first one that is reached ends it.

    Attributes:
        seconds: on `clock`.
        iterations: with this limit alone, a search is deterministic.
        clock: `time.monotonic` is time on the wall, `time.process_time` that of the processor.
    """

    seconds: float | None = None
    iterations: int | None = None
    clock: Clock = time.monotonic

    def __post_init__(self) -> None:
        if self.seconds is None and self.iterations is None:
            raise UserError("a search needs a limit: give it seconds or a number of iterations")
        if self.seconds is not None and not self.seconds >= 0:
            raise UserError(f"seconds is {self.seconds}; it must be at least 0")
        if self.iterations is not None and self.iterations < 0:
            raise UserError(f"the number of iterations is {self.iterations}; it must be at least 0")

    def start(self) -> Running:
        """Start the clock."""
        return Running(self)


class Running:
    """A budget that is being spent."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._begun = budget.clock()
        self._done = 0

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return self._budget.clock() - self._begun

    def chunks(self, first: int, most: int, share: float = 1.0) -> Iterator[int]:
        """Yield how many iterations to do next, until a limit is reached.

        Chunks grow or shrink to a twentieth of the time.

        Args:
            first, most: size of the first chunk and of the largest one.
            share: stop at this share of the limits, counted from the start.
        """
        seconds, iterations = self._budget.seconds, self._budget.iterations
        size = first
        while True:
            left = most if iterations is None else int(share * iterations) - self._done
            before = self.elapsed
            # A clock that is stopped may say infinity from the start; then `before` is no number.
            if left <= 0 or (seconds is not None and not before < share * seconds):
                return
            chunk = min(size, left)
            yield chunk
            self._done += chunk
            if seconds is not None:
                took = self.elapsed - before
                wanted = min(_SHARE * seconds, share * seconds - before - took)
                size = most if took <= 0 else int(size * min(2.0, max(0.0, wanted) / took))
                size = max(1, min(most, size))
