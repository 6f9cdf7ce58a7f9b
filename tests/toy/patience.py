"""Waits for events, however long it takes on a busy machine: the limit only ends hangs."""

from __future__ import annotations

import time
from collections.abc import Callable

HANG = 300.0
"""Seconds after which whatever is waited for will not come any more."""


def wait_until(holds: Callable[[], object]) -> None:
    """Wait until `holds()`; fail where that never comes."""
    end = time.monotonic() + HANG
    while not holds():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)
