"""A process that puts the machine back when the tuner is gone, however it ended.

It is a fresh interpreter in a session of its own. With the tuner it shares only the lock and a
socket, whose other end closes when the tuner ends. It ignores the signals that end a terminal's
processes, and asks the kernel to spare it when memory runs out.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rlsys.errors import UserError
from rlsys_sysctl.machine.journal import Entries, Journal, restore
from rlsys_sysctl.machine.kernel import Kernel
from rlsys_sysctl.machine.processes import end_group, end_marked, kill_marked
from rlsys_sysctl.machine.state import write_state

_READY_WITHIN = 20.0  # s; a machine under the load of a benchmark is slow to start a program
_GONE_WITHIN = 20.0  # s; and to end one, which must let go of the lock
_FORKED_WITHIN = 5.0  # s; from fork to exec in a child that the tuner had just made
_TRIES = 20
_BETWEEN_TRIES = 0.1
_BOOT = "import sys, json; a = json.loads(sys.argv[1]); sys.path[:] = a['path']; " + (
    # A program that stays light; see `rlsys_sysctl`.
    "sys.argv[0] = '-m'; from rlsys_sysctl.machine.watchdog import watch; watch(a)"
)


class Watchdog:
    """The tuner's side: starts the process, names benchmarks to it, and lets it go.

    Args:
        folder: the state folder with the journal.
        lock: descriptor of the lock, which the process holds too.
        mark: set in the environment of every benchmark.
        kernel: how the process writes parameters; a class that it can import.
    """

    def __init__(self, folder: Path, lock: int, mark: str, kernel: type[Kernel]) -> None:
        self._folder, self._lock, self._mark, self._kernel = folder, lock, mark, kernel
        self._groups: dict[int, int] = {}
        self._socket: socket.socket | None = None

    def start(self) -> None:
        """Start the process and wait until it watches.

        Raises:
            UserError: it does not start; without it nothing may be changed.
        """
        ours, theirs = socket.socketpair()
        arguments: dict[str, Any] = {
            "path": [entry or os.getcwd() for entry in sys.path],
            "socket": theirs.fileno(),
            "lock": self._lock,
            "folder": str(self._folder),
            "mark": self._mark,
            "tries": _TRIES,
            "kernel": [self._kernel.__module__, self._kernel.__qualname__],
        }
        inherited = [theirs.fileno(), self._lock]
        with contextlib.ExitStack() as stack:
            stack.enter_context(theirs)
            with contextlib.suppress(OSError):  # before Linux 5.3 the socket has to do
                arguments["tuner"] = os.pidfd_open(os.getpid())
                stack.callback(os.close, arguments["tuner"])
                inherited.append(arguments["tuner"])
            process = subprocess.Popen(
                [sys.executable, "-c", _BOOT, json.dumps(arguments)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                pass_fds=inherited,
                start_new_session=True,
                cwd="/",
            )
        assert process.stderr is not None
        with process.stderr as errors:
            ours.settimeout(_READY_WITHIN)
            try:
                ready = ours.recv(1) == b"R"
            except TimeoutError:
                process.kill()
                ready = False
            process.wait()  # it leaves a child behind, which watches
            if not ready:
                ours.close()
                said = errors.read().decode("utf-8", "replace").strip().splitlines()
                why = said[-1] if said else f"exit code {process.returncode}"
                raise UserError(f"the watchdog does not start ({why}); nothing was changed")
        ours.settimeout(None)
        self._socket = ours
        for group, started in self._groups.items():
            self._send(f"begun {group} {started}")

    @property
    def alive(self) -> bool:
        """Whether the process still watches."""
        if self._socket is None:
            return False
        try:
            return self._socket.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) != b""
        except BlockingIOError:
            return True
        except OSError:
            return False

    def begun(self, group: int, started: int) -> None:
        """Name a process group that ends with the tuner; `started`: see `start_time`."""
        self._groups[group] = started
        self._send(f"begun {group} {started}")

    def over(self, group: int) -> None:
        """Say that a process group has ended."""
        self._groups.pop(group, None)
        self._send(f"over {group}")

    def dismiss(self) -> None:
        """Let the process end, now that everything is as it was, and wait for it."""
        if self._socket is None:
            return
        self._send("done")
        self._socket.settimeout(_GONE_WITHIN)
        with contextlib.suppress(OSError):
            self._socket.recv(1)
        self.leave()

    def leave(self) -> None:
        """Close the socket: the process restores what the journal still names."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _send(self, line: str) -> None:
        # A killed watchdog is noticed before the next write; see `Machine.apply`.
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.sendall(f"{line}\n".encode("ascii"))


class _Told:
    """The watching process's side of the socket: what the tuner has said so far."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._rest = b""
        self.groups: dict[int, int] = {}
        self.done = False
        self.closed = False

    def listen(self) -> None:
        """Read everything that has arrived, without waiting."""
        while not self.closed:
            try:
                data = self._connection.recv(4096, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return
            except OSError:
                data = b""
            self.closed = not data
            *lines, self._rest = (self._rest + data).split(b"\n")
            for line in lines:
                self._hear(line.decode("ascii").split())

    def _hear(self, words: Sequence[str]) -> None:
        match words:
            case ["begun", group, started]:
                self.groups[int(group)] = int(started)
            case ["over", group]:
                self.groups.pop(int(group), None)
            case ["done"]:
                self.done = True


def watch(arguments: Mapping[str, Any]) -> None:
    """Watch until the tuner says that it is done, or is gone; this is the whole process."""
    kernel = _kernel_class(*arguments["kernel"])
    if os.fork():
        os._exit(0)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)
    with contextlib.suppress(OSError):  # needs root
        Path("/proc/self/oom_score_adj").write_text("-1000", encoding="ascii")
    os.dup2(1, 2)  # nobody reads it from now on
    connection = socket.socket(fileno=arguments["socket"])
    told = _Told(connection)
    with contextlib.suppress(OSError):  # the tuner is gone already: then there is work to do
        connection.sendall(b"R")
    importlib.import_module("ctypes")  # now, not when the machine is in trouble: see `netns`
    if _wait(told, connection, arguments.get("tuner")):
        return
    for group, started in told.groups.items():
        end_group(group, started)
    kill_marked(arguments["mark"])
    _put_back(Path(arguments["folder"]), kernel, arguments["tries"])
    _end_late_comers(told, arguments["mark"])


def _kernel_class(module: str, name: str) -> type[Kernel]:
    found: type[Kernel] = getattr(importlib.import_module(module), name)
    return found


def _wait(told: _Told, connection: socket.socket, tuner: int | None) -> bool:
    """Return True when the tuner says that it is done, False when it is gone.

    A fork of the tuner may hold the socket open, so the kernel's word on its end counts too.
    """
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    if tuner is not None:
        poll.register(tuner, select.POLLIN)
    while True:
        ended = any(descriptor == tuner for descriptor, _ in poll.poll())
        told.listen()
        if told.done or told.closed or ended:
            return told.done


def _end_late_comers(told: _Told, mark: str) -> None:
    """End what the tuner had just forked when it was killed, and all else that is left.

    Such a child has no mark before it becomes the benchmark, and a busy machine may let it wait for
    long. But until then it holds the tuner's end of the socket. A fork that lives on as a part of
    the tuner holds that too, so there is a limit.
    """
    end = time.monotonic() + _FORKED_WITHIN
    told.listen()
    while not told.closed and time.monotonic() < end:
        kill_marked(mark)
        time.sleep(_BETWEEN_TRIES)
        told.listen()
    end_marked(mark)


def _put_back(folder: Path, kernel: type[Kernel], tries: int) -> None:
    journal = Journal(folder)
    for _ in range(tries):
        try:
            entries = journal.read()
            lines, well = _restored(entries, kernel) if entries is not None else ([], True)
            if lines:
                write_state(folder / "last-restore.txt", account("watchdog", lines))
            if well:
                journal.remove()
                return
        except UserError as error:
            _leave_word(folder, str(error))
        except OSError as error:
            _leave_word(folder, f"{error.filename}: {error.strerror}")
        time.sleep(_BETWEEN_TRIES)


def _restored(entries: Entries, kernel: type[Kernel]) -> tuple[list[str], bool]:
    settled, lines = restore(entries, kernel)
    return lines, not settled.problems


def _leave_word(folder: Path, line: str) -> None:
    with contextlib.suppress(OSError):  # it is the disk that fails: there is nowhere left to write
        write_state(folder / "last-restore.txt", account("watchdog", [line]))


def account(who: str, lines: Sequence[str]) -> str:
    """Return the text that describes a restore to whoever looks later."""
    when = time.strftime("%Y-%m-%d %H:%M:%S %z")
    body = "".join(f"  {line}\n" for line in lines) or "  everything was as before\n"
    return f"{when}, {who}\n{body}"
