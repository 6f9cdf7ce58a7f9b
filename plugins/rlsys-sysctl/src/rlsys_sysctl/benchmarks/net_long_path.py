"""TCP throughput over a path with a long round trip, some random loss, and pauses in between.

`throughput_mbps` is what arrived while there was something to send, in Mbit/s.  A run is a number
of rounds.  A round opens connections and sends bursts on each of them, with pauses longer than a
retransmission timeout; it ends after `ROUND_SECONDS`, whatever has arrived by then.  A shorter run
has fewer rounds, so it estimates the same figure.
"""

from __future__ import annotations

import contextlib
import random
import selectors
import socket
import time
from collections.abc import Sequence

from rlsys_sysctl.benchmarks import congestion, namespaces
from rlsys_sysctl.benchmarks.fixture import asked_to_end, entry, fixture_of, say_ready
from rlsys_sysctl.benchmarks.link import LinkSettings
from rlsys_sysctl.benchmarks.path import ADDRESSES, Path
from rlsys_sysctl.benchmarks.program import ending_with_errors, parser_for, print_metrics

MODULE = "rlsys_sysctl.benchmarks.net_long_path"
ROUND_SECONDS = 6.0
CONNECTIONS = 2
BURST_BYTES = 10_000_000
PAUSE_SECONDS = 0.8
PORT = 5001
# What is still on its way when a round ends must not meet the next round.
DRAIN_SECONDS = 0.5
_CHUNK = bytes(1 << 18)

STOCK_PARAMETERS = {
    "net.ipv4.tcp_rmem": "4096 131072 6291456",
    "net.ipv4.tcp_wmem": "4096 16384 4194304",
    "net.ipv4.tcp_congestion_control": "cubic",
    "net.ipv4.tcp_slow_start_after_idle": "1",
}
"""What Linux has had for many years on machines with 4 GB and more."""
# A connection must not start with what the kernel learnt from one under other parameters.
NO_MEMORY = {"net.ipv4.tcp_no_metrics_save": "1"}


class Flow:
    """One connection: the server end sends bursts, the client end reads them and counts."""

    def __init__(
        self, sender: socket.socket, receiver: socket.socket, sizes: random.Random
    ) -> None:
        self.sender = sender
        self.receiver = receiver
        self._sizes = sizes
        self.received = 0
        self.busy_seconds = 0.0
        self._to_send = 0
        self._to_receive = 0
        self._began = 0.0
        self._resume_at: float | None = None

    @property
    def resume_at(self) -> float | None:
        """When the next burst begins (monotonic seconds); None while one is on its way."""
        return self._resume_at

    def begin(self, now: float) -> None:
        """Starts a burst of 0.5 to 1.5 times the usual size."""
        self._to_send = self._to_receive = int(BURST_BYTES * self._sizes.uniform(0.5, 1.5))
        self._began, self._resume_at = now, None

    def wants_to_send(self) -> bool:
        return self._to_send > 0

    def send(self) -> None:
        with contextlib.suppress(BlockingIOError):  # the send buffer is full
            while self._to_send:
                self._to_send -= self.sender.send(_CHUNK[: self._to_send])

    def receive(self, now: float) -> None:
        try:
            count = len(self.receiver.recv(1 << 20))
        except BlockingIOError:
            return
        self.received += count
        self._to_receive -= count
        if not self._to_receive:
            self.busy_seconds += now - self._began
            self._resume_at = now + PAUSE_SECONDS

    def finish(self, now: float) -> None:
        """Counts the burst that is on its way and throws the rest of it away."""
        if self._resume_at is None:
            self.busy_seconds += now - self._began
        for end in (self.receiver, self.sender):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            end.close()


def round_of(clients: int, servers: int, draw: random.Random) -> tuple[int, float]:
    """Bytes received and seconds with something to send, over the connections of one round.

    `clients` and `servers` are processes in the two namespaces.
    """
    flows: list[Flow] = []
    began = time.monotonic()
    with contextlib.ExitStack() as stack:
        namespaces.enter(servers)
        listener = stack.enter_context(
            socket.create_server((ADDRESSES["server"], PORT), backlog=CONNECTIONS)
        )
        namespaces.enter(clients)
        for _ in range(CONNECTIONS):
            receiver = socket.create_connection((ADDRESSES["server"], PORT), timeout=ROUND_SECONDS)
            sender, _ = listener.accept()
            for end in (sender, receiver):
                end.setblocking(False)
            flows.append(Flow(sender, receiver, draw))
        _exchange(flows, began + ROUND_SECONDS)
    return sum(flow.received for flow in flows), sum(flow.busy_seconds for flow in flows)


def _exchange(flows: Sequence[Flow], end: float) -> None:
    with selectors.DefaultSelector() as selector:
        sending: set[Flow] = set()
        for flow in flows:
            selector.register(flow.receiver, selectors.EVENT_READ, (flow, flow.receive))
            flow.begin(time.monotonic())
        while (now := time.monotonic()) < end:
            for flow in flows:
                if flow.resume_at is not None and flow.resume_at <= now:
                    flow.begin(now)
                if flow.wants_to_send() and flow not in sending:
                    sending.add(flow)
                    selector.register(flow.sender, selectors.EVENT_WRITE, (flow, None))
            pauses = [flow.resume_at for flow in flows if flow.resume_at is not None]
            for key, _ in selector.select(min([end, *pauses]) - now):
                flow, receive = key.data
                if receive is not None:
                    receive(time.monotonic())
                    continue
                flow.send()
                if not flow.wants_to_send():
                    selector.unregister(flow.sender)
                    sending.discard(flow)
        for flow in flows:
            flow.finish(end)


def measure(clients: int, servers: int, seconds: float, seed: int) -> dict[str, float]:
    """The metrics of a run of `seconds`, rounded to whole rounds."""
    draw = random.Random(seed)
    received, busy = 0, 0.0
    for number in range(max(1, round(seconds / (ROUND_SECONDS + DRAIN_SECONDS)))):
        if number:
            time.sleep(DRAIN_SECONDS)
        more, longer = round_of(clients, servers, draw)
        received, busy = received + more, busy + longer
    time.sleep(DRAIN_SECONDS)
    return {"throughput_mbps": received * 8e-6 / busy, "received_mb": received * 1e-6}


def main() -> None:
    parser = parser_for(__doc__, seconds=13)
    group = parser.add_argument_group("the path (with --fixture)")
    group.add_argument("--delay", type=float, default=100.0, help="one way, ms (default 100)")
    group.add_argument("--rate", type=float, default=200.0, help="Mbit/s (default 200)")
    group.add_argument("--queue", type=int, default=3000, help="frames before the link")
    group.add_argument("--loss", type=float, default=1e-3, help="chance that a frame is lost")
    group.add_argument("--mtu", type=int, default=1500, help="bytes per packet (default 1500)")
    group.add_argument(
        "--defaults",
        choices=("stock", "machine"),
        default="stock",
        help="start with Linux's usual values, or with what namespaces get on this machine",
    )
    group.add_argument(
        "--allow",
        nargs="*",
        default=[],
        metavar="NAME",
        help="congestion controls to allow in namespaces for as long as the "
        "fixture runs (net.ipv4.tcp_allowed_congestion_control)",
    )
    options = parser.parse_args()
    if not options.fixture:
        with fixture_of(MODULE) as made:
            clients, servers = (entry(made, "namespaces", end) for end in ("client", "server"))
            print_metrics(measure(clients, servers, options.seconds, options.seed))
        return
    settings = LinkSettings(options.delay * 1e-3, options.rate * 1e6, options.queue, options.loss)
    with asked_to_end() as until, congestion.allowed(options.allow):
        parameters = NO_MEMORY | (_stock_parameters() if options.defaults == "stock" else {})
        with Path(settings, seed=options.seed, mtu=options.mtu, parameters=parameters) as path:
            say_ready(path.pids)
            path.forward(until)


def _stock_parameters() -> dict[str, str]:
    """STOCK_PARAMETERS, without a congestion control that namespaces may not use here."""
    may = congestion.ALLOWED.read_text().split()
    name = "net.ipv4.tcp_congestion_control"
    return {key: text for key, text in STOCK_PARAMETERS.items() if key != name or text in may}


if __name__ == "__main__":
    ending_with_errors(main)
