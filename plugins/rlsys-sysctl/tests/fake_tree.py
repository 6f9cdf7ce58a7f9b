"""A folder that looks like a small /proc/sys, and a process in a network namespace of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Self

VALUES = {
    "vm.swappiness": "60",
    "vm.page-cluster": "3",
    "vm.dirty_ratio": "20",
    "vm.dirty_bytes": "0",
    "vm.dirty_background_ratio": "0",
    "vm.dirty_background_bytes": "50000000",
    "net.ipv4.tcp_rmem": "4096\t131072\t6291456",
    "net.ipv4.tcp_congestion_control": "cubic",
    "net.ipv4.ip_local_port_range": "32768\t60999",
    "kernel.panic": "0",
    "kernel.random.boot_id": "read only",
}


class FakeTree:
    """A fake /proc/sys in `root`."""

    def __init__(self, root: Path, values: Mapping[str, str] = VALUES) -> None:
        self.root = root
        for name, value in values.items():
            path = self.path(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{value}\n")

    def path(self, name: str) -> Path:
        """Return the file of parameter `name`."""
        return self.root / name.replace(".", "/")

    def values(self) -> dict[str, str]:
        """Return all values, fields separated by single spaces."""
        return {
            ".".join(path.relative_to(self.root).parts): " ".join(path.read_text().split())
            for path in sorted(self.root.rglob("*"))
            if path.is_file()
        }


_HOLDER = """
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
if libc.unshare(0x40000000):
    sys.exit(os.strerror(ctypes.get_errno()))
print("ready", flush=True)
for line in sys.stdin:
    name, _, text = line.rstrip("\\n").partition("=")
    path = "/proc/sys/" + name.replace(".", "/")
    if text:
        with open(path, "w") as file:
            file.write(text)
    with open(path) as file:
        print(" ".join(file.read().split()), flush=True)
"""


class HeldNamespace:
    """A process in a fresh network namespace, which reads and writes parameters there.

    It knows nothing of the code under test: what it reads is what the kernel has.
    """

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _HOLDER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        if self._process.stdout.readline() != "ready\n":
            assert self._process.stderr is not None
            said = self._process.stderr.read().strip()
            self.close()
            raise OSError(said)

    @property
    def pid(self) -> int:
        return self._process.pid

    def read(self, name: str) -> str:
        """Return the value of `name` in the namespace, fields separated by single spaces."""
        return self._ask(name)

    def write(self, name: str, text: str) -> None:
        """Change `name` in the namespace, as somebody else would."""
        self._ask(f"{name}={text}")

    def close(self) -> None:
        """End the process, and with it the namespace."""
        self._process.kill()
        self._process.communicate()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ask(self, line: str) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().strip()


def needs_namespaces() -> str | None:
    """Return why no network namespace can be made here; None where one can."""
    if os.geteuid():
        return "needs root: sudo"
    try:
        HeldNamespace().close()
    except OSError as error:
        return f"needs the right to make network namespaces ({error})"
    return None
