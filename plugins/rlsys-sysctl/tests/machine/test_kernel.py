"""Kernel parameters are read and written where they live: here, or in a network namespace."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from coupled_kernel import CoupledKernel
from fake_tree import FakeTree, HeldNamespace

from rlsys.errors import ConfigError, UserError
from rlsys_sysctl.machine.kernel import PAIRS, PARTNERS, PROC_SYS, Kernel
from rlsys_sysctl.machine.names import canonical, from_path, relative_path
from rlsys_sysctl.machine.netns import Namespace, NamespaceGone, namespace_of, own_namespace

RMEM = "net.ipv4.tcp_rmem"


def test_values_are_read_with_single_spaces_and_written_with_a_newline(fake_proc: FakeTree) -> None:
    kernel = Kernel(fake_proc.root)
    assert kernel.read(RMEM) == "4096 131072 6291456"
    kernel.write(RMEM, "4096 8192 16384")
    assert fake_proc.path(RMEM).read_text() == "4096 8192 16384\n"


def test_a_shorter_value_leaves_nothing_of_the_longer_one(fake_proc: FakeTree) -> None:
    kernel = Kernel(fake_proc.root)
    kernel.write("vm.swappiness", "100")
    kernel.write("vm.swappiness", "5")
    assert kernel.read("vm.swappiness") == "5"


def test_nothing_is_made_that_the_kernel_does_not_have(fake_proc: FakeTree) -> None:
    with pytest.raises(UserError, match=r"vm.swapiness does not exist in .*did you mean 'vm.swapp"):
        Kernel(fake_proc.root).write("vm.swapiness", "5")
    assert not fake_proc.path("vm.swapiness").exists()


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("vm.swappiness", "vm/swappiness"),
        ("vm/swappiness", "vm/swappiness"),
        ("net.ipv4.conf.eth0/100.mtu", "net/ipv4/conf/eth0.100/mtu"),
        ("net/ipv4/conf/eth0.100/mtu", "net/ipv4/conf/eth0.100/mtu"),
    ],
)
def test_names_have_both_separators_as_in_sysctl(name: str, path: str) -> None:
    assert relative_path(canonical(name)) == path
    assert from_path(path) == canonical(name)


@pytest.mark.parametrize(
    "name", ["", "vm", "vm.", ".vm", "../../etc/x", "vm/../x", "vm.//.x", "vm. x", "a.\0b", "/vm/x"]
)
def test_a_name_never_leads_out_of_the_tree(name: str) -> None:
    with pytest.raises(ConfigError, match=r"is no name of a kernel parameter"):
        canonical(name)


def test_obstacles_say_what_to_do(fake_proc: FakeTree) -> None:
    kernel = Kernel(fake_proc.root)
    assert kernel.obstacle("vm.swappiness") is None
    fake_proc.path("vm.swappiness").chmod(0o444)
    assert "read-only in this kernel" in str(kernel.obstacle("vm.swappiness"))
    fake_proc.path("vm.swappiness").chmod(0o200)
    assert "cannot be read" in str(kernel.obstacle("vm.swappiness"))
    assert not kernel.exists("net.ipv4")
    assert kernel.absence("net.ipv4") == "is a folder of parameters; name one of them"


def test_a_tree_that_is_mounted_read_only_is_told(
    fake_proc: FakeTree, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounted = SimpleNamespace(f_flag=os.ST_RDONLY | os.ST_NOSUID)
    monkeypatch.setattr(os, "statvfs", lambda _path: mounted)
    assert "mounted read-only, as in most containers" in str(
        Kernel(fake_proc.root).obstacle("vm.swappiness")
    )


def test_the_real_kernel_marks_what_can_only_be_read_or_only_be_written() -> None:
    kernel = Kernel()
    assert "read-only in this kernel" in str(kernel.obstacle("kernel.version"))
    assert "cannot be read" in str(kernel.obstacle("vm.drop_caches"))


def test_another_user_is_told_how_to_get_the_right() -> None:
    if os.geteuid():
        assert "use sudo" in str(Kernel().obstacle("vm.swappiness"))
        return
    program = (
        "import os, sys, json; sys.path[:] = json.loads(sys.argv[1]); "
        "from rlsys_sysctl.machine.kernel import Kernel; os.setgid(65534); os.setuid(65534); "
        "print(Kernel().obstacle('vm.swappiness'))"
    )
    said = subprocess.run(
        [sys.executable, "-c", program, json.dumps(sys.path)], capture_output=True, text=True
    )
    assert "may not be written by this user; use sudo" in said.stdout, said.stderr


def test_a_refusal_of_the_kernel_is_told_with_the_value() -> None:
    with pytest.raises(UserError, match=r"does not take|cannot be"):
        Kernel().write("kernel.version", "mine")


def test_the_pairs_are_those_of_the_real_kernel() -> None:
    for one, other in PAIRS:
        assert Kernel().exists(one)
        assert Kernel().exists(other)
        assert PARTNERS[one] == other
        assert PARTNERS[other] == one
        assert "0" in (Kernel().read(one), Kernel().read(other))


def test_the_kernel_for_tests_behaves_as_the_real_one_does_with_pairs(fake_proc: FakeTree) -> None:
    kernel = CoupledKernel(fake_proc.root)
    kernel.write("vm.dirty_bytes", "1000000")
    assert kernel.read("vm.dirty_ratio") == "0"
    with pytest.raises(UserError, match=r"Invalid argument"):
        kernel.write("vm.dirty_bytes", "0")


def test_a_namespace_has_its_own_value_and_ours_stays(netns: HeldNamespace) -> None:
    kernel = Kernel(namespace=netns.pid)
    ours = Path(PROC_SYS, "net/ipv4/tcp_rmem").read_text()
    kernel.write(RMEM, "4096 10000 20000")
    assert netns.read(RMEM) == kernel.read(RMEM) == "4096 10000 20000"
    assert Path(PROC_SYS, "net/ipv4/tcp_rmem").read_text() == ours
    netns.write(RMEM, "4096 5000 6000")
    assert kernel.read(RMEM) == "4096 5000 6000"


def test_this_thread_stays_in_its_namespace(netns: HeldNamespace) -> None:
    before = os.stat("/proc/thread-self/ns/net").st_ino
    Kernel(namespace=netns.pid).read(RMEM)
    assert os.stat("/proc/thread-self/ns/net").st_ino == before
    assert os.stat(f"/proc/{netns.pid}/ns/net").st_ino != before


def test_what_a_namespace_does_not_have_is_the_machines(netns: HeldNamespace) -> None:
    kernel = Kernel(namespace=netns.pid)
    assert kernel.place("vm.page-cluster").namespace is None
    inside = kernel.place(RMEM).namespace
    assert inside is not None
    assert inside.inode == os.stat(f"/proc/{netns.pid}/ns/net").st_ino
    assert kernel.place("net.ipv4.tcp_mem").namespace == own_namespace()
    assert kernel.exists("net.ipv4.tcp_mem")


def test_the_kernel_refuses_half_of_a_pair_of_ports_and_the_value_stays(
    netns: HeldNamespace,
) -> None:
    before = netns.read("net.ipv4.ip_local_port_range")
    with pytest.raises(UserError, match=r"ip_local_port_range does not take '60000 1024'"):
        Kernel(namespace=netns.pid).write("net.ipv4.ip_local_port_range", "60000 1024")
    assert netns.read("net.ipv4.ip_local_port_range") == before


def test_a_namespace_that_is_gone_is_told(netns: HeldNamespace) -> None:
    kernel = Kernel(namespace=netns.pid)
    netns.close()
    with pytest.raises(NamespaceGone, match=f"namespace of process {netns.pid} is gone"):
        kernel.read(RMEM)


def test_a_namespace_is_found_again_by_another_of_its_processes(netns: HeldNamespace) -> None:
    namespace = namespace_of(netns.pid)
    lost = Namespace(2**22 - 1, namespace.inode, namespace.cookie, initial=False)
    assert lost.run(lambda: os.stat("/proc/thread-self/ns/net").st_ino) == namespace.inode


def test_another_namespace_with_the_same_number_is_not_taken_for_it(netns: HeldNamespace) -> None:
    """The kernel gives the numbers of namespaces that are gone to new ones; cookies it does not."""
    namespace = namespace_of(netns.pid)
    earlier = Namespace(netns.pid, namespace.inode, namespace.cookie - 1, initial=False)
    with pytest.raises(NamespaceGone):
        earlier.run(lambda: pytest.fail("entered a strange namespace"))
    here = own_namespace()
    assert here is not None
    with pytest.raises(NamespaceGone):
        Namespace(here.pid, here.inode, here.cookie + 1, initial=True).run(lambda: None)


def test_a_process_that_does_not_exist_is_told() -> None:
    with pytest.raises(UserError, match=r"that process does not exist"):
        Kernel(namespace=2**22 - 1)
