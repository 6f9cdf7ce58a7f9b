"""A dry run writes nothing, and records exactly what a real one would write."""

from __future__ import annotations

from pathlib import Path

from coupled_kernel import CoupledKernel
from fake_tree import FakeTree

from rlsys_sysctl.machine.kernel import Kernel
from rlsys_sysctl.machine.machine import Machine

RMEM = "net.ipv4.tcp_rmem"


def test_a_dry_run_writes_nothing_anywhere_and_tells_what_it_would(
    fake_proc: FakeTree, own_state: Path
) -> None:
    before = fake_proc.values()
    for path in fake_proc.root.rglob("*"):
        path.chmod(0o555 if path.is_dir() else 0o444)  # no right is needed
    names = ["vm.swappiness", "vm.dirty_background_ratio"]
    with Machine(names, kernel=Kernel(fake_proc.root), dry_run=True) as machine:
        machine.apply({"vm.swappiness": "60", "vm.dirty_background_ratio": "10"})
        machine.apply({"vm.swappiness": "10"})
        machine.verify()
        machine.restore()
    assert machine.writes == [
        ("vm.dirty_background_ratio", "10"),
        ("vm.swappiness", "10"),
        ("vm.swappiness", "60"),
        ("vm.dirty_background_bytes", "50000000"),
    ]
    assert fake_proc.values() == before
    assert not own_state.exists()


def test_a_dry_run_makes_the_same_writes_as_a_real_one(fake_proc: FakeTree) -> None:
    names = ["vm.swappiness", "vm.dirty_ratio", "vm.dirty_background_ratio", RMEM]
    steps = [
        {"vm.swappiness": "5", "vm.dirty_ratio": "7"},
        {"vm.dirty_background_ratio": "3", RMEM: "1 2 3", "vm.swappiness": "5"},
        {"vm.dirty_background_ratio": "0", "vm.dirty_ratio": "20"},
    ]
    writes = []
    for dry_run in (False, True):
        kernel = CoupledKernel(fake_proc.root)
        with Machine(names, kernel=kernel, dry_run=dry_run) as machine:
            for step in steps:
                machine.apply(step)
            machine.restore()
        writes.append(machine.writes)
    assert writes[0] == writes[1]
