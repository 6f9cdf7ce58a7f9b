"""How long a search may run: seconds of a clock, a number of iterations, or both."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rlsys.errors import UserError

Clock = Callable[[], float]
_SHARE = 0.05
"""Aim for chunks of this share of the time, so that a search ends close to its limit."""


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
            raise UserError(f"iterations is {self.iterations}; it must be at least 0")

    def chunks(self, first: int, most: int) -> Iterator[int]:
        """Yield how many iterations to do next, until a limit is reached.

        The time starts with the first chunk. A chunk grows or shrinks to a twentieth of the time.

        Args:
            first, most: size of the first chunk and of the largest one.
        """
        begun = self.clock()
        done, size = 0, first
        while True:
            left = most if self.iterations is None else self.iterations - done
            before = self.clock() - begun
            if left <= 0 or (self.seconds is not None and before >= self.seconds):
                return
            chunk = min(size, left)
            yield chunk
            done += chunk
            if self.seconds is not None:
                took = self.clock() - begun - before
                wanted = min(_SHARE * self.seconds, self.seconds - before - took)
                size = most if took <= 0 else int(size * min(2.0, wanted / took))
                size = max(1, min(most, size))
