"""Run a benchmark once, and read the number that it prints.

A benchmark may hang, fork, print garbage without end, or print nothing.  So it has a time limit and
a process group of its own that ends with it, gets no shell unless asked for, and only its last
lines and the wanted metric are kept.
"""

from __future__ import annotations

import collections
import contextlib
import math
import os
import pwd
import re
import selectors
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import IO, Any

from rlsys.errors import UserError
from rlsys.processes import signals_held

SHOWN_LINES = 5
"""Last lines of a benchmark's output that an error shows."""
_LONGEST_LINE = 4096
_SHOWN_WIDTH = 200
_NUMBER = r"[-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?|inf(?:inity)?|nan)"


class BenchmarkFailed(UserError):
    """A benchmark run that gave no usable number."""


@dataclass(frozen=True)
class Command:
    """How a benchmark is started.

    Attributes:
        arguments: program and arguments; with `shell` one string for ``/bin/sh -c``.
        metric: name of the number to read; the last line ``metric: value`` counts.
        timeout: seconds after which the run is ended and counts as failed.
        run_as: user to run as, or None for the present one.
        environment: added to the present environment.
        guard: ``guard(group)`` is entered while the run's process group lives, so that a watchdog
            can end the benchmark if this process dies.
    """

    arguments: Sequence[str]
    metric: str
    timeout: float
    shell: bool = False
    run_as: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    guard: Callable[[int], AbstractContextManager[Any]] = contextlib.nullcontext

    def run(self, replace: Mapping[str, str] | None = None) -> float:
        """Run the benchmark and return its metric.

        Args:
            replace: text by placeholder, such as ``{"{seconds}": "8"}``.

        Raises:
            BenchmarkFailed: it cannot be started, fails, takes too long, or prints no finite value
                of the metric; its last lines are shown.
            UserError: no such user, or no permission to become it.
        """
        output = _Output(self.metric)
        with self._process([_filled(text, replace or {}) for text in self.arguments]) as process:
            ended = self._follow(process, output)
        if not ended:
            raise BenchmarkFailed(
                f"{self._name}: not done after {self.timeout:g} s; it was ended: raise "
                f"training_config.benchmark_timeout, or shorten the benchmark{output.shown()}"
            )
        if process.returncode:
            raise BenchmarkFailed(
                f"{self._name}: {_exit(process.returncode)}; run it by hand to see "
                f"why{output.shown()}"
            )
        if output.value is None:
            raise BenchmarkFailed(
                f"{self._name}: printed no line '{self.metric}: NUMBER'; print it, or set "
                f"reward_metric to what is printed{output.shown()}"
            )
        if not math.isfinite(output.value):
            raise BenchmarkFailed(
                f"{self._name}: its {self.metric} is {output.value}; it must be a finite "
                f"number{output.shown()}"
            )
        return output.value

    @property
    def _name(self) -> str:
        shown = " ".join(self.arguments)
        return f"benchmark {shown[:80]!r}"

    @contextlib.contextmanager
    def _process(self, arguments: list[str]) -> Iterator[subprocess.Popen[bytes]]:
        """Start the process; however the block is left, its whole group is gone afterwards."""
        with signals_held() as release:
            process = self._start(arguments)
            try:
                release()
                with self.guard(process.pid):
                    yield process
            finally:
                # Before the leader is reaped: until then no other group can have its number.
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                if process.stdout is not None:
                    process.stdout.close()

    def _start(self, arguments: list[str]) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(
                arguments[0] if self.shell else arguments,
                shell=self.shell,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env={**os.environ, **self.environment, **_home(self.run_as)},
                **_identity(self.run_as),
            )
        except PermissionError as error:
            if self.run_as is not None and os.geteuid() != 0:
                raise UserError(
                    f"run_as: only root can run the benchmark as {self.run_as!r}; start as root "
                    "or leave run_as out"
                ) from error
            raise BenchmarkFailed(f"{self._name}: {error.strerror}: {error.filename}") from error
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise BenchmarkFailed(
                f"{self._name}: cannot be started: {reason}; check benchmark_command (without "
                "`shell: true` it is a program and its arguments)"
            ) from error

    def _follow(self, process: subprocess.Popen[bytes], output: _Output) -> bool:
        """Read until the process itself has ended; return False if that takes too long.

        The end of its output does not count: a process that it left behind may hold that open.
        """
        pipe: IO[bytes] = process.stdout  # type: ignore[assignment]
        os.set_blocking(pipe.fileno(), False)
        end = time.monotonic() + self.timeout
        handle = os.pidfd_open(process.pid)
        try:
            with selectors.DefaultSelector() as selector:
                selector.register(handle, selectors.EVENT_READ)
                selector.register(pipe, selectors.EVENT_READ)
                while True:
                    left = end - time.monotonic()
                    if left <= 0:
                        return False
                    ready = {key.fd for key, _ in selector.select(left)}
                    if pipe.fileno() in ready and not output.read(pipe):
                        selector.unregister(pipe)
                    if handle in ready:
                        # What it printed last, but no more than a pipe holds: a process that it
                        # left behind could keep us reading.
                        output.read(pipe)
                        output.finish()
                        os.waitid(os.P_PIDFD, handle, os.WEXITED | os.WNOWAIT)
                        return True
        finally:
            os.close(handle)


class _Output:
    """The last lines of an output, and the metric in it."""

    def __init__(self, metric: str) -> None:
        self.value: float | None = None
        self._pattern = re.compile(rf"\s*{re.escape(metric)}\s*[:=]\s*({_NUMBER})\s*\S*\s*", re.I)
        self._last: collections.deque[str] = collections.deque(maxlen=SHOWN_LINES)
        self._rest = b""

    def read(self, pipe: IO[bytes]) -> bool:
        """Read what is there, at most one pipe full; return False at the end."""
        try:
            chunk = os.read(pipe.fileno(), 1 << 20)
        except BlockingIOError:
            return True
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            self._take(line)
        if len(self._rest) > _LONGEST_LINE:
            self._rest = self._rest[-_LONGEST_LINE:]
        return bool(chunk)

    def finish(self) -> None:
        """Take in a last line that has no line feed."""
        self._take(self._rest)
        self._rest = b""

    def _take(self, raw: bytes) -> None:
        line = raw[:_LONGEST_LINE].decode("utf-8", "replace").strip()
        if not line:
            return
        self._last.append("".join(c if c.isprintable() else "?" for c in line)[:_SHOWN_WIDTH])
        found = self._pattern.fullmatch(line)
        if found:
            self.value = float(found[1])

    def shown(self) -> str:
        self.finish()
        if not self._last:
            return "; it printed nothing"
        return "; its last lines: " + " | ".join(self._last)


def _filled(text: str, replace: Mapping[str, str]) -> str:
    for placeholder, value in replace.items():
        text = text.replace(placeholder, value)
    return text


def _exit(code: int) -> str:
    if code > 0:
        return f"ended with exit code {code}"
    return f"was killed by {signal.Signals(-code).name}"


def _user(name: str) -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        raise UserError(
            f"run_as: there is no user {name!r} on this machine; create it or leave run_as out"
        ) from None


def _identity(run_as: str | None) -> dict[str, Any]:
    if run_as is None:
        return {}
    user = _user(run_as)
    groups = os.getgrouplist(run_as, user.pw_gid)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": groups}


def _home(run_as: str | None) -> dict[str, str]:
    if run_as is None:
        return {}
    user = _user(run_as)
    return {"HOME": user.pw_dir, "USER": run_as, "LOGNAME": run_as}


def check_command(arguments: Sequence[str], *, shell: bool, run_as: str | None) -> None:
    """Refuse a command that could not be started, before anything is changed.

    Raises:
        UserError: no such program or user.
    """
    if run_as is not None:
        _user(run_as)
    if not shell and shutil.which(arguments[0]) is None:
        raise UserError(
            f"benchmark_command: there is no program {arguments[0]!r}; give its path, or install it"
        )
