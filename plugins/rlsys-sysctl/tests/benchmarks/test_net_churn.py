"""Connection churn: ports are the limit, reuse lifts it, and no run feels the one before."""

from __future__ import annotations

import time

import bench_rig
import pytest

from rlsys_sysctl.benchmarks import net_churn
from rlsys_sysctl.workload.workload import load_workload

PORTS = 1000
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
        assert bench_rig.eventually(lambda: inode not in bench_rig.living_namespaces())


def test_its_own_clock_counts_work_and_waiting_but_not_other_programs() -> None:
    clock = net_churn.OwnClock()
    clock.wait(0.2)
    assert 0.2 <= clock.now() < 0.4
    before = clock.now()
    time.sleep(0.3)  # as if another program had the processor
    assert clock.now() - before < 0.1
    end = time.process_time() + 0.1
    while time.process_time() < end:
        pass
    assert clock.now() - before >= 0.1
