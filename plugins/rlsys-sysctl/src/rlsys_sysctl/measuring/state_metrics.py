"""The state of the machine as numbers from 0 to 1: what a learner sees besides its last action."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import psutil
from numpy.typing import NDArray


def _rate(read: Callable[[], float], scale: float) -> Callable[[float, dict[str, float]], float]:
    """Return a reader of a counter's growth per second, as a share of `scale`."""

    def rate(seconds: float, last: dict[str, float]) -> float:
        now = read()
        grown = now - last.get("value", now)
        last["value"] = now
        return grown / seconds / scale if seconds > 0 else 0.0

    return rate


def _level(read: Callable[[], float]) -> Callable[[float, dict[str, float]], float]:
    return lambda _seconds, _last: read()


def _disk(field: str) -> float:
    counters = psutil.disk_io_counters()  # None on a machine without disks
    return float(getattr(counters, field)) if counters is not None else 0.0


_BYTES = float(1 << 30)
_CORES = os.cpu_count() or 1
_READERS: Mapping[str, Callable[[float, dict[str, float]], float]] = {
    "cpu_usage": _level(lambda: psutil.cpu_percent(interval=None) / 100.0),
    "cpu_iowait": _level(
        lambda: getattr(psutil.cpu_times_percent(interval=None), "iowait", 0.0) / 100.0
    ),
    "load_average": _level(lambda: os.getloadavg()[0] / (4.0 * _CORES)),
    "memory_used_percent": _level(lambda: psutil.virtual_memory().percent / 100.0),
    "swap_used_percent": _level(lambda: psutil.swap_memory().percent / 100.0),
    "swap_in_rate": _rate(lambda: float(psutil.swap_memory().sin), _BYTES),
    "swap_out_rate": _rate(lambda: float(psutil.swap_memory().sout), _BYTES),
    "context_switch_rate": _rate(lambda: float(psutil.cpu_stats().ctx_switches), 1e6),
    "interrupt_rate": _rate(lambda: float(psutil.cpu_stats().interrupts), 1e6),
    "disk_read_rate": _rate(lambda: _disk("read_bytes"), _BYTES),
    "disk_write_rate": _rate(lambda: _disk("write_bytes"), _BYTES),
    "network_receive_rate": _rate(lambda: float(psutil.net_io_counters().bytes_recv), _BYTES),
    "network_send_rate": _rate(lambda: float(psutil.net_io_counters().bytes_sent), _BYTES),
}
STATE_METRICS: tuple[str, ...] = tuple(_READERS)
"""The names that a workload's state_space may list."""


class StateMetrics:
    """Reads the chosen metrics; rates and CPU usage are means since the previous reading.

    Percentages are shares of 100; the load is a share of four processes per core; rates are shares
    of 1 GiB/s, or of a million events per second.

    Args:
        names: of `STATE_METRICS`.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        self._last: dict[str, dict[str, float]] = {name: {} for name in names}
        self._time = time.monotonic()
        self.read()  # psutil's first reading of the CPU usage means nothing

    def read(self) -> NDArray[np.float32]:
        """Return the metrics, shape (len(names),), each from 0 to 1."""
        now = time.monotonic()
        seconds, self._time = now - self._time, now
        values = [_READERS[name](seconds, self._last[name]) for name in self.names]
        return np.clip(np.array(values, dtype=np.float32), 0.0, 1.0)
