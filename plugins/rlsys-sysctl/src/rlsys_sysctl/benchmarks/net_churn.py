"""Short TCP connections, one after the other, from one client to one server.

`connections_per_second` counts connections that were opened, answered and closed, by the client's
own clock: its processor time, including the kernel's work for it, and its waiting for ports.  Other
programs on the processor make a run longer, but not its result worse.

The client closes first, as clients do, so each connection keeps its local port for a minute
(TIME_WAIT).  As net.ipv4.ip_local_port_range fills up, the kernel searches longer for a free
port (it takes those of one parity first, so half of the range is enough to slow it down).  Once all
are taken, connecting fails with EADDRNOTAVAIL, unless net.ipv4.tcp_tw_reuse lets ports be used
again.

A run is a number of rounds, each in a fresh copy of the namespace, so that sockets which earlier
runs left in TIME_WAIT neither show nor fill the kernel's limit of them.  A shorter run has fewer
rounds, so it estimates the same figure.
"""

from __future__ import annotations

import contextlib
import errno
import os
import random
import socket
import time
from pathlib import Path

from rlsys.errors import UserError
from rlsys_sysctl.benchmarks import namespaces
from rlsys_sysctl.benchmarks.fixture import asked_to_end, entry, fixture_of, say_ready, wait_for_end
from rlsys_sysctl.benchmarks.program import ending_with_errors, parser_for, print_metrics

MODULE = "rlsys_sysctl.benchmarks.net_churn"
ROUND_SECONDS = 4.0
# Not 127.0.0.0/8: tcp_tw_reuse=2, the kernel's default, treats that as special.
ADDRESS = "198.18.0.1"
# Below every range of local ports that the workload tries.
PORT = 80
# A client that has no port left waits before it tries again; each try searches the whole range.
RETRY_SECONDS = 0.001
_TREE = Path("/proc/sys/net/ipv4")


def parameters_of(pid: int) -> dict[str, str]:
    """The net.ipv4 parameters of the namespace of `pid` that a new namespace can be given."""
    namespaces.enter(pid)
    found = {}
    for file in sorted(_TREE.iterdir()):
        if file.is_file() and file.stat().st_mode & 0o600 == 0o600:
            with contextlib.suppress(OSError):  # some can be read only while something is set
                found[file.name] = file.read_text()
    return found


def move_into_copy(parameters: dict[str, str]) -> None:
    """Moves this process into a new namespace with these parameters and an address to talk to."""
    namespaces.unshare_network()
    for name, text in parameters.items():
        file = _TREE / name
        if file.exists() and file.read_text() != text:
            try:
                file.write_text(text)
            except OSError as error:
                raise UserError(
                    f"cannot give a new network namespace net.ipv4.{name} = {text.strip()} "
                    f"({error.strerror}), which the fixture's namespace has"
                ) from None
    namespaces.set_device("lo", address=ADDRESS)


class OwnClock:
    """Seconds that this process has worked, or waited on purpose."""

    def __init__(self) -> None:
        self._waited = -time.process_time()

    def now(self) -> float:
        return time.process_time() + self._waited

    def wait(self, seconds: float) -> None:
        begin, worked = time.monotonic(), time.process_time()
        time.sleep(seconds)
        self._waited += time.monotonic() - begin - (time.process_time() - worked)


def round_of(seconds: float, draw: random.Random) -> tuple[int, int]:
    """Connections served in `seconds`, and connections refused for lack of a port."""
    served = refused = 0
    clock = OwnClock()
    with socket.create_server((ADDRESS, PORT)) as listener:
        while (left := seconds - clock.now()) > 0:
            with socket.socket() as client:
                try:
                    client.connect((ADDRESS, PORT))
                except OSError as error:
                    if error.errno != errno.EADDRNOTAVAIL:
                        raise
                    refused += 1
                    clock.wait(min(RETRY_SECONDS, left))
                    continue
                with listener.accept()[0] as server:
                    request = draw.randbytes(32)
                    client.sendall(request)
                    server.sendall(server.recv(64))
                    served += client.recv(64) == request
                    client.close()
    return served, refused


def measure(pid: int, seconds: float, seed: int) -> dict[str, float]:
    """The metrics of a run of `seconds`, rounded to whole rounds."""
    draw = random.Random(seed)
    parameters = parameters_of(pid)
    rounds = max(1, round(seconds / ROUND_SECONDS))
    served = refused = 0
    for _ in range(rounds):
        move_into_copy(parameters)
        more, less = round_of(ROUND_SECONDS, draw)
        served, refused = served + more, refused + less
    return {
        "connections_per_second": served / (rounds * ROUND_SECONDS),
        "refused_share": refused / (served + refused),
    }


def main() -> None:
    options = parser_for(__doc__, seconds=8).parse_args()
    if not options.fixture:
        with fixture_of(MODULE) as made:
            client = entry(made, "namespaces", "client")
            print_metrics(measure(client, options.seconds, options.seed))
        return
    with asked_to_end() as until:
        namespaces.unshare_network()
        say_ready({"client": os.getpid()})
        wait_for_end(until)


if __name__ == "__main__":
    ending_with_errors(main)
