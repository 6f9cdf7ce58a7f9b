"""Read and write schedules as JSON.

``{"makespan": 55, "operations": [{"job": 0, "operation": 0, "machine": 2, "start": 0, "end": 1},
...]}``: everything is numbered from 0. An operation on several machines also has ``machines``, a
list. Beside the numbers stand ``job_name``, ``operation_name`` and ``machine_name`` (or
``machine_names``) where the instance has names, and ``start_date`` and ``end_date`` where it has a
clock.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rlsys.errors import UserError
from rlsys_jobshop.formats.files import read_text, write_text
from rlsys_jobshop.formats.json_text import parse_json
from rlsys_jobshop.problem import Entry, Instance, Schedule


def schedule_document(schedule: Schedule) -> dict[str, Any]:
    """Return the JSON document of a schedule; operations are in the order of `entries`."""
    operations = [_row(schedule.instance, entry) for entry in schedule.entries()]
    return {"makespan": schedule.makespan, "operations": operations}


def write_schedule(schedule: Schedule, path: str | Path) -> None:
    """Write a schedule whole, one operation per line, or leave the old file.

    Raises:
        UserError: the file cannot be written.
    """
    document = schedule_document(schedule)
    rows = ",\n".join(f"  {json.dumps(row)}" for row in document["operations"])
    makespan = document["makespan"]
    write_text(Path(path), f'{{"makespan": {makespan}, "operations": [\n{rows}\n]}}\n')


def read_schedule(path: str | Path) -> list[Entry]:
    """Read a schedule, also one that another program wrote.

    Needed are ``operations`` and in each ``job``, ``operation``, ``start``, ``end`` and ``machine``
    or ``machines``. Other keys are ignored. Whether the schedule is valid, and whether its
    instance has these jobs and machines, is for `rlsys_jobshop.checking.violations` to say.

    Raises:
        UserError: the file is malformed.
    """
    source = str(path)
    data = parse_json(read_text(Path(path)), source)
    rows = data.get("operations") if isinstance(data, Mapping) else None
    if not isinstance(rows, list):
        raise UserError(f'{source}: must be {{"makespan": ..., "operations": [...]}}')
    entries = [_Row(row, f"{source}: operations[{i}]").entry() for i, row in enumerate(rows)]
    if "makespan" in data:
        makespan = _whole(data["makespan"], f"{source}: makespan")
        latest = max((entry.end for entry in entries), default=0)
        if makespan != latest:
            raise UserError(
                f"{source}: makespan: {makespan} is stated, but the last end is {latest}"
            )
    return entries


def _row(instance: Instance, entry: Entry) -> dict[str, Any]:
    given = instance.description
    job = given.jobs[entry.job]
    machines = [given.machines[machine].name for machine in entry.machines]
    row: dict[str, Any] = {"job": entry.job, "operation": entry.operation}
    row["machine"] = entry.machines[0]
    if len(machines) > 1:
        row["machines"] = list(entry.machines)
    row["start"], row["end"] = entry.start, entry.end
    names = {
        "job_name": job.name,
        "operation_name": job.operations[entry.operation].name,
        "machine_name": machines[0],
        "machine_names": machines if len(machines) > 1 and all(machines) else "",
    }
    row |= {key: name for key, name in names.items() if name}
    if given.clock is not None and given.clock.reaches(entry.end):
        row["start_date"] = given.clock.moment_of(entry.start).isoformat()
        row["end_date"] = given.clock.moment_of(entry.end).isoformat()
    return row


class _Row:
    """One operation of a file; its place for messages."""

    def __init__(self, row: object, place: str) -> None:
        if not isinstance(row, Mapping):
            raise UserError(f"{place}: must map keys to values, not be {_shown(row)}")
        self._row, self._place = row, place

    def entry(self) -> Entry:
        job = self._value("job")
        self._place += f" (job {job})"
        return Entry(
            job=job,
            operation=self._value("operation"),
            machines=self._machines(),
            start=self._value("start"),
            end=self._value("end"),
        )

    def _value(self, key: str) -> int:
        if key not in self._row:
            raise UserError(f"{self._place}: {key}: missing; it must be given")
        return _whole(self._row[key], f"{self._place}: {key}")

    def _machines(self) -> tuple[int, ...]:
        if "machines" not in self._row:
            return (self._value("machine"),)
        given = self._row["machines"]
        if not isinstance(given, list) or not given:
            raise UserError(
                f"{self._place}: machines: must be a list of numbers, not {_shown(given)}"
            )
        place = f"{self._place}: machines"
        machines = [_whole(value, place) for value in given]
        if len(set(machines)) < len(machines):
            raise UserError(f"{place}: {machines} has a machine twice")
        if "machine" in self._row and self._value("machine") not in machines:
            raise UserError(f"{self._place}: machine: is not among the machines {machines}")
        return tuple(sorted(machines))


def _whole(value: object, place: str) -> int:
    """Return a whole number, also one such as 5.0, which some programs write."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise UserError(f"{place}: must be a whole number, not {_shown(value)}")
    if abs(value) >= 1 << 60:
        raise UserError(f"{place}: {_shown(value)} is too large")
    return value


def _shown(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else text[:57] + "..."
