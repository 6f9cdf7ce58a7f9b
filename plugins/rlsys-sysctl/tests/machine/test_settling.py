"""Parameters that depend on each other, and kernels that do not take what is written."""

from __future__ import annotations

import pytest
from coupled_kernel import CoupledKernel, OrderedKernel, StubbornKernel
from fake_tree import FakeTree

from rlsys.errors import UserError
from rlsys_sysctl.machine.machine import Machine


def test_a_refused_write_undoes_the_ones_before(fake_proc: FakeTree) -> None:
    names = ["vm.swappiness", "vm.page-cluster", "vm.dirty_ratio"]
    before = fake_proc.values()
    with Machine(names, kernel=StubbornKernel(fake_proc.root)) as machine:
        machine.apply({"vm.swappiness": "30"})
        with pytest.raises(UserError, match=r"page-cluster does not take '7'.*was not applied"):
            machine.apply({"vm.swappiness": "5", "vm.dirty_ratio": "3", "vm.page-cluster": "7"})
        assert fake_proc.values() == {**before, "vm.swappiness": "30"}
        machine.verify()
        assert machine.current["vm.swappiness"] == "30"
    assert fake_proc.values() == before


def test_a_value_that_the_kernel_changes_is_refused(fake_proc: FakeTree) -> None:
    with Machine(["vm.swappiness"], kernel=StubbornKernel(fake_proc.root)) as machine:
        with pytest.raises(UserError, match=r"the kernel keeps '100' instead of '150'"):
            machine.apply({"vm.swappiness": "150"})
        assert fake_proc.values()["vm.swappiness"] == "60"


def test_ranges_that_depend_on_each_other_are_written_in_an_order_that_works(
    fake_proc: FakeTree,
) -> None:
    kernel = OrderedKernel(fake_proc.root)
    with Machine(["vm.page-cluster", "vm.swappiness"], kernel=kernel) as machine:
        machine.apply({"vm.page-cluster": "70", "vm.swappiness": "80"})
        assert machine.current == {"vm.page-cluster": "70", "vm.swappiness": "80"}
        machine.apply({"vm.swappiness": "1", "vm.page-cluster": "0"})
    assert fake_proc.values()["vm.swappiness"] == "60"


def test_of_a_pair_the_one_that_was_set_comes_back(fake_proc: FakeTree) -> None:
    before = fake_proc.values()
    names = ["vm.dirty_ratio", "vm.dirty_background_ratio"]
    with Machine(names, kernel=CoupledKernel(fake_proc.root)) as machine:
        assert machine.original == {"vm.dirty_ratio": "20", "vm.dirty_background_ratio": "0"}
        machine.apply({"vm.dirty_ratio": "40", "vm.dirty_background_ratio": "5"})
        assert fake_proc.values()["vm.dirty_background_bytes"] == "0"
        machine.verify()
        machine.apply(machine.original)  # the default, measured in between
        assert fake_proc.values() == before
        machine.apply({"vm.dirty_background_ratio": "9"})
    assert fake_proc.values() == before
