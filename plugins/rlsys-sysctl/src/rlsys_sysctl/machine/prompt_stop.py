"""Signals that ask the tuner to end raise an exception at once, except while values are written.

The core asks agents to stop at their next boundary.  That may be many seconds of benchmark away,
too late for a machine that has to be put back.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator, Mapping
from types import FrameType
from typing import Any

from rlsys.errors import Interrupted

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class PromptStop:
    """Handlers of SIGINT, SIGTERM and SIGHUP that raise `Interrupted` in the main thread."""

    def __init__(self) -> None:
        self._old: dict[int, Any] = {}
        self._deferred = 0
        self._pending: int | None = None

    def install(self) -> None:
        """Take the signals over; does nothing outside the main thread.

        A signal that is ignored, such as SIGHUP under nohup(1), stays ignored.
        """
        self._old = self._take()

    def remove(self) -> None:
        """Give the signals back, except those that others have taken over since."""
        self._give(self._old)
        self._old = {}

    @contextlib.contextmanager
    def deferred(self) -> Iterator[None]:
        """Hold signals back: the block finishes first, then `Interrupted` is raised.

        This also works when others have taken the signals over since `install`.
        """
        taken = {} if self._deferred else self._take()
        self._deferred += 1
        try:
            yield
        finally:
            self._deferred -= 1
            self._give(taken)
            if not self._deferred and self._pending is not None:
                number, self._pending = self._pending, None
                raise _interrupted(number)

    def _take(self) -> dict[int, Any]:
        if threading.current_thread() is not threading.main_thread():
            return {}
        left = (signal.SIG_IGN, None, self._on_signal)
        found = {number: signal.getsignal(number) for number in _SIGNALS}
        return {
            number: signal.signal(number, self._on_signal)
            for number, handler in found.items()
            if handler not in left
        }

    def _give(self, taken: Mapping[int, Any]) -> None:
        for number, handler in taken.items():
            if signal.getsignal(number) == self._on_signal:
                signal.signal(number, handler)

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        if self._deferred:
            self._pending = number
            return
        raise _interrupted(number)


def _interrupted(number: int) -> Interrupted:
    return Interrupted(f"stopped by {signal.Signals(number).name}")
