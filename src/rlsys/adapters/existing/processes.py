"""Copies of one environment in another process, for environments whose steps are slow.

Gymnasium's `AsyncVectorEnv` starts one process per copy, so evaluating on 100 episodes would start
100. Here a fixed number of processes share the copies. They end with the process that started them,
whatever ends that one: Ctrl-C and SIGTERM are for it to answer, and if it is killed, they notice.
"""

from __future__ import annotations

import atexit
import multiprocessing
import multiprocessing.util  # its own exit function must be registered before ours
import os
import signal
import threading
import weakref
from multiprocessing.connection import Connection
from typing import Any

from rlsys.adapters.existing.copies import Copies
from rlsys.adapters.existing.source import Source
from rlsys.adapters.parcel import Parcel, portable_error
from rlsys.errors import UserError

_GRACE = 5.0
"""Seconds that a process has to end by itself."""
_open: weakref.WeakSet[RemoteCopies] = weakref.WeakSet()


class RemoteCopies:
    """`Copies` in a process of their own.

    Args:
        source: makes the environments.
        count: how many.

    `ask` and `answer` are apart, so that several processes work at the same time.
    """

    def __init__(self, source: Source, count: int, render_mode: str | None = None) -> None:
        self._name = source.name
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(
            target=_serve, args=(theirs, source.packed(), count, render_mode), daemon=True
        )
        self._process.start()
        theirs.close()
        _open.add(self)

    def ask(self, method: str, *arguments: Any) -> None:
        """Call a method of the copies, without waiting for it."""
        try:
            self._pipe.send((method, arguments))
        except OSError as error:
            raise self._gone() from error

    def answer(self) -> Any:
        """Return the result of the last call.

        Raises:
            UserError: the process is gone.
            Exception: what the call raised, with the traceback of the other process as a note.
        """
        try:
            good, result = self._pipe.recv()
        except (EOFError, OSError) as error:
            raise self._gone() from error
        if not good:
            raise result
        return result

    def close(self) -> None:
        """End the process."""
        _open.discard(self)
        self._pipe.close()
        self._process.join(_GRACE)
        if self._process.is_alive():  # a step that does not return
            self._process.kill()
            self._process.join()

    def _gone(self) -> UserError:
        self._process.join(_GRACE)
        return UserError(
            f"{self._name}: a process with copies of the environment ended (exit code "
            f"{self._process.exitcode}; out of memory?); a Python file must call rlsys below "
            "`if __name__ == '__main__':`, and processes=0 shows what the environment itself says"
        )


@atexit.register
def _close_all() -> None:
    for copies in list(_open):
        copies.close()


def _serve(pipe: Connection, source: Parcel, count: int, render_mode: str | None) -> None:
    """Answer calls until the other side closes the pipe, or its process is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    copies: Copies | None = None
    try:
        try:
            copies = Copies(source.unpack(), count, render_mode)
            answer: tuple[bool, Any] = (True, None)
        except Exception as error:  # noqa: BLE001 - the other side raises it
            answer = (False, portable_error(error))
        pipe.send(answer)
        while answer[0] or copies is not None:
            method, arguments = pipe.recv()
            try:
                answer = (True, getattr(copies, method)(*arguments))
            except Exception as error:  # noqa: BLE001 - the other side raises it
                answer = (False, portable_error(error))
            pipe.send(answer)
    except (EOFError, OSError):
        pass  # the other side has closed the pipe: there is nobody left to answer
    finally:
        if copies is not None:
            copies.close()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
