"""Two network namespaces joined by a path with delay, rate, queue and loss, made in user space.

Not every kernel has netem, so a small forwarder does its work: each namespace has a TAP device, and
one process reads the frames of one and writes them to the other when they are due.  The namespaces
have no names.  They live as long as the two small processes in them, which end when this process
does, whatever the signal, so nothing can be left behind.
"""

from __future__ import annotations

import array
import contextlib
import gc
import os
import select
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType

from rlsys.errors import UserError
from rlsys_sysctl.benchmarks import namespaces
from rlsys_sysctl.benchmarks.link import Link, LinkSettings

DEVICE = "path0"
ADDRESSES = {"client": "198.18.0.1", "server": "198.18.0.2"}
"""From the network that RFC 2544 reserves for benchmarks."""
_HARDWARE = {"client": "02:00:00:00:00:01", "server": "02:00:00:00:00:02"}
_PEER = {"client": "server", "server": "client"}
# A burst of a sender with a large window must reach the link's own queue, not the device's.
_DEVICE_QUEUE = 20_000
_FRAMES_AT_A_TIME = 64


class Path:
    """The two namespaces and the forwarder: `with Path(settings) as path: path.forward(until)`.

    `pids` holds a process in each namespace.  `parameters` (text by name) are written in both
    namespaces before the devices are made.
    """

    def __init__(
        self,
        settings: LinkSettings,
        *,
        seed: int = 0,
        mtu: int = 1500,
        parameters: Mapping[str, str] | None = None,
    ) -> None:
        # The first direction is client to server; each has its own random numbers.
        self.links = {"client": Link(settings, 2 * seed), "server": Link(settings, 2 * seed + 1)}
        self.pids: dict[str, int] = {}
        self._mtu = mtu
        # Only the benchmark may use the path, so no IPv6 neighbour discovery.
        self._parameters = {"net.ipv6.conf.all.disable_ipv6": "1"} | dict(parameters or {})
        self._taps: dict[str, int] = {}
        self._lifeline = -1

    def __enter__(self) -> Path:
        read, self._lifeline = os.pipe()
        try:
            for end in ADDRESSES:
                self._start(end, read)
        except BaseException:
            self.close()
            raise
        finally:
            os.close(read)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the processes in the namespaces, and with them the namespaces and all in them."""
        for tap in self._taps.values():
            os.close(tap)
        self._taps.clear()
        if self._lifeline >= 0:
            os.close(self._lifeline)
            self._lifeline = -1
        for pid in self.pids.values():
            os.waitpid(pid, 0)
        self.pids.clear()

    def _start(self, end: str, lifeline: int) -> None:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            pid = os.fork()
            if pid == 0:
                self._live_in_namespace(end, theirs, lifeline)
            self.pids[end] = pid
            theirs.close()
            message, rights, _, _ = socket.recv_fds(ours, 4096, 1)
        if not rights:
            raise UserError(message.decode() or f"the process in the {end} namespace has died")
        self._taps[end] = rights[0]

    def _live_in_namespace(self, end: str, parent: socket.socket, lifeline: int) -> None:
        """What the process of a namespace does; it never returns."""
        try:
            os.setsid()  # a Ctrl-C is for the fixture, which then closes the lifeline
            os.close(self._lifeline)
            tap = self._set_up(end)
            rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [tap]))]
            parent.sendmsg([b"up"], rights)
            os.close(tap)
            parent.close()
            os.read(lifeline, 1)  # nobody writes: this returns when the fixture has gone
        except (OSError, UserError) as error:
            with contextlib.suppress(OSError):
                parent.send(str(error).encode())
        finally:
            os._exit(0)

    def _set_up(self, end: str) -> int:
        namespaces.unshare_network()
        for name, text in self._parameters.items():
            namespaces.set_parameter(name, text)
        namespaces.set_device("lo")
        tap = namespaces.open_tap(DEVICE)
        namespaces.set_device(
            DEVICE,
            address=ADDRESSES[end],
            hardware=_HARDWARE[end],
            mtu=self._mtu,
            queue=_DEVICE_QUEUE,
        )
        namespaces.set_neighbour(DEVICE, ADDRESSES[_PEER[end]], _HARDWARE[_PEER[end]])
        return tap

    def forward(self, until: Sequence[int]) -> None:
        """Moves frames until one of the file descriptors `until` can be read or is closed."""
        ways = [
            (self._taps[end], self._taps[_PEER[end]], self.links[end])
            for end in ("client", "server")
        ]
        by_tap = {source: link for source, _, link in ways}
        watched = [*by_tap, *until]
        with _without_collector():
            while True:
                # select takes microseconds; poll and epoll round to milliseconds.
                ready, _, _ = select.select(watched, [], [], self._wait(ways))
                now = time.monotonic()
                for source in ready:
                    if source in until:
                        return
                    _read_frames(source, by_tap[source], now)
                now = time.monotonic()
                for _, sink, link in ways:
                    for frame in link.due(now):
                        os.write(sink, frame)

    @staticmethod
    def _wait(ways: list[tuple[int, int, Link]]) -> float | None:
        times = [due for _, _, link in ways if (due := link.next_due()) is not None]
        return max(0.0, min(times) - time.monotonic()) if times else None


def _read_frames(source: int, link: Link, now: float) -> None:
    try:
        for _ in range(_FRAMES_AT_A_TIME):
            link.accept(os.read(source, 65_535), now)
    except BlockingIOError:
        return  # all that was there has been read


@contextlib.contextmanager
def _without_collector() -> Iterator[None]:
    """A collection would pause the path for milliseconds, and frames form no reference cycles."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
