"""Reading and writing kernel parameters, here or in a network namespace.

The only file that opens /proc/sys.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypeVar

from rlsys.errors import UserError
from rlsys_sysctl.machine.names import from_path, nearest, normal, relative_path
from rlsys_sysctl.machine.netns import Namespace, namespace_of, own_namespace

PROC_SYS = "/proc/sys"
Result = TypeVar("Result")

PAIRS = (
    ("vm.dirty_ratio", "vm.dirty_bytes"),
    ("vm.dirty_background_ratio", "vm.dirty_background_bytes"),
    ("vm.overcommit_ratio", "vm.overcommit_kbytes"),
)
"""Two ways to set the same thing: writing one makes the other 0 (admin-guide/sysctl/vm.rst)."""

PARTNERS = {one: other for pair in PAIRS for one, other in (pair, pair[::-1])}


@dataclass(frozen=True)
class Place:
    """Where a parameter lives.

    Attributes:
        root: the folder whose files are the parameters.
        namespace: the network namespace that it belongs to; None for one of the whole machine.
    """

    root: str
    namespace: Namespace | None


class Kernel:
    """The parameters below a folder.

    ``Subclass(root)`` must work for a subclass too: the watchdog calls it in its own process.

    Args:
        root: the folder, laid out like /proc/sys.
        namespace: a process; net.* is read and written in its network namespace. Parameters that
            this namespace lacks, such as ``net.core.rmem_max``, are the machine's.

    Raises:
        UserError: there is no such process, or its namespace may not be entered.
    """

    def __init__(self, root: str | Path = PROC_SYS, namespace: int | None = None) -> None:
        self.root = str(root)
        here = own_namespace() if self.root == PROC_SYS else None
        self._homes = [here] if namespace is None else [namespace_of(namespace), here]
        self._found: dict[str, Place] = {}  # entering a namespace to look takes longer than to read

    @classmethod
    def at(cls, place: Place) -> Self:
        """Return the parameters at `place`, as a journal names it."""
        kernel = cls(place.root)
        kernel._homes = [place.namespace]
        return kernel

    def place(self, name: str) -> Place:
        """Return where the parameter with the canonical `name` lives."""
        if not name.startswith("net."):
            return Place(self.root, None)
        if name not in self._found:
            home = next((home for home in self._homes if self._exists_in(home, name)), None)
            if home is None:
                return Place(self.root, self._homes[0])
            self._found[name] = Place(self.root, home)
        return self._found[name]

    def exists(self, name: str) -> bool:
        """Return whether there is a parameter with the canonical `name`."""
        return any(self._exists_in(home, name) for home in self._homes)

    def read(self, name: str) -> str:
        """Return the value of `name`, fields separated by single spaces.

        Raises:
            UserError: it does not exist or may not be read.
        """

        def read(path: str) -> str:
            with open(path, "rb", buffering=0) as file:
                return normal(file.read(65536).decode("utf-8", "replace"))

        return self._do(name, read, "cannot be read")

    def write(self, name: str, text: str) -> None:
        """Write `text` to `name`, in one piece.

        Raises:
            UserError: the kernel refuses it, or it may not be written.
        """
        data = f"{text}\n".encode()

        def write(path: str) -> None:
            descriptor = os.open(path, os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC)
            try:
                if os.write(descriptor, data) != len(data):
                    raise OSError(errno.EINVAL, "only the beginning was taken")
            finally:
                os.close(descriptor)

        self._do(name, write, f"does not take {text!r}")

    def obstacle(self, name: str) -> str | None:
        """Return why `name` cannot be tuned and what to do; None if nothing is in the way."""
        place = self.place(name)
        return self._inside(place.namespace, lambda: _obstacle(self._path(name)))

    def absence(self, name: str) -> str:
        """Return what to say about a `name` that does not exist, with the nearest that does."""

        def look() -> str:
            if os.path.isdir(self._path(name)):
                return "is a folder of parameters; name one of them"
            return f"does not exist in {self.root}{nearest(name, _names_below(self.root))}"

        return self._inside(self._homes[0], look)

    def _path(self, name: str) -> str:
        return os.path.join(self.root, relative_path(name))

    def _exists_in(self, home: Namespace | None, name: str) -> bool:
        return self._inside(home, lambda: os.path.isfile(self._path(name)))

    def _inside(self, home: Namespace | None, work: Callable[[], Result]) -> Result:
        return work() if home is None else home.run(work)

    def _do(self, name: str, work: Callable[[str], Result], failing: str) -> Result:
        place = self.place(name)
        try:
            return self._inside(place.namespace, lambda: work(self._path(name)))
        except FileNotFoundError as error:
            raise UserError(f"{name} {self.absence(name)}") from error
        except OSError as error:
            raise UserError(f"{name} {failing}: {error.strerror}") from error


def _obstacle(path: str) -> str | None:
    mode = os.stat(path).st_mode
    if not mode & 0o444:
        return "cannot be read, so it could not be put back"
    if not mode & 0o222:
        return "is read-only in this kernel; take it out of action_space"
    if os.statvfs(path).f_flag & os.ST_RDONLY:
        return "is mounted read-only, as in most containers; use the machine itself, or --dry-run"
    if not os.access(path, os.R_OK | os.W_OK):
        return (
            "may not be written by this user; use sudo, or --dry-run to see what would be written"
        )
    return None


def _names_below(root: str) -> list[str]:
    return [
        from_path(os.path.relpath(os.path.join(folder, file), root))
        for folder, _, files in os.walk(root)
        for file in files
    ]
