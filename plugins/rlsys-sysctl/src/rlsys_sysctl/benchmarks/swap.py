"""Swap on a compressed RAM disk (zram), made and removed without tools."""

from __future__ import annotations

import ctypes
import os
import struct
import time
from pathlib import Path

from rlsys.errors import UserError

CONTROL = Path("/sys/class/zram-control")
SWAPS = Path("/proc/swaps")
# linux/swap.h: a priority is given, and it is the highest, so that this swap is used first.
_FLAG_PREFER, _HIGHEST = 0x8000, 0x7FFF
_DEVICE_SECONDS = 30.0

_libc = ctypes.CDLL(None, use_errno=True)


def is_there_swap() -> bool:
    """Whether the machine has swap of its own."""
    return len(SWAPS.read_text().splitlines()) > 1


def add_zram() -> int:
    """Makes a new zram device and returns its number.  Raises UserError where it cannot be."""
    try:
        return int((CONTROL / "hot_add").read_text())
    except OSError as error:
        raise UserError(
            f"cannot make a zram device ({CONTROL / 'hot_add'}: {error.strerror}), and this "
            "machine has no swap either; as root, load the module (modprobe zram) or add swap"
        ) from None


def begin_swapping(number: int, size: int) -> Path:
    """Formats zram device `number` with `size` bytes as swap, and uses it before any other.

    Returns the device.  Raises UserError when the kernel refuses.
    """
    Path(f"/sys/block/zram{number}/disksize").write_text(str(size))
    device = _device(number)
    with device.open("r+b") as file:
        file.write(_header(size, os.sysconf("SC_PAGE_SIZE")))
        file.flush()
        os.fsync(file.fileno())
    if _libc.swapon(os.fsencode(device), _FLAG_PREFER | _HIGHEST) != 0:
        raise UserError(f"cannot swap to {device}: {os.strerror(ctypes.get_errno())}; run as root")
    return device


def remove_zram(number: int) -> None:
    """Ends swapping to the device, where it has begun, and removes it."""
    device = Path(f"/dev/zram{number}")
    used = any(line.startswith(f"{device} ") for line in SWAPS.read_text().splitlines())
    if used and _libc.swapoff(os.fsencode(device)) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(device))
    (CONTROL / "hot_remove").write_text(str(number))


def _device(number: int) -> Path:
    """The device file, which udev or devtmpfs may need a moment to make."""
    device = Path(f"/dev/zram{number}")
    end = time.monotonic() + _DEVICE_SECONDS
    while not device.exists():
        if time.monotonic() > end:
            raise UserError(f"{device} does not appear; in a container, share the host's /dev")
        time.sleep(0.01)
    return device


def _header(size: int, page: int) -> bytes:
    """The first page of a swap area: version 1, number of the last page, no bad pages."""
    fields = bytes(1024) + struct.pack("=III", 1, size // page - 1, 0)
    return fields.ljust(page - 10, b"\0") + b"SWAPSPACE2"
