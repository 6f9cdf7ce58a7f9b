"""The machine's state: numbers from 0 to 1 that agree with what the kernel says."""

from __future__ import annotations

import os
import time

import pytest

from rlsys_sysctl.measuring.state_metrics import STATE_METRICS, StateMetrics


def test_every_metric_is_a_share():
    metrics = StateMetrics(STATE_METRICS)
    for _ in range(3):
        values = metrics.read()
        assert values.shape == (len(STATE_METRICS),)
        assert ((values >= 0) & (values <= 1)).all()


def test_memory_agrees_with_the_kernel():
    with open("/proc/meminfo", encoding="utf-8") as file:
        told = dict(line.split(":") for line in file)
    total, free = (int(told[name].split()[0]) for name in ("MemTotal", "MemAvailable"))
    (used,) = StateMetrics(["memory_used_percent"]).read()
    assert used == pytest.approx(1 - free / total, abs=0.05)


def test_work_shows_in_the_cpu_usage_and_switches_in_their_rate():
    metrics = StateMetrics(["cpu_usage", "context_switch_rate"])
    begin, end = time.monotonic(), time.process_time() + 0.3
    while time.process_time() < end:
        pass
    busy, switches = metrics.read()
    ours = 0.3 / (time.monotonic() - begin) / (os.cpu_count() or 1)
    assert busy > 0.5 * ours
    assert switches > 0
