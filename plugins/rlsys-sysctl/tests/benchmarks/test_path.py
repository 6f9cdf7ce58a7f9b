"""The path between two namespaces: delay, rate, queue and loss are those asked for, and it goes."""

from __future__ import annotations

import contextlib
import math
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import bench_rig
import pytest
from hypothesis import given
from hypothesis import strategies as st
from patience import HANG, eventually

from rlsys.errors import UserError
from rlsys_sysctl.benchmarks.link import Link, LinkSettings
from rlsys_sysctl.benchmarks.path import ADDRESSES

PORT = 7000
HEADERS = 14 + 20 + 8  # Ethernet, IPv4, UDP
ALLOWED = Path("/proc/sys/net/ipv4/tcp_allowed_congestion_control")

frames = st.lists(st.tuples(st.integers(0, 200), st.integers(1, 1500)), max_size=40)


@given(frames, st.integers(0, 9), st.integers(1, 10))
def test_every_frame_arrives_when_a_plain_calculation_says(
    sizes: list[tuple[int, int]], delay: int, queue: int
) -> None:
    """At 8 bit/s a byte takes a second: all times are whole seconds, exact in floats."""
    link = Link(LinkSettings(delay=delay, rate=8, queue=queue), seed=0)
    now = 0
    accepted: list[int] = []
    expected: list[tuple[float, int]] = []
    for number, (gap, size) in enumerate(sizes):
        now += gap
        link.accept(bytes([number]) * size, float(now))
        waiting = [departure for departure in accepted if departure > now]
        if len(waiting) < queue:
            departure = max([now, *accepted]) + size
            accepted.append(departure)
            expected.append((departure + delay, number))
    arrived = []
    while (due := link.next_due()) is not None:
        assert link.due(math.nextafter(due, 0)) == []
        arrived += [(due, frame[0]) for frame in link.due(due)]
    assert arrived == expected
    assert link.dropped == len(sizes) - len(expected)


def test_losses_follow_the_seed_and_have_the_asked_frequency() -> None:
    def lost(seed: int, count: int = 20_000) -> list[int]:
        link = Link(LinkSettings(delay=0, rate=1e9, queue=1, loss=0.03), seed)
        for number in range(count):
            link.accept(number.to_bytes(4, "big"), float(number))
        arrived = {int.from_bytes(frame, "big") for frame in link.due(math.inf)}
        assert link.lost == count - len(arrived)
        return sorted(set(range(count)) - arrived)

    assert lost(1) == lost(1) != lost(2)
    assert abs(len(lost(3)) - 600) < 5 * math.sqrt(600 * 0.97)


@pytest.mark.parametrize(
    "wrong", [{"delay": -1.0}, {"rate": 0.0}, {"queue": 0}, {"loss": 1.0}, {"delay": math.nan}]
)
def test_an_impossible_link_is_refused_by_name(wrong: dict[str, float]) -> None:
    settings = {"delay": 0.1, "rate": 1e6, "queue": 10, "loss": 0.0} | wrong
    with pytest.raises(UserError, match=next(iter(wrong))):
        LinkSettings(**settings)  # type: ignore[arg-type]


def sockets(path: bench_rig.Running) -> tuple[socket.socket, socket.socket]:
    """A UDP socket in the client's namespace, connected to one in the server's."""

    def bound() -> socket.socket:
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 25)
        server.bind((ADDRESSES["server"], PORT))
        return server

    def connected() -> socket.socket:
        client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        client.connect((ADDRESSES["server"], PORT))
        return client

    server = bench_rig.inside(path.pids["server"], bound)
    client = bench_rig.inside(path.pids["client"], connected)
    for end in (client, server):
        end.settimeout(HANG)
    return client, server


def path_with(**settings: float) -> contextlib.AbstractContextManager[bench_rig.Running]:
    """The long path's fixture with other settings: ms, Mbit/s, frames, a chance."""
    bench_rig.need_tap()
    usual = {"delay": 1.0, "rate": 100.0, "queue": 1000, "loss": 0.0} | settings
    return bench_rig.running("net_long_path", *(f"--{key}={usual[key]:g}" for key in usual))


def test_a_probe_takes_at_least_twice_the_delay() -> None:
    with path_with(delay=60) as path:
        client, server = sockets(path)
        with client, server:
            times = []
            for _ in range(5):
                begin = time.monotonic()
                client.send(b"probe")
                server.sendto(*server.recvfrom(16))
                client.recv(16)
                times.append(time.monotonic() - begin)
    assert min(times) >= 0.120


def received(
    client: socket.socket, server: socket.socket, mark: bytes
) -> list[tuple[float, bytes]]:
    """Time and content of what arrives before `mark`, which is sent again where it was lost."""
    arrived = []
    server.settimeout(0.2)
    while True:
        client.send(mark)
        with contextlib.suppress(TimeoutError):
            while (frame := server.recv(2048)) != mark:
                arrived.append((time.monotonic(), frame))
            return arrived


def test_a_flood_is_cut_to_the_rate_and_the_queue() -> None:
    """A slow link, so that a flood is no work: three times what it can have taken meanwhile."""
    rate, queue, size, delay = 1e6, 20, 1400, 0.001
    bits = (size + HEADERS) * 8
    with path_with(rate=rate / 1e6, queue=queue, delay=delay * 1e3) as path:
        client, server = sockets(path)
        with client, server:
            sent, begin = 0, time.monotonic()
            while sent < 300 + 3 * (queue + (time.monotonic() - begin) * rate / bits):
                client.send(bytes(size))
                sent += 1
            times = [moment for moment, _ in received(client, server, b"end")]
    assert queue <= len(times) < sent
    # One after the other: the first was not on the link before it was sent.
    assert (len(times) - 1) * bits / rate <= times[-1] - begin - delay


def test_losses_on_the_way_are_as_many_as_asked() -> None:
    count, loss, batch = 6000, 0.05, 50
    arrived: list[int] = []
    with path_with(loss=loss) as path:
        client, server = sockets(path)
        with client, server:
            for first in range(0, count, batch):
                for number in range(first, first + batch):
                    client.send(number.to_bytes(4, "big"))
                frames = received(client, server, f"to {first}".encode())
                # A mark that was sent twice may come once more after the next batch has begun.
                arrived += [
                    int.from_bytes(frame, "big") for _, frame in frames if frame[:3] != b"to "
                ]
    assert arrived == sorted(set(arrived)), "in order, none twice"
    missing = count - len(arrived)
    assert abs(missing - count * loss) < 5 * math.sqrt(count * loss * (1 - loss))


@pytest.mark.parametrize("how", bench_rig.ENDS)
def test_nothing_is_left_whatever_ends_it(how: str) -> None:
    with path_with() as path:
        inodes = {bench_rig.namespace_of(pid) for pid in path.pids.values()}
        assert len(inodes) == 2
        assert inodes <= bench_rig.living_namespaces()
        assert bench_rig.namespace_of(os.getpid()) not in inodes
        path.end(how)
        assert eventually(lambda: not inodes & bench_rig.living_namespaces())
        assert eventually(
            lambda: not any(Path(f"/proc/{pid}").exists() for pid in path.pids.values())
        )


@pytest.mark.parametrize("how", bench_rig.ENDS)
def test_the_machine_allows_congestion_controls_only_while_it_runs(how: str) -> None:
    bench_rig.need_tap()
    available = Path("/proc/sys/net/ipv4/tcp_available_congestion_control").read_text().split()
    before = ALLOWED.read_text().split()
    more = [name for name in available if name not in before]
    bench_rig.need(bool(more), "a congestion control that namespaces may not use yet")
    with bench_rig.running("net_long_path", "--allow", *more) as path:
        assert ALLOWED.read_text().split() == [*before, *more]
        path.set({"net.ipv4.tcp_congestion_control": more[0]})
        path.end(how)
        assert eventually(lambda: ALLOWED.read_text().split() == before)


def test_without_root_it_says_what_is_needed() -> None:
    """A program that gives up root after its imports, which other users might not reach."""
    bench_rig.need_root()
    program = (
        "import os\n"
        "from rlsys.errors import UserError\n"
        "from rlsys_sysctl.benchmarks import namespaces\n"
        "os.setuid(65534)\n"
        "for work in (namespaces.unshare_network, lambda: namespaces.enter(os.getppid())):\n"
        "    try: work()\n"
        "    except UserError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    make, enter = done.stdout.splitlines()
    assert "cannot make a network namespace" in make
    assert "sudo" in make
    assert "cannot enter" in enter
    assert "needs root" in enter
