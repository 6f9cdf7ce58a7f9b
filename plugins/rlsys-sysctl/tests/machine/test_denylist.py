"""Which parameters are tuned only with --allow-dangerous."""

from __future__ import annotations

import pytest

from rlsys_sysctl.machine.denylist import danger


@pytest.mark.parametrize(
    "name",
    [
        "kernel.panic",
        "kernel.panic_on_oops",
        "kernel.panic_on_warn",
        "kernel.sysrq",
        "vm.panic_on_oom",
        "kernel.softlockup_panic",
        "kernel.core_pattern",
        "kernel.modules_disabled",
        "vm.nr_hugepages",
        "kernel.pid_max",
        "fs.file-max",
        "net.ipv4.ip_forward",
        "net.ipv4.conf.eth0/1.rp_filter",
        "net.ipv6.conf.all.disable_ipv6",
        "vm.overcommit_memory",
        "vm.min_free_kbytes",
    ],
)
def test_what_can_take_a_machine_down_is_on_the_denylist(name: str) -> None:
    assert danger(name)


@pytest.mark.parametrize(
    "name",
    [
        "vm.swappiness",
        "vm.page-cluster",
        "vm.dirty_ratio",
        "vm.dirty_background_ratio",
        "vm.vfs_cache_pressure",
        "net.ipv4.tcp_rmem",
        "net.ipv4.tcp_wmem",
        "net.ipv4.tcp_congestion_control",
        "net.core.somaxconn",
        "net.ipv4.tcp_slow_start_after_idle",
        "net.ipv4.ip_local_port_range",
        "net.ipv4.tcp_tw_reuse",
        "net.ipv4.tcp_fin_timeout",
        "net.core.rmem_max",
        "kernel.sched_autogroup_enabled",
    ],
)
def test_what_people_tune_is_not(name: str) -> None:
    assert danger(name) is None
