"""What the tests of the benchmarks share: starting them, and looking at what is left."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import pytest
from patience import HANG

Result = TypeVar("Result")
ENDS = ("stdin closed", "SIGTERM", "SIGKILL")


def need(holds: bool, what: str) -> None:
    """Skips without `what`; fails in CI as root, where it could be there."""
    if holds:
        return
    if os.environ.get("CI") and os.geteuid() == 0:
        pytest.fail(f"needs {what}")
    pytest.skip(f"needs {what}")


def need_root() -> None:
    need(os.geteuid() == 0, "root (sudo)")


def need_tap() -> None:
    need_root()
    need(os.access("/dev/net/tun", os.R_OK | os.W_OK), "/dev/net/tun (modprobe tun)")


class Running:
    """A fixture that has said that it is ready."""

    def __init__(self, name: str, *arguments: str) -> None:
        self.name = name
        command = [sys.executable, "-m", f"rlsys_sysctl.benchmarks.{name}", "--fixture", *arguments]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
        )
        assert self.process.stdout is not None
        key, _, self.document = self.process.stdout.readline().decode().partition(":")
        assert key == "ready", "see the fixture's error above"
        self.said: dict[str, Any] = json.loads(self.document)
        self.pids: dict[str, int] = self.said["namespaces"]

    def end(self, how: str = "stdin closed") -> int:
        """Ends it and returns its exit code."""
        assert self.process.stdin is not None
        if how == "stdin closed":
            self.process.stdin.close()
        else:
            self.process.send_signal(getattr(signal, how))
        return self.process.wait(HANG)

    def set(self, parameters: Mapping[str, str]) -> None:
        """Writes parameters in each of its namespaces."""

        def write() -> None:
            for name, text in parameters.items():
                Path("/proc/sys", *name.split(".")).write_text(text)

        for pid in self.pids.values():
            inside(pid, write)

    def run(self, seconds: float) -> dict[str, float]:
        """The metrics of a run of the benchmark."""
        done = subprocess.run(
            [sys.executable, "-m", f"rlsys_sysctl.benchmarks.{self.name}", f"--seconds={seconds}"],
            env={**os.environ, "RLSYS_SYSCTL_NAMESPACES": self.document},
            capture_output=True,
            text=True,
            timeout=HANG,
        )
        assert done.returncode == 0, done.stderr
        return {
            name: float(value)
            for name, value in (line.split(": ") for line in done.stdout.splitlines())
        }


@contextlib.contextmanager
def running(name: str, *arguments: str) -> Iterator[Running]:
    """A fixture, ended with the block."""
    fixture = Running(name, *arguments)
    try:
        yield fixture
    finally:
        if fixture.process.returncode is None:
            fixture.end()


def inside(pid: int, work: Callable[[], Result]) -> Result:
    """What `work` returns in the network namespace of a process."""
    results: list[Result] = []

    def enter_and_work() -> None:
        with open(f"/proc/{pid}/ns/net", "rb") as namespace:
            assert ctypes.CDLL(None).setns(namespace.fileno(), 0) == 0
        results.append(work())

    thread = threading.Thread(target=enter_and_work)  # a thread of its own: ours stays outside
    thread.start()
    thread.join()
    assert results, "the work in the namespace failed, see above"
    return results[0]


def namespace_of(pid: int) -> int:
    """The inode number of the network namespace of a process."""
    return os.stat(f"/proc/{pid}/ns/net").st_ino


def living_namespaces() -> set[int]:
    """The inode numbers of the network namespaces of all processes."""
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            found.add(namespace_of(int(process.name)))
    return found
