"""Network namespaces without tools: make one, enter one, and set up the devices in it.

The benchmarks need a namespace, a TAP device, an address and a neighbour entry.  A few system calls
do that, so the machine needs neither the `ip` command nor a netlink library.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import socket
import struct
from pathlib import Path

from rlsys.errors import UserError

CLONE_NEWNET = 0x40000000
TUN_DEVICE = Path("/dev/net/tun")

# linux/if_tun.h, linux/sockios.h, linux/if.h, linux/if_arp.h
TUNSETIFF = 0x400454CA
IFF_TAP, IFF_NO_PI = 0x0002, 0x1000
SIOCGIFFLAGS, SIOCSIFFLAGS = 0x8913, 0x8914
SIOCSIFADDR, SIOCSIFNETMASK, SIOCSIFMTU = 0x8916, 0x891C, 0x8922
SIOCSIFHWADDR, SIOCSIFTXQLEN, SIOCSARP = 0x8924, 0x8943, 0x8955
IFF_UP, ARPHRD_ETHER, ATF_COM, ATF_PERM = 0x1, 1, 0x02, 0x04

_libc = ctypes.CDLL(None, use_errno=True)


def unshare_network() -> None:
    """Moves this process into a new, empty network namespace.  Raises UserError without root."""
    if _libc.unshare(CLONE_NEWNET) != 0:
        number = ctypes.get_errno()
        raise UserError(
            f"cannot make a network namespace ({os.strerror(number)}); this benchmark needs root "
            "(CAP_SYS_ADMIN and CAP_NET_ADMIN): run it with sudo"
        )


def enter(pid: int) -> None:
    """Moves the calling thread into the network namespace of process `pid`.

    A socket stays in the namespace where it was made, so one process can hold both ends of a
    connection between two namespaces.
    """
    try:
        with open(f"/proc/{pid}/ns/net", "rb") as namespace:
            failed = _libc.setns(namespace.fileno(), CLONE_NEWNET) != 0
            number = ctypes.get_errno()
    except FileNotFoundError:
        raise UserError(
            f"there is no process {pid} whose network namespace could be entered: the fixture "
            "that made it has ended; start it again"
        ) from None
    except PermissionError as error:
        failed, number = True, error.errno or errno.EPERM
    if failed:
        raise UserError(
            f"cannot enter the network namespace of process {pid} ({os.strerror(number)}): "
            "this needs root, so this benchmark cannot run as another user"
        )


def open_tap(name: str) -> int:
    """A file descriptor of a new TAP device `name` in this namespace; closing it removes it."""
    try:
        fd = os.open(TUN_DEVICE, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise UserError(
            f"cannot open {TUN_DEVICE} ({error.strerror}): the network benchmarks need it; load "
            "the module (modprobe tun), or in a container give it --device /dev/net/tun"
        ) from None
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TAP | IFF_NO_PI))
    return fd


def _ethernet(address: str) -> bytes:
    return bytes.fromhex(address.replace(":", ""))


def set_device(
    name: str,
    *,
    address: str | None = None,
    mask: str = "255.255.255.0",
    hardware: str | None = None,
    mtu: int | None = None,
    queue: int | None = None,
) -> None:
    """Gives a device of this namespace what is given (IPv4 address, MAC, MTU in bytes, transmit
    queue in packets) and brings it up.
    """
    device = name.encode()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:

        def call(request: int, form: str, *values: object) -> bytes:
            return fcntl.ioctl(control, request, struct.pack(f"16s{form}", device, *values))

        if hardware is not None:
            call(SIOCSIFHWADDR, "H6s16x", ARPHRD_ETHER, _ethernet(hardware))
        if mtu is not None:
            call(SIOCSIFMTU, "i20x", mtu)
        if queue is not None:
            call(SIOCSIFTXQLEN, "i20x", queue)
        if address is not None:
            for request, text in ((SIOCSIFADDR, address), (SIOCSIFNETMASK, mask)):
                call(request, "HH4s16x", socket.AF_INET, 0, socket.inet_aton(text))
        flags = struct.unpack("16sH22x", call(SIOCGIFFLAGS, "H22x", 0))[1]
        call(SIOCSIFFLAGS, "H22x", flags | IFF_UP)


def set_neighbour(device: str, address: str, hardware: str) -> None:
    """A permanent ARP entry, so that no request or reply crosses a slow or lossy path."""
    entry = struct.pack(
        "HH4s8xH6s8xi16s16s",
        socket.AF_INET,
        0,
        socket.inet_aton(address),
        ARPHRD_ETHER,
        _ethernet(hardware),
        ATF_COM | ATF_PERM,
        b"",
        device.encode(),
    )
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, SIOCSARP, entry)


def set_parameter(name: str, text: str) -> None:
    """Writes a net.* parameter of this namespace, if the kernel has it.

    For values that fixtures set before anything is measured.  The tuner has its own way, with
    checks and a journal, which a throw-away namespace does not need.
    """
    path = Path("/proc/sys", *name.split("."))
    if path.exists():
        path.write_text(text)
