"""Network namespaces: name the one that parameters belong to, find it again later, and enter it.

/proc/sys/net shows the namespace of the thread that looks at it. So each piece of work runs in a
new thread that enters the namespace, and the rest of the process stays where it is.
"""

from __future__ import annotations

import os
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from rlsys.errors import UserError

Result = TypeVar("Result")

_OWN = "/proc/thread-self/ns/net"
_NAMED = Path("/run/netns")
_CLONE_NEWNET = 0x40000000
_SO_NETNS_COOKIE = 71


class NamespaceGone(UserError):
    """The last process of a network namespace has ended, and its parameters with it."""


@dataclass(frozen=True)
class Namespace:
    """One network namespace.

    Attributes:
        pid: a process that lived in it when this was made.
        inode: its number in /proc, which the kernel may give to another one after it is gone.
        cookie: a number that no other namespace gets until the next boot; 0 on kernels older than
            5.14, which do not have it.
        initial: whether the first process of the system lives in it.
    """

    pid: int
    inode: int
    cookie: int
    initial: bool

    def run(self, work: Callable[[], Result]) -> Result:
        """Return what `work` returns inside this namespace.

        Raises:
            NamespaceGone: no process or name keeps it alive.
            UserError: this process may not enter it.
        """
        if _inode(_OWN) == self.inode:
            self._check_cookie()
            return work()

        def checked() -> Result:
            self._check_cookie()
            return work()

        for path in self._paths():
            return _inside(path, checked)
        raise self._gone()

    def _paths(self) -> Iterator[str]:
        first = f"/proc/{self.pid}/ns/net"
        if _inode(first) == self.inode:
            yield first
        if not self.cookie:  # a later namespace of the same number would look the same
            return
        processes = (f"/proc/{name}/ns/net" for name in os.listdir("/proc") if name.isdigit())
        named = (str(path) for path in _NAMED.glob("*"))
        yield from (path for path in (*processes, *named) if _inode(path) == self.inode)

    def _check_cookie(self) -> None:
        if _cookie() != self.cookie:
            raise self._gone()

    def _gone(self) -> NamespaceGone:
        return NamespaceGone(f"the network namespace of process {self.pid} is gone")


def own_namespace() -> Namespace | None:
    """Return the namespace of the calling thread; None if the kernel has no namespaces."""
    inode = _inode(_OWN)
    if inode is None:
        return None
    return Namespace(os.getpid(), inode, _cookie(), inode == _inode("/proc/1/ns/net"))


def namespace_of(pid: int) -> Namespace:
    """Return the network namespace of process `pid`.

    Raises:
        UserError: there is no such process, or this one may not enter its namespace.
    """
    path = f"/proc/{pid}/ns/net"
    inode = _inode(path)
    if inode is None:
        why = "is of another user; use sudo" if Path(f"/proc/{pid}").exists() else "does not exist"
        raise UserError(f"the network namespace of process {pid}: that process {why}")
    cookie = _inside(path, _cookie)
    return Namespace(pid, inode, cookie, inode == _inode("/proc/1/ns/net"))


def _inode(path: str) -> int | None:
    try:
        return os.stat(path).st_ino
    except OSError:  # it has ended, or belongs to another user: for us it is not there
        return None


def _cookie() -> int:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as any_socket:
        try:
            raw = any_socket.getsockopt(socket.SOL_SOCKET, _SO_NETNS_COOKIE, 8)
        except OSError:
            return 0
    number: int = struct.unpack("=Q", raw)[0]
    return number


def _inside(path: str, work: Callable[[], Result]) -> Result:
    results: list[Result] = []
    errors: list[BaseException] = []

    def enter_and_work() -> None:
        try:
            _enter(path)
            results.append(work())
        except BaseException as error:  # noqa: BLE001 - handed to the caller below
            errors.append(error)

    thread = threading.Thread(target=enter_and_work, name="network namespace")
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return results[0]


def _enter(path: str) -> None:
    import ctypes  # late: only tuning inside namespaces needs it

    libc = ctypes.CDLL(None, use_errno=True)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise NamespaceGone(f"{path}: the network namespace is gone") from error
    except PermissionError as error:
        raise UserError(f"{path} may not be opened: {error.strerror}; use sudo") from error
    try:
        if libc.setns(descriptor, _CLONE_NEWNET):
            reason = os.strerror(ctypes.get_errno())
            raise UserError(f"{path} cannot be entered: {reason}; it needs root (use sudo)")
    finally:
        os.close(descriptor)
