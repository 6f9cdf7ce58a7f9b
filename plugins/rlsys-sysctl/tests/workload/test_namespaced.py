"""The list of namespaced parameters against the kernel that these tests run on."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from rlsys_sysctl.workload.namespaced import is_namespaced

_LIST = """
import os, sys
for folder, _, files in os.walk("/proc/sys/net"):
    for name in files:
        path = os.path.join(folder, name)
        if os.stat(path).st_mode & 0o222:
            print(os.path.relpath(path, "/proc/sys").replace("/", "."))
"""


def writable_names(*prefix: str) -> set[str]:
    command = [*prefix, sys.executable, "-I", "-S", "-c", _LIST]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return set(shown.split())


def test_what_is_called_namespaced_exists_in_a_fresh_namespace(netns):
    """The direction that matters: nothing that the machine shares passes for namespaced."""
    inside = writable_names("nsenter", f"--net=/proc/{netns.pid}/ns/net")
    if len(inside) < 50:
        pytest.fail(f"a fresh namespace shows {len(inside)} parameters only")
    others = [f".{device}." for device in os.listdir("/sys/class/net") if device != "lo"]
    passed = {
        name
        for name in writable_names()
        if is_namespaced(name) and not any(device in name for device in others)
    }
    assert len(passed) > 50
    assert passed <= inside


def test_what_the_shipped_network_workloads_tune_is_namespaced():
    for name in ("tcp_rmem", "tcp_wmem", "tcp_congestion_control", "ip_local_port_range"):
        assert is_namespaced(f"net.ipv4.{name}")


@pytest.mark.parametrize(
    "name",
    ["vm.swappiness", "kernel.panic", "net.core.rmem_max", "net.ipv4.tcp_mem", "fs.file-max"],
)
def test_what_the_whole_machine_shares_is_not(name):
    assert not is_namespaced(name)


def test_ipc_parameters_are_an_ipc_namespaces_own():
    if os.geteuid() != 0:
        pytest.skip("needs root to make an IPC namespace")
    path = "/proc/sys/kernel/msgmax"
    with open(path, encoding="utf-8") as file:
        outside = file.read()
    changed = "echo 4096 > /proc/sys/kernel/msgmax && cat /proc/sys/kernel/msgmax"
    inside = subprocess.run(
        ["unshare", "--ipc", "sh", "-c", changed], capture_output=True, text=True, check=True
    )
    assert inside.stdout.strip() == "4096"
    with open(path, encoding="utf-8") as file:
        assert file.read() == outside
    assert is_namespaced("kernel.msgmax")
