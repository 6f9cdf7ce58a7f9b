"""The time axis of a PNG: plain numbers, or dates where the instance has a clock."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from datetime import UTC
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from rlsys_jobshop.figures.dates import clock_of
from rlsys_jobshop.problem import Schedule
from rlsys_jobshop.problem.clock import SECONDS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SECONDS_PER_DAY = 86_400


def time_axis(axes: Axes, schedule: Schedule) -> Callable[[int], float]:
    """Set up the x axis, from 0 to the makespan; return where on it a time lies."""
    clock = clock_of(schedule)
    if clock is None:
        axes.set_xlabel("time")
        axes.set_xlim(0, max(1, schedule.makespan))
        axes.locator_params(axis="x", integer=True)
        return float
    dates: Any = importlib.import_module("matplotlib.dates")  # which has no types
    zone = ZoneInfo(clock.zone)
    first = float(dates.date2num(clock.start.astimezone(UTC)))
    per_unit = SECONDS[clock.unit] / SECONDS_PER_DAY
    locator = dates.AutoDateLocator(tz=zone)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator, tz=zone))
    axes.set_xlabel(clock.zone)
    axes.set_xlim(first, first + max(1, schedule.makespan) * per_unit)
    return lambda time: first + time * per_unit
