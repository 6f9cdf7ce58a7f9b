"""How training is stopped: by signals in the main process, by the parent in a worker."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rlsys.errors import ExitCode


@contextmanager
def stop_on_signal() -> Iterator[threading.Event]:
    """Yield an event that SIGINT or SIGTERM sets; a second SIGINT ends at once."""
    stop = threading.Event()

    def on_signal(number: int, _frame: Any) -> None:
        if stop.is_set() and number == signal.SIGINT:
            raise KeyboardInterrupt
        stop.set()

    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    old = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)


_working = threading.Event()
_SECONDS_TO_HAND_OVER = 1.0


def follow_parent() -> None:
    """Let the parent process decide when to stop, and end with it; for a worker's initializer.

    A SIGTERM comes from a pool that has lost another worker, or goes to the whole process group.
    The worker then ends after its current unit, which the parent was also told to stop.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(
        signal.SIGTERM,
        lambda *_: threading.Thread(target=_end_when_idle, daemon=True).start(),
    )
    threading.Thread(target=_end_with_parent, daemon=True).start()


@contextmanager
def working() -> Iterator[None]:
    """Mark the time while this worker has something to finish."""
    _working.set()
    try:
        yield
    finally:
        _working.clear()


def _end_when_idle() -> None:
    while _working.is_set():
        time.sleep(0.05)
    time.sleep(_SECONDS_TO_HAND_OVER)  # the result is still on its way to the parent
    os._exit(ExitCode.INTERRUPTED)


def _end_with_parent() -> None:
    """End this worker when its parent is killed: nothing is left to receive its reports."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(ExitCode.INTERRUPTED)
