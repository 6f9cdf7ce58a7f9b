"""Lets network namespaces choose congestion controls that the machine reserves for its own root.

Inside a network namespace, tcp_congestion_control accepts only what the machine lists in
net.ipv4.tcp_allowed_congestion_control: usually reno and its own default.  To compare cubic with
bbr there, the list must be longer for a while.
"""

from __future__ import annotations

import contextlib
import socket
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from rlsys_sysctl.benchmarks.guard import guarded

ALLOWED = Path("/proc/sys/net/ipv4/tcp_allowed_congestion_control")
AVAILABLE = Path("/proc/sys/net/ipv4/tcp_available_congestion_control")


@contextlib.contextmanager
def allowed(names: Sequence[str]) -> Iterator[None]:
    """Adds those of `names` that the kernel has to the machine's list, and removes them afterwards.

    A guard removes them even if this process is killed.  Names that cannot be added are reported on
    standard error; the runs then do without them.
    """
    before = ALLOWED.read_text().split()
    added = [name for name in names if name not in before and _is_available(name)]
    for name in names:
        if name not in before and name not in added:
            print(f"note: this kernel has no congestion control {name}", file=sys.stderr)
    if not added:
        yield
        return
    with guarded(_disallow) as note:
        for name in added:
            note(name)
        try:
            ALLOWED.write_text(" ".join([*before, *added]))
        except OSError as error:
            print(
                f"note: cannot allow {', '.join(added)} in network namespaces "
                f"({ALLOWED}: {error.strerror}); the runs do without",
                file=sys.stderr,
            )
        yield


def _is_available(name: str) -> bool:
    """Asking a socket for it loads its module, if it is a module."""
    with socket.socket() as probe, contextlib.suppress(OSError):
        probe.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, name.encode())
    return name in AVAILABLE.read_text().split()


def _disallow(name: str) -> None:
    """Removes only what was added: others may have changed the list since."""
    now = ALLOWED.read_text().split()
    kept = [other for other in now if other != name]
    if kept != now:
        ALLOWED.write_text(" ".join(kept))
