"""Parameters that can take a machine down or open it to attack, or that cannot be put back.

Only an explicit ``allow_dangerous`` lets the tuner write them. The sources are the kernel's
Documentation/admin-guide/sysctl and networking/ip-sysctl.
"""

from __future__ import annotations

from fnmatch import fnmatchcase

_DOWN = "it can stop the machine"
_FULL = "a bad value leaves no memory, process or file for anything else"
_CUT = "it can cut the connections of the machine"
_ONE_WAY = "nothing can put it back"
_RUNS = "it names a program or handler that the kernel runs as root"
_GUARD = "it guards the machine against attacks"

_PATTERNS = {
    _DOWN: (
        "kernel.panic*",
        "kernel.*_panic",
        "kernel.sysrq",
        "kernel.ctrl-alt-del",
        "kernel.oops_limit",
        "kernel.warn_limit",
        "kernel.traceoff_on_warning",
        "kernel.*watchdog*",
        "kernel.sched_rt_*",
        "kernel.hung_task_*",
        "kernel.acpi_video_flags",
        "kernel.unknown_nmi_*",
        "vm.panic_on_oom",
        "vm.memory_failure_*",
        "fs.xfs.panic_mask",
        "debug.*",
    ),
    _FULL: (
        "kernel.pid_max",
        "kernel.threads-max",
        "kernel.ns_last_pid",
        "user.max_*",
        "fs.file-max",
        "fs.nr_open",
        "fs.mount-max",
        "vm.overcommit_*",
        "vm.min_free_kbytes",
        "vm.nr_hugepages*",
        "vm.lowmem_reserve_ratio",
        "vm.admin_reserve_kbytes",
        "vm.user_reserve_kbytes",
        "vm.max_map_count",
    ),
    _CUT: (
        "net.ipv4.ip_forward*",
        "net.*.conf.*.forwarding",
        "net.*.conf.*.mc_forwarding",
        "net.*.conf.*.rp_filter",
        "net.*.conf.*.disable_*",
        "net.*.conf.*.arp_*",
        "net.ipv6.conf.*.accept_ra*",
        "net.ipv6.conf.*.addr_gen_mode",
        "net.ipv4.tcp_mem",
        "net.ipv4.udp_mem",
    ),
    _ONE_WAY: (
        "kernel.modules_disabled",
        "kernel.kexec_load_*",
        "kernel.unprivileged_bpf_disabled",
        "kernel.yama.*",
        "kernel.shm_rmid_forced",
        "vm.memfd_noexec",
        "vm.drop_caches",
        "vm.compact_memory",
        "net.*.route.flush",
    ),
    _RUNS: (
        "kernel.core_*",
        "kernel.modprobe",
        "kernel.hotplug",
        "kernel.poweroff_cmd",
        "kernel.usermodehelper.*",
        "kernel.firmware_config.*",
        "fs.binfmt_misc.*",
    ),
    _GUARD: (
        "kernel.randomize_va_space",
        "kernel.kptr_restrict",
        "kernel.dmesg_restrict",
        "kernel.perf_event_paranoid",
        "kernel.seccomp.*",
        "kernel.apparmor*",
        "kernel.keys.*",
        "kernel.hostname",
        "kernel.domainname",
        "fs.protected_*",
        "fs.suid_dumpable",
        "vm.mmap_min_addr",
        "vm.mmap_rnd_*",
        "vm.legacy_va_layout",
        "vm.unprivileged_userfaultfd",
        "vm.hugetlb_shm_group",
        "dev.tty.*",
        "net.core.bpf_jit_*",
        "net.ipv4.tcp_fastopen_key",
        "net.ipv4.ip_unprivileged_port_start",
        "net.ipv4.ping_group_range",
        "net.*.conf.*.accept_redirects",
        "net.*.conf.*.accept_source_route",
        "crypto.*",
        "abi.*",
    ),
}


def danger(name: str) -> str | None:
    """Return why the parameter with the canonical `name` is not tuned; None where it may be."""
    for reason, patterns in _PATTERNS.items():
        if any(fnmatchcase(name, pattern) for pattern in patterns):
            return reason
    return None
