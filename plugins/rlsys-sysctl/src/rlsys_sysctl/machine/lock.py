"""One tuner at a time: two would measure and restore each other's values."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from pathlib import Path

from rlsys.errors import UserError
from rlsys_sysctl.machine.processes import start_time
from rlsys_sysctl.machine.state import make_state

_WHILE_RESTORING = 3.0
"""Seconds to wait for the watchdog of a killed tuner: it holds the lock while it restores."""
_WHILE_ENDING = 0.3
"""Seconds to wait for the lock of a tuner that is alive and may be just letting it go."""


class Lock:
    """A lock on a state folder; it is free again when all processes that hold it have ended.

    Args:
        folder: the state folder, which is made if it does not exist.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._descriptor = -1

    def acquire(self) -> None:
        """Take the lock.

        Raises:
            UserError: the folder cannot be used, or another process has the lock; it says which.
        """
        make_state(self._folder)
        path = self._folder / "lock"
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise UserError(f"{path}: cannot be opened: {error.strerror}; use sudo") from error
        start = time.monotonic()
        while not _taken(descriptor):
            other = _number(os.pread(descriptor, 100, 0))
            patience = _WHILE_ENDING if start_time(other) else _WHILE_RESTORING
            if time.monotonic() - start > patience:
                os.close(descriptor)
                raise UserError(
                    f"another tuner is at work (process {other}): two would disturb each other; "
                    "wait for it or end it, then try again"
                )
            time.sleep(0.01)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode("ascii"), 0)
        self._descriptor = descriptor

    @property
    def descriptor(self) -> int:
        """The open file, for the watchdog to hold the lock too."""
        return self._descriptor

    def release(self) -> None:
        """Give the lock back, if it is held."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def holder(folder: Path) -> int | None:
    """Return the process that holds the lock of `folder`, or None if it is free."""
    with contextlib.suppress(FileNotFoundError), open(folder / "lock", "rb") as file:
        if not _taken(file.fileno()):
            return _number(file.read(100))
    return None


def _number(content: bytes) -> int:
    return int(content) if content.strip().isdigit() else 0  # not written yet


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
