"""Waits for events, however long it takes on a busy machine: the limit only ends hangs."""

from __future__ import annotations

import time
from collections.abc import Callable

HANG = 900.0
"""Seconds after which whatever is waited for will not come any more."""


def eventually(holds: Callable[[], object]) -> bool:
    """Whether `holds()` becomes true."""
    end = time.monotonic() + HANG
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def wait_until(holds: Callable[[], object]) -> None:
    """Wait until `holds()`; fail where that never comes."""
    assert eventually(holds), f"waited in vain for {HANG:g} s"
