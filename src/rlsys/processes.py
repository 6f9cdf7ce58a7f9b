"""Programs that are started for a while and must be gone afterwards, whatever happens."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from typing import Any

_STOPS = (signal.SIGINT, signal.SIGTERM)


@contextlib.contextmanager
def process_group(command: Any, **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    """Start a program in a process group of its own; after the block the whole group is gone.

    That holds from the first moment: a Ctrl-C while the program is being started is obeyed once it
    is known which group must be killed.

    Args:
        command, options: as for `subprocess.Popen`.

    Raises:
        OSError: the program cannot be started.
    """
    with signals_held() as release:
        process = subprocess.Popen(command, start_new_session=True, **options)
        try:
            release()
            yield process
        finally:
            # Before the leader is reaped: until then no other group can have its number.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextlib.contextmanager
def signals_held() -> Iterator[Callable[[], None]]:
    """Hold back SIGINT and SIGTERM until the function that this yields is called.

    `subprocess.Popen` forks first and then waits for the child to start. An exception from a signal
    handler in between loses the child: it runs on, and nobody knows its number. The handlers are
    exchanged instead of blocking the signals, because a child would inherit the block.

    In another thread than the main one it does nothing: no handler runs there.
    """
    handlers: dict[int, Any] = {}
    caught: list[int] = []

    def release() -> None:
        for number in tuple(handlers):
            signal.signal(number, handlers[number])
            del handlers[number]
        while caught:
            signal.raise_signal(caught.pop(0))

    try:
        if threading.current_thread() is threading.main_thread():
            for number in _STOPS:
                if callable(handler := signal.getsignal(number)):
                    handlers[number] = handler
                    signal.signal(number, lambda number, _: caught.append(number))
        yield release
    finally:
        release()
