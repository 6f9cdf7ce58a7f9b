"""Somebody else at the same parameters: another program, another tuner, an earlier one."""

from __future__ import annotations

from pathlib import Path

import pytest
from coupled_kernel import CoupledKernel
from fake_tree import FakeTree

from rlsys.errors import UserError
from rlsys_sysctl.machine.journal import Journal
from rlsys_sysctl.machine.kernel import Kernel, Place
from rlsys_sysctl.machine.machine import ChangedElsewhere, Machine


@pytest.fixture
def said() -> list[str]:
    return []


def test_a_change_from_elsewhere_is_told_and_undone(fake_proc: FakeTree, said: list[str]) -> None:
    before = fake_proc.values()
    names = ["vm.swappiness", "vm.dirty_ratio"]

    def tune() -> None:
        with Machine(names, kernel=CoupledKernel(fake_proc.root), log=said.append) as machine:
            machine.apply({"vm.swappiness": "10"})
            fake_proc.path("vm.swappiness").write_text("77\n")
            machine.verify()

    with pytest.raises(ChangedElsewhere, match=r"vm.swappiness is '77' and no longer '10'"):
        tune()
    assert fake_proc.values() == before
    assert said == ["vm.swappiness was '77', which somebody else has written; put back to '60'"]


def test_the_other_of_a_pair_is_watched_too(fake_proc: FakeTree) -> None:
    kernel = CoupledKernel(fake_proc.root)

    def tune() -> None:
        with Machine(["vm.dirty_ratio"], kernel=kernel) as machine:
            machine.apply({"vm.dirty_ratio": "10"})
            kernel.write("vm.dirty_bytes", "100000")
            machine.verify()

    with pytest.raises(ChangedElsewhere, match=r"vm.dirty_"):
        tune()
    assert fake_proc.values()["vm.dirty_ratio"] == "20"


def test_an_earlier_boots_journal_with_other_values_needs_a_decision(
    fake_proc: FakeTree, own_state: Path, monkeypatch: pytest.MonkeyPatch, said: list[str]
) -> None:
    own_state.mkdir()
    Journal(own_state).write({(Place(str(fake_proc.root), None), "vm.swappiness"): "33"})
    monkeypatch.setattr("rlsys_sysctl.machine.journal.boot_id", lambda: "another boot")
    machine = Machine(["vm.page-cluster"], kernel=Kernel(fake_proc.root), log=said.append)
    with pytest.raises(UserError, match=r"'60' where it was '33'.*restore.*--discard"), machine:
        pytest.fail("entered")
    assert fake_proc.values()["vm.swappiness"] == "60"
    fake_proc.path("vm.swappiness").write_text("33\n")
    with machine:
        assert "an earlier tuner" in said[0]


def test_two_machines_in_one_process_exclude_each_other(fake_proc: FakeTree) -> None:
    one, other = (Machine(["vm.swappiness"], kernel=Kernel(fake_proc.root)) for _ in range(2))
    with one:
        with pytest.raises(UserError, match=r"another tuner is at work"), other:
            pytest.fail("entered")
        one.apply({"vm.swappiness": "10"})
        one.verify()
    with other:  # free again
        other.apply({"vm.swappiness": "10"})
