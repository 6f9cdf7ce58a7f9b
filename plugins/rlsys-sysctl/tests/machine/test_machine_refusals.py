"""What the machine refuses before anything is written."""

from __future__ import annotations

from pathlib import Path

import pytest
from coupled_kernel import CoupledKernel
from fake_tree import FakeTree

from rlsys.errors import ConfigError, UserError
from rlsys_sysctl.machine.kernel import Kernel
from rlsys_sysctl.machine.machine import Machine
from rlsys_sysctl.workload.constraints import Constraint
from rlsys_sysctl.workload.parameters import Parameter
from rlsys_sysctl.workload.space import ActionSpace

RMEM = "net.ipv4.tcp_rmem"


@pytest.fixture
def space() -> ActionSpace:
    return ActionSpace(
        [
            Parameter(param="vm.swappiness", type="int", min=0, max=50, step=10),
            Parameter(param="vm.page-cluster", type="int", min=0, max=9),
            Parameter(
                param=RMEM,
                type="vector",
                components=[
                    {"min": 4096, "max": 2**20},
                    {"min": 1, "max": 2**24},
                    {"min": 1, "max": 2**28},
                ],
            ),
        ],
        [Constraint(left="vm.page-cluster", relation="<", right="vm.swappiness")],
    )


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"vm.swappiness": "60.5"}, "vm.swappiness: '60.5' is no whole number"),
        ({"vm.swappiness": "80"}, "vm.swappiness: 80 is not within 0 to 50"),
        ({"vm.swappiness": "15"}, "15 is between two steps"),
        ({"vm.swappiness": "nan"}, "'nan' is no whole number"),
        ({"vm.swappiness": ""}, "'' is no value"),
        ({"vm.swappiness": "10\n20"}, "is no value; give one line"),
        ({"vm.page-cluster": "9", "vm.swappiness": "0"}, "does not hold for 9 and 0"),
        ({RMEM: "4096 131072"}, "has 2 numbers, not 3"),
        ({RMEM: "4096 131072 65536"}, "has a component below the one before it"),
        ({"vm.dirty_ratio": "5"}, "vm.dirty_ratio is not tuned"),
    ],
)
@pytest.mark.parametrize("dry_run", [False, True])
def test_a_value_that_is_not_allowed_changes_nothing(
    fake_proc: FakeTree, space: ActionSpace, values: dict[str, str], told: str, dry_run: bool
) -> None:
    before = fake_proc.values()
    kernel = CoupledKernel(fake_proc.root)
    with Machine(space.names, kernel=kernel, space=space, dry_run=dry_run) as machine:
        with pytest.raises(ConfigError, match=told):
            machine.apply(values)
        assert fake_proc.values() == before
        assert machine.writes == []


def test_the_original_value_is_allowed_though_it_is_out_of_range(
    fake_proc: FakeTree, space: ActionSpace
) -> None:
    with Machine(space.names, kernel=Kernel(fake_proc.root), space=space) as machine:
        machine.apply({"vm.swappiness": "50", "vm.page-cluster": "0"})
        machine.apply(machine.original)
        assert machine.current["vm.swappiness"] == "60"


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["vm.swapiness"], r"vm.swapiness does not exist in .*did you mean 'vm.swappiness'\?"),
        (["net.ipv4"], "net.ipv4 is a folder of parameters"),
        (["kernel.panic"], "kernel.panic is not tuned: it can stop the machine.*--allow-dangerous"),
        (["vm.dirty_ratio", "vm.dirty_bytes"], "exclude each other"),
        (["../etc/passwd"], "is no name of a kernel parameter"),
    ],
)
@pytest.mark.parametrize("dry_run", [False, True])
def test_a_parameter_that_cannot_be_tuned_is_refused(
    fake_proc: FakeTree, own_state: Path, names: list[str], told: str, dry_run: bool
) -> None:
    with (
        pytest.raises(ConfigError, match=told),
        Machine(names, kernel=Kernel(fake_proc.root), dry_run=dry_run),
    ):
        pytest.fail("entered")
    assert not own_state.exists()


def test_a_read_only_parameter_is_refused(fake_proc: FakeTree) -> None:
    fake_proc.path("vm.swappiness").chmod(0o444)
    with (
        pytest.raises(UserError, match=r"vm.swappiness is read-only in this kernel"),
        Machine(["vm.swappiness"], kernel=Kernel(fake_proc.root)),
    ):
        pytest.fail("entered")


def test_a_dangerous_parameter_opens_with_the_flag_alone(fake_proc: FakeTree) -> None:
    kernel = Kernel(fake_proc.root)
    with Machine(["kernel/panic"], kernel=kernel, allow_dangerous=True) as machine:
        machine.apply({"kernel.panic": "5"})
        assert fake_proc.values()["kernel.panic"] == "5"
    assert fake_proc.values()["kernel.panic"] == "0"
