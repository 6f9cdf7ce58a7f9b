"""The product's text, against a text written by hand."""

from __future__ import annotations

import numpy as np

from rlsys.application import Trace
from rlsys_rust_q10.checks.transcript import transcript


def trace(horizon: int) -> Trace:
    """Two tasks that complete in turn, one per tick; the first misses at tick 51."""
    ticks = np.arange(1, horizon + 1)
    completions = np.stack([(ticks + 1) // 2, ticks // 2], axis=1)
    misses = np.stack([(ticks >= 51).astype(int), np.zeros(horizon, int)], axis=1)
    return Trace(
        actions=(ticks + 1) % 2,
        counters={"completions": completions, "misses": misses, "switches": ticks - 1},
    )


TASKS = [
    {"name": "T1", "period": 2, "deadline": 2, "wcet": 1, "offset": 0},
    {"name": "pump", "period": 4, "deadline": 3, "wcet": 2, "offset": 1},
]


def test_the_text_of_120_ticks() -> None:
    data = {"case": "normal", "horizon": 120, "tasks": TASKS}
    assert transcript(data, "edf", trace(120)) == (
        "rlsys: case normal, 2 tasks, 120 ticks, policy edf\n"
        "tick 50: misses 0, completions 50, switches 49\n"
        "tick 100: misses 1, completions 100, switches 99\n"
        "tick 120: misses 1, completions 120, switches 119\n"
        "T1: period 2, wcet 1, completions 60, misses 1\n"
        "pump: period 4, wcet 2, completions 60, misses 0\n"
        "total: misses 1, completions 120, switches 119\n"
    )


def test_a_horizon_on_a_line_s_tick_is_printed_once() -> None:
    data = {"case": "x", "horizon": 100, "tasks": TASKS}
    lines = transcript(data, "network", trace(100)).splitlines()
    assert [line.split(":")[0] for line in lines[1:3]] == ["tick 50", "tick 100"]
    assert len(lines) == 6


def test_a_horizon_below_a_line_s_ticks() -> None:
    data = {"case": "x", "horizon": 7, "tasks": TASKS}
    assert "\ntick 7: misses 0, completions 7, switches 6\n" in transcript(data, "table", trace(7))
