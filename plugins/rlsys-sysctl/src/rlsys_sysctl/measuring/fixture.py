"""A long-lived program that sets up what the runs of a benchmark share, and takes it down.

When everything is set up, it prints one line ``ready: {"namespaces": {NAME: PID}}``.  It ends when
its standard input closes, which also happens when this process is killed.  Network parameters are
then set inside each of the namespaces, and the benchmark finds the document in
`NAMESPACES_VARIABLE`.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from typing import IO, Any

from rlsys.errors import UserError
from rlsys.processes import signals_held

NAMESPACES_VARIABLE = "RLSYS_SYSCTL_NAMESPACES"
READY_SECONDS = 60.0
"""How long a fixture may take to get ready."""
_END_SECONDS = 15.0
_READY = b"ready:"


class Fixture:
    """A running fixture; `start` makes one, `close` takes it down.

    Attributes:
        document: what it printed after ``ready:``, as JSON text.
        namespaces: a process in each network namespace, by the name of the namespace.
    """

    def __init__(self, process: subprocess.Popen[bytes], document: str, errors: IO[bytes]) -> None:
        self._process = process
        self._errors = errors
        self.document = document
        self.namespaces = _namespaces(document)

    @classmethod
    def start(cls, arguments: Sequence[str], timeout: float = READY_SECONDS) -> Fixture:
        """Start a fixture and wait until it is ready.

        Raises:
            UserError: it cannot be started, ends, or is not ready in time; shows its last lines.
        """
        errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the fixture
        name = " ".join(arguments)[:80]
        with signals_held() as release:
            try:
                process = subprocess.Popen(
                    list(arguments),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    start_new_session=True,
                )
            except OSError as error:
                errors.close()
                raise UserError(
                    f"fixture {name!r}: cannot be started: {error.strerror}; check fixture_command"
                ) from error
            try:
                release()
                document = _wait_until_ready(process, timeout)
                if document is None:
                    said = _last_lines(errors)
                    raise UserError(
                        f"fixture {name!r}: did not get ready within {timeout:g} s{said}"
                        if process.poll() is None
                        else f"fixture {name!r}: ended with exit code {process.returncode}{said}"
                    )
                return cls(process, document, errors)
            except BaseException:
                _end(process)
                errors.close()
                raise

    def check(self) -> None:
        """Raise UserError if the fixture has ended by itself."""
        if self._process.poll() is not None:
            raise UserError(
                f"the fixture ended in the middle of the tuning, with exit code "
                f"{self._process.returncode}{_last_lines(self._errors)}"
            )

    def close(self) -> None:
        """Have it take everything down, and wait until it has."""
        _end(self._process)
        self._errors.close()


def _wait_until_ready(process: subprocess.Popen[bytes], timeout: float) -> str | None:
    pipe: IO[bytes] = process.stdout  # type: ignore[assignment]
    end = time.monotonic() + timeout
    text = b""
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        while (left := end - time.monotonic()) > 0:
            if not selector.select(left):
                continue
            chunk = os.read(pipe.fileno(), 65536)
            if not chunk:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(_END_SECONDS)
                return None
            text = (text + chunk)[-65536:]
            for line in text.split(b"\n")[:-1]:
                if line.startswith(_READY):
                    return line.removeprefix(_READY).decode("utf-8", "replace").strip()
    return None


def _namespaces(document: str) -> dict[str, int]:
    try:
        data: Any = json.loads(document or "{}")
        return {str(name): int(pid) for name, pid in data.get("namespaces", {}).items()}
    except (ValueError, AttributeError, TypeError) as error:
        raise UserError(
            f'fixture: must print \'ready: {{"namespaces": {{"NAME": PID}}}}\', '
            f"not 'ready: {document[:80]}'"
        ) from error


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask it to end, more and more firmly, until none of its group is left."""
    if process.stdin is not None:
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_END_SECONDS)
    if process.returncode is None:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_END_SECONDS)
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    if process.stdout is not None:
        process.stdout.close()


def _last_lines(errors: IO[bytes]) -> str:
    errors.seek(0, os.SEEK_END)
    errors.seek(max(0, errors.tell() - 4096))
    lines = [line.strip() for line in errors.read().decode("utf-8", "replace").splitlines()]
    shown = [line for line in lines if line][-5:]
    return "; its last lines: " + " | ".join(shown) if shown else "; it said nothing"
