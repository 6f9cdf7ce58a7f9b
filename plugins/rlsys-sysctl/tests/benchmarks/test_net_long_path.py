"""The long path responds to buffers as the window says, and begins with the values it names."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import bench_rig
import pytest

from rlsys_sysctl.benchmarks import net_long_path
from rlsys_sysctl.workload.workload import load_workload

# So small that twice its rate is no work for any machine.
pytestmark = pytest.mark.slow
WINDOW = 16384
SMALL = {
    "net.ipv4.tcp_rmem": f"4096 {WINDOW} {WINDOW}",
    "net.ipv4.tcp_wmem": f"4096 {WINDOW} {WINDOW}",
    "net.ipv4.tcp_congestion_control": "reno",
}
LARGE = SMALL | {
    "net.ipv4.tcp_rmem": "4096 4194304 33554432",
    "net.ipv4.tcp_wmem": "4096 4194304 33554432",
}
ROUND_TRIP = 0.2


def test_small_buffers_are_as_slow_as_their_window_and_large_ones_several_times_faster() -> None:
    """No loss here, so that only the window counts; a run of one round."""
    bench_rig.need_tap()
    metric = load_workload("net-long-path").reward_metric
    with bench_rig.running("net_long_path", "--loss=0") as path:
        path.set(SMALL)
        small = path.run(net_long_path.ROUND_SECONDS)[metric]
        path.set(LARGE)
        large = path.run(net_long_path.ROUND_SECONDS)[metric]
    # No more than a window can be under way in a round trip.
    assert 0 < small <= WINDOW * 8e-6 / ROUND_TRIP
    assert large > 2 * small


def test_namespaces_begin_with_stock_values_or_this_machines() -> None:
    bench_rig.need_tap()

    def read() -> dict[str, str]:
        return {
            name: " ".join(Path("/proc/sys", *name.split(".")).read_text().split())
            for name in net_long_path.STOCK_PARAMETERS
        }

    allowed = Path("/proc/sys/net/ipv4/tcp_allowed_congestion_control").read_text().split()
    expected = dict(net_long_path.STOCK_PARAMETERS)
    if "cubic" not in allowed:
        expected["net.ipv4.tcp_congestion_control"] = read()["net.ipv4.tcp_congestion_control"]
    with bench_rig.running("net_long_path") as path:
        for pid in path.pids.values():
            assert bench_rig.inside(pid, read) == expected
    with bench_rig.running("net_long_path", "--defaults=machine") as path:
        for pid in path.pids.values():
            assert bench_rig.inside(pid, read) == read()


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ("nonsense", "must be a document like"),
        ('{"namespaces": {"client": "x"}}', "must be a document like"),
        ('{"namespaces": {"client": 1}}', "not the one of this benchmark"),
        ('{"namespaces": {"client": 999999999, "server": 999999999}}', "start it again"),
    ],
)
def test_a_fixture_that_does_not_fit_is_one_line(document: str, words: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", net_long_path.MODULE],
        env={**os.environ, "RLSYS_SYSCTL_NAMESPACES": document},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert words in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_impossible_paths_are_refused_by_name() -> None:
    bench_rig.need_tap()
    for option, name in (("--loss=1.5", "loss"), ("--rate=0", "rate"), ("--delay=-1", "delay")):
        done = subprocess.run(
            [sys.executable, "-m", net_long_path.MODULE, "--fixture", option],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 1
        assert done.stderr.startswith(f"error: {name} of the path")


def test_a_fixture_says_one_line_that_is_json() -> None:
    bench_rig.need_tap()
    with bench_rig.running("net_long_path") as path:
        said = json.loads(path.document)
        assert set(said) == {"namespaces"}
        assert set(said["namespaces"]) == {"client", "server"}
        assert path.end() == 0
        assert path.process.stdout is not None
        assert path.process.stdout.read() == b""
