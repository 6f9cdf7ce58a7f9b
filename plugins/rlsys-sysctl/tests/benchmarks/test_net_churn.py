"""Connection churn: ports are the limit, reuse lifts it, and no run feels the one before."""

from __future__ import annotations

import bench_rig
import pytest
from patience import eventually

from rlsys_sysctl.benchmarks import net_churn
from rlsys_sysctl.workload.workload import load_workload

pytestmark = pytest.mark.slow
PORTS = 200  # a round is many times as long as they last on a slow machine
RANGE = "net.ipv4.ip_local_port_range"
REUSE = "net.ipv4.tcp_tw_reuse"
NARROW = {RANGE: f"20000 {20000 + PORTS - 1}", REUSE: "0"}
METRIC = load_workload("net-churn").reward_metric


def test_without_reuse_each_port_serves_once_a_round_whatever_ran_before() -> None:
    """The exact count, in the first run and after one that took many more ports."""
    bench_rig.need_root()
    with bench_rig.running("net_churn") as client:
        client.set(NARROW)
        counts = [client.run(net_churn.ROUND_SECONDS)[METRIC]]
        client.set({RANGE: "1024 65535"})
        wide = client.run(net_churn.ROUND_SECONDS)
        client.set(NARROW)
        counts.append(client.run(net_churn.ROUND_SECONDS)[METRIC])
    assert counts == [pytest.approx(PORTS / net_churn.ROUND_SECONDS)] * 2
    assert wide[METRIC] > 2 * counts[0]


def test_reuse_lifts_the_limit_and_needs_timestamps() -> None:
    bench_rig.need_root()
    once = pytest.approx(PORTS / net_churn.ROUND_SECONDS)
    with bench_rig.running("net_churn") as client:
        client.set(NARROW | {REUSE: "1"})
        reused = client.run(net_churn.ROUND_SECONDS)
        client.set({"net.ipv4.tcp_timestamps": "0"})
        without = client.run(net_churn.ROUND_SECONDS)
    assert reused[METRIC] > 1.9 * PORTS / net_churn.ROUND_SECONDS
    assert without[METRIC] == once
    assert without["refused_share"] > 0


def test_a_namespace_begins_with_the_kernels_defaults() -> None:
    bench_rig.need_root()
    with bench_rig.running("net_churn") as client:
        values = bench_rig.inside(
            client.pids["client"],
            lambda: [
                (net_churn._TREE / name).read_text().split()
                for name in ("ip_local_port_range", "tcp_tw_reuse")
            ],
        )
    assert values == [["32768", "60999"], ["2"]]


@pytest.mark.parametrize("how", bench_rig.ENDS)
def test_nothing_is_left_whatever_ends_it(how: str) -> None:
    bench_rig.need_root()
    with bench_rig.running("net_churn") as client:
        inode = bench_rig.namespace_of(client.pids["client"])
        client.end(how)
        assert eventually(lambda: inode not in bench_rig.living_namespaces())


class Clocks:
    """Those of a machine on which other programs may have the processor."""

    def __init__(self) -> None:
        self.wall = self.own = 100.0

    def monotonic(self) -> float:
        return self.wall

    def process_time(self) -> float:
        return self.own

    def sleep(self, seconds: float) -> None:
        self.wall += seconds

    def work(self, seconds: float) -> None:
        self.wall += seconds
        self.own += seconds


def test_its_own_clock_counts_work_and_waiting_but_not_other_programs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clocks = Clocks()
    monkeypatch.setattr(net_churn, "time", clocks)
    clock = net_churn.OwnClock()
    clock.wait(0.2)
    assert clock.now() == pytest.approx(0.2)
    clocks.sleep(0.3)  # as if another program had the processor
    assert clock.now() == pytest.approx(0.2)
    clocks.work(0.1)
    assert clock.now() == pytest.approx(0.3)
