"""The text that the firmware must print, computed from the Python environment's trace."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rlsys.application import Trace

EVERY = 50
"""Ticks between two lines of running totals."""


def transcript(data: Mapping[str, Any], policy: str, trace: Trace) -> str:
    """Return everything that the firmware prints for one episode.

    Args:
        data: the data of the application ``rtos-scheduler``.
        policy: name of the scheduler in the firmware.
        trace: what happens under it; its counters are running totals after each tick:
            ``misses`` and ``completions`` (T, tasks), ``switches`` (T,).
    """
    return "".join(line + "\n" for line in _lines(data, policy, trace))


def _lines(data: Mapping[str, Any], policy: str, trace: Trace) -> Iterator[str]:
    tasks, horizon = data["tasks"], data["horizon"]
    yield f"rlsys: case {data['case']}, {len(tasks)} tasks, {horizon} ticks, policy {policy}"
    for ticks in sorted({*range(EVERY, horizon + 1, EVERY), horizon}):
        yield f"tick {ticks}: {_totals(trace, ticks - 1)}"
    for index, task in enumerate(tasks):
        completions, misses = (
            int(trace.counters[name][horizon - 1, index]) for name in ("completions", "misses")
        )
        yield (
            f"{task['name']}: period {task['period']}, wcet {task['wcet']}, "
            f"completions {completions}, misses {misses}"
        )
    yield f"total: {_totals(trace, horizon - 1)}"


def _totals(trace: Trace, tick: int) -> str:
    counters = trace.counters
    misses, completions = (int(counters[name][tick].sum()) for name in ("misses", "completions"))
    return f"misses {misses}, completions {completions}, switches {int(counters['switches'][tick])}"
