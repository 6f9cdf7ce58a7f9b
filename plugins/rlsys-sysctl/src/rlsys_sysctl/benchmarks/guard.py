"""A small process that takes down what the kernel does not, however the fixture ends.

It lives in a session of its own and reads a pipe whose other end only the fixture holds.  However
the fixture dies, even by kill -9, the kernel closes that end.  A normal end cleans up the same way,
so there is only one way, and it is tested.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterator

Note = Callable[[str], None]


@contextlib.contextmanager
def guarded(remove: Callable[[str], None]) -> Iterator[Note]:
    """Gives a function that notes what to take down, one line each.

    When the block is left or this process dies, another process calls `remove` for each line, the
    last one first.  Leaving the block waits for that.  If `remove` fails, the error goes to
    standard error and the other lines are still done.
    """
    reading, writing = os.pipe()
    waiting, ready = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(waiting)
        _guard(reading, writing, ready, remove)
    os.close(reading)
    os.close(ready)
    # Until then, what ends the fixture's group would end the guard too.
    os.read(waiting, 1)
    os.close(waiting)
    try:
        yield lambda line: _write(writing, f"{line}\n")
    finally:
        os.close(writing)
        os.waitpid(pid, 0)


def _write(pipe: int, text: str) -> None:
    os.write(pipe, text.encode())


def _guard(reading: int, writing: int, ready: int, remove: Callable[[str], None]) -> None:
    """The process itself; it never returns."""
    try:
        os.setsid()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        signal.set_wakeup_fd(-1)
        os.close(writing)
        # A reader of the fixture's output must see it end with the fixture.
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, 0)
        os.dup2(null, 1)
        os.close(ready)
        with os.fdopen(reading) as notes:
            lines = notes.read().splitlines()  # complete when the fixture has gone
        for line in reversed(lines):
            _remove(remove, line)
    finally:
        os._exit(0)


def _remove(remove: Callable[[str], None], line: str) -> None:
    try:
        remove(line)
    except Exception as error:  # noqa: BLE001 - the other lines are still to be done
        with contextlib.suppress(OSError):  # standard error may have gone with the terminal
            print(f"error: could not take down {line!r}: {error}", file=sys.stderr, flush=True)
