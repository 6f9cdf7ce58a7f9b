"""The data of the interactive chart, as its script reads them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from rlsys_jobshop.checking import measure
from rlsys_jobshop.figures.colours import is_dark, job_colours
from rlsys_jobshop.figures.dates import clock_of, offsets
from rlsys_jobshop.figures.names import (
    job_label,
    machine_label,
    operation_name,
    shown,
    type_label,
)
from rlsys_jobshop.figures.timeline import Piece, closed_pieces, sequences, setups, work
from rlsys_jobshop.problem import FOREVER, Schedule
from rlsys_jobshop.problem.clock import SECONDS


def chart_data(schedule: Schedule) -> dict[str, Any]:
    """Return a JSON document with everything that the chart of a valid schedule shows."""
    instance = schedule.instance
    rows = sequences(schedule)
    return {
        "makespan": schedule.makespan,
        "summary": _summary(schedule),
        "clock": _clock(schedule),
        "types": [type_label(instance, t) for t in range(max(1, len(instance.description.types)))],
        "families": [shown(name) for name in instance.description.families],
        "machines": {
            "name": [machine_label(instance, machine) for machine in range(instance.machines)],
            "type": instance.machine_type.tolist(),
            "calendar": instance.machine_calendar.tolist(),
        },
        "jobs": _jobs(schedule),
        "operations": _operations(schedule),
        "rows": rows,
        "work": _interrupted(schedule),
        "setups": [
            [[bar.operation, _flat(bar.pieces)] for bar in setups(schedule, machine, row)]
            for machine, row in enumerate(rows)
        ],
        "closed": [_flat(closed_pieces(c, schedule.makespan)) for c in instance.calendars],
    }


def _summary(schedule: Schedule) -> list[tuple[str, str]]:
    instance = schedule.instance
    measures = measure(schedule)
    size = f"{instance.machines} machines, {instance.operations} operations"
    rows = [(f"{instance.jobs} jobs,", size), ("makespan", str(measures.makespan))]
    if instance.has_due_dates:
        rows.append(("late jobs", str(measures.late_jobs)))
        rows.append(("weighted tardiness", str(measures.weighted_tardiness)))
    rows.append(("utilisation", f"{100 * measures.utilisation:.0f} %"))
    return rows


def _clock(schedule: Schedule) -> dict[str, Any] | None:
    clock = clock_of(schedule)
    if clock is None:
        return None
    return {
        "first": clock.start.timestamp(),
        "unit": SECONDS[clock.unit],
        "zone": clock.zone,
        "offsets": offsets(clock, schedule.makespan),
    }


def _jobs(schedule: Schedule) -> dict[str, Any]:
    instance = schedule.instance
    colours = job_colours(instance.jobs)
    last = instance.job_first[1:] - 1
    return {
        "name": [job_label(instance, job) for job in range(instance.jobs)],
        "colour": colours,
        "darkInk": [not is_dark(colour) for colour in colours],
        "release": instance.release.tolist(),
        "due": [None if due == FOREVER else due for due in instance.due.tolist()],
        "important": [job.important for job in instance.description.jobs],
        "end": schedule.end[last].tolist(),
        "last": last.tolist(),
    }


def _operations(schedule: Schedule) -> dict[str, Any]:
    instance = schedule.instance
    numbers = np.arange(instance.operations)
    return {
        "job": instance.job_of.tolist(),
        "index": (numbers - instance.job_first[instance.job_of]).tolist(),
        "name": [operation_name(instance, operation) for operation in numbers.tolist()],
        "machines": [instance.machines_of(mode) for mode in schedule.mode.tolist()],
        "start": schedule.start.tolist(),
        "end": schedule.end.tolist(),
        "duration": instance.duration[schedule.mode].tolist(),
        "family": instance.family.tolist(),
    }


def _interrupted(schedule: Schedule) -> dict[str, list[int]]:
    """Return the pieces of the operations that a break interrupts."""
    found = {str(o): work(schedule, o) for o in range(schedule.instance.operations)}
    return {operation: _flat(pieces) for operation, pieces in found.items() if len(pieces) > 1}


def _flat(pieces: Iterable[Piece]) -> list[int]:
    return [moment for piece in pieces for moment in piece]
