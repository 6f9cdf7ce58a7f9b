"""Network parameters in the namespaces of a fixture."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_tree import HeldNamespace

from rlsys.errors import UserError
from rlsys_sysctl.machine.journal import Journal
from rlsys_sysctl.machine.kernel import Kernel
from rlsys_sysctl.machine.machine import ChangedElsewhere, Machine

RMEM = "net.ipv4.tcp_rmem"
PORTS = "net.ipv4.ip_local_port_range"


@pytest.fixture
def two(netns: HeldNamespace) -> Iterator[tuple[HeldNamespace, HeldNamespace]]:
    with HeldNamespace() as second:
        yield netns, second


def test_several_namespaces_are_kept_alike(two: tuple[HeldNamespace, HeldNamespace]) -> None:
    before = two[0].read(RMEM)
    machine_wide = Path("/proc/sys/vm/page-cluster").read_text()
    kernels = [Kernel(namespace=one.pid) for one in two]
    with Machine([RMEM, PORTS, "vm.page-cluster"], kernel=kernels) as machine:
        machine.apply({RMEM: "4096 9000 90000", PORTS: "2000 3000", "vm.page-cluster": "2"})
        assert [one.read(RMEM) for one in two] == ["4096 9000 90000"] * 2
        assert [one.read(PORTS) for one in two] == ["2000 3000"] * 2
        assert Path("/proc/sys/vm/page-cluster").read_text() == "2\n"
        assert [name for name, _ in machine.writes].count("vm.page-cluster") <= 1
        with pytest.raises(UserError, match=r"does not take '5 4'"):
            machine.apply({RMEM: "4096 5000 6000", PORTS: "5 4"})
        assert [one.read(RMEM) for one in two] == ["4096 9000 90000"] * 2
        two[1].write(RMEM, "4096 7000 8000")
        told = f"in the network namespace of process {two[1].pid}"
        with pytest.raises(ChangedElsewhere, match=told):
            machine.verify()
    assert [one.read(RMEM) for one in two] == [before] * 2
    assert Path("/proc/sys/vm/page-cluster").read_text() == machine_wide


def test_namespaces_that_differ_are_refused(two: tuple[HeldNamespace, HeldNamespace]) -> None:
    two[1].write(RMEM, "4096 7000 8000")
    kernels = [Kernel(namespace=one.pid) for one in two]
    with (
        pytest.raises(UserError, match=r"tcp_rmem differs: .*make it alike"),
        Machine([RMEM], kernel=kernels),
    ):
        pytest.fail("entered")


def test_a_namespace_that_ends_meanwhile_needs_no_restoring(
    netns: HeldNamespace, own_state: Path
) -> None:
    with Machine([RMEM], kernel=Kernel(namespace=netns.pid)) as machine:
        machine.apply({RMEM: "4096 9000 90000"})
        netns.close()
    assert Journal(own_state).read() is None
