"""Says why the first call takes long: code is compiled, once per machine."""

from __future__ import annotations

import multiprocessing
import sys
import time
from collections.abc import Callable
from functools import cache

from numba.core import event

PATIENCE = 2.0


class Announcer(event.Listener):
    """Writes one line to stderr as soon as compiling has taken a while.

    Args:
        patience: seconds from the first compilation on.
        clock: of these seconds.
    """

    def __init__(
        self, patience: float = PATIENCE, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._patience, self._clock = patience, clock
        self._begun: float | None = None
        self._said = False

    def on_start(self, _event: object) -> None:
        """Take note that the compilation of one function begins."""
        now = self._clock()
        if self._begun is None:
            self._begun = now
        if not self._said and now - self._begun >= self._patience:
            self._said = True
            print(
                "rlsys: compiling for this machine, which happens once and may take a minute",
                file=sys.stderr,
                flush=True,
            )

    def on_end(self, _event: object) -> None:
        """Do nothing: the next function may begin at once."""


@cache
def announce() -> None:
    """Announce compilations to a person at a terminal, and not in every worker."""
    if sys.stderr.isatty() and multiprocessing.parent_process() is None:
        event.register("numba:compile", Announcer())  # type: ignore[no-untyped-call]
