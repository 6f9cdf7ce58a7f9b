"""Which parameters belong to a namespace, so that a container can change them for itself alone.

The kernel shows in a fresh network namespace only the parameters of ``net`` that it has copies of,
but says nowhere which those are; so this is a list, after Linux 6.18, and a test holds it against
the kernel that it runs on.
"""

from __future__ import annotations

from collections.abc import Iterable

from rlsys.errors import ConfigError

_PREFIXES = (
    "net.ipv4.",
    "net.ipv6.",
    "net.mptcp.",
    "net.netfilter.",
    "net.unix.",
    "net.core.xfrm_",
    "fs.mqueue.",
)
_NAMES = frozenset(
    {
        "net.core.optmem_max",
        "net.core.rps_default_mask",
        "net.core.somaxconn",
        "net.core.tstamp_allow_data",
        "net.core.txrehash",
        "kernel.domainname",
        "kernel.hostname",
        "kernel.auto_msgmni",
        "kernel.msg_next_id",
        "kernel.msgmax",
        "kernel.msgmnb",
        "kernel.msgmni",
        "kernel.sem",
        "kernel.sem_next_id",
        "kernel.shm_next_id",
        "kernel.shm_rmid_forced",
        "kernel.shmall",
        "kernel.shmmax",
        "kernel.shmmni",
    }
)
_SHARED = (
    "net.ipv4.cipso_",
    "net.ipv4.fib_sync_mem",
    "net.ipv4.inet_peer_",
    "net.ipv4.ipfrag_secret_interval",
    "net.ipv4.neigh.default.",
    "net.ipv4.route.error_",
    "net.ipv4.route.gc_",
    "net.ipv4.route.max_size",
    "net.ipv4.route.redirect_",
    "net.ipv4.tcp_allowed_congestion_control",
    "net.ipv4.tcp_low_latency",
    "net.ipv4.tcp_max_orphans",
    "net.ipv4.tcp_mem",
    "net.ipv4.udp_mem",
    "net.ipv6.calipso_",
    "net.ipv6.ip6frag_secret_interval",
    "net.ipv6.mld_max_msf",
    "net.ipv6.mld_qrv",
    "net.ipv6.neigh.default.",
    "net.netfilter.nf_conntrack_buckets",
    "net.netfilter.nf_conntrack_expect_max",
    "net.netfilter.nf_conntrack_max",
    "net.netfilter.nf_log_all_netns",
)
"""Begins of names below `_PREFIXES` that all namespaces share."""


def is_namespaced(name: str) -> bool:
    """Return whether the parameter `name` (with dots) belongs to a namespace."""
    return name in _NAMES or (name.startswith(_PREFIXES) and not name.startswith(_SHARED))


def require_namespaced(names: Iterable[str]) -> None:
    """Refuse parameters that the whole machine shares.

    Raises:
        ConfigError: naming them.
    """
    shared = [name for name in names if not is_namespaced(name)]
    if shared:
        raise ConfigError(
            f"namespaced_only: {', '.join(shared)} would change for the whole machine; leave "
            "them out of action_space, or tune on the host without namespaced_only"
        )
