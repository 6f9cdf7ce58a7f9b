"""From an instance to a production file.

Calendars are written as windows in units, dates as units from the start: the problem that is read
back is exactly the same.
"""

from __future__ import annotations

import json as json_module
from collections import Counter
from collections.abc import Sequence
from typing import Any

import yaml

from rlsys.errors import UserError
from rlsys_jobshop.formats.production.hours.opening import Opening
from rlsys_jobshop.formats.production.values import name as checked_name
from rlsys_jobshop.formats.production.yaml_text import Dumper
from rlsys_jobshop.problem import FOREVER, Calendar, Description, Instance, Job, Machine, Operation

DEFAULT_FAMILY = "any"
"""Name of the only family where an instance has setups but no names of families."""


def write(instance: Instance, target: str, *, json: bool) -> str:
    """Return the text of a file.

    Args:
        target: name of the file in messages.
        json: whether it is JSON instead of YAML.

    Raises:
        UserError: two things have one name, or a name cannot stand in a file.
    """
    given = instance.description
    _check_names(given, target)
    document = _document(given)
    if json:
        return json_module.dumps(document, indent=1) + "\n"
    return yaml.dump(document, Dumper=Dumper, sort_keys=False, default_flow_style=None, width=100)


def _check_names(given: Description, target: str) -> None:
    numbered = [machine.name or str(i) for i, machine in enumerate(given.machines)]
    groups = {
        "machines": numbered,
        "jobs": [job.name for job in given.jobs if job.name],
        "machine types": given.types,
        "setup families": given.families,
    }
    operations = [o.name for job in given.jobs for o in job.operations if o.name]
    for kind, names in groups.items():
        twice = next((name for name, count in Counter(names).items() if count > 1), None)
        if twice is not None:
            raise UserError(f"{target}: two {kind} are called {twice!r}; rename one")
        for name in names:
            _check_name(name, target)
    for name in [*operations, *([given.name] if given.name else []), *given.notes]:
        _check_name(name, target)


def _check_name(name: str, target: str) -> None:
    try:
        checked_name(name)
    except ValueError as error:
        raise UserError(f"{target}: {error}") from error


def _document(given: Description) -> dict[str, Any]:
    families = given.families or ((DEFAULT_FAMILY,) if given.setups else ())
    calendars: dict[Opening, str] = {}
    for machine in given.machines:
        if not machine.calendar.is_always or machine.overtime is not None:
            own = Opening(machine.calendar, machine.overtime)
            calendars.setdefault(own, f"calendar {len(calendars)}")
    used = sorted({machine.setups for machine in given.machines if machine.setups is not None})
    tables = {number: f"table {number}" for number in used}
    document: dict[str, Any] = {"name": given.name}
    if given.clock is not None:
        document |= {
            "time_zone": given.clock.zone,
            "start": given.clock.start.isoformat(),
            "unit": given.clock.unit,
        }
    document |= {
        "important_weight": given.important_weight,
        "notes": dict(given.notes),
        "machine_types": list(given.types),
        "calendars": [{"name": name, **_opening(one)} for one, name in calendars.items()],
        "families": list(families),
        "setups": [{"name": tables[i], **_table(given, i, families)} for i in used],
    }
    machines = [_machine(machine, given, calendars, tables, families) for machine in given.machines]
    document["machines"] = machines if any(machines) else len(machines)
    document["jobs"] = [_job(job, given, families) for job in given.jobs]
    return {key: value for key, value in document.items() if value or key == "important_weight"}


def _opening(given: Opening) -> dict[str, Any]:
    windows = {"windows": _windows(given.calendar)}
    return windows if given.overtime is None else windows | {"overtime": _windows(given.overtime)}


def _windows(calendar: Calendar) -> list[list[int | None]]:
    pairs = zip(calendar.opens.tolist(), calendar.closes.tolist(), strict=True)
    return [[opens, None if closes == FOREVER else closes] for opens, closes in pairs]


def _table(given: Description, number: int, families: Sequence[str]) -> dict[str, Any]:
    table = given.setups[number]
    rows = [dict(zip(families, row, strict=True)) for row in table.between]
    return {
        "first": dict(zip(families, table.first, strict=True)),
        "between": dict(zip(families, rows, strict=True)),
    }


def _machine(
    machine: Machine,
    given: Description,
    calendars: dict[Opening, str],
    tables: dict[int, str],
    families: Sequence[str],
) -> dict[str, Any]:
    row: dict[str, Any] = {"name": machine.name} if machine.name else {}
    if given.types:
        row["type"] = given.types[machine.type]
    own = Opening(machine.calendar, machine.overtime)
    if own in calendars:
        row["calendar"] = calendars[own]
    if machine.setups is not None:
        row["setups"] = tables[machine.setups]
    elif given.types and given.types[machine.type] in tables.values():
        row["setups"] = None
    if machine.family is not None and families:
        row["family"] = families[machine.family]
    if machine.available:
        row["available"] = machine.available
    return row


def _job(job: Job, given: Description, families: Sequence[str]) -> dict[str, Any]:
    row: dict[str, Any] = {"name": job.name} if job.name else {}
    if job.release:
        row["release"] = job.release
    if job.due is not None:
        row["due"] = job.due
    if job.important:
        row["important"] = True
    row["operations"] = [_operation(operation, given, families) for operation in job.operations]
    return row


def _operation(operation: Operation, given: Description, families: Sequence[str]) -> dict[str, Any]:
    row: dict[str, Any] = {"name": operation.name} if operation.name else {}
    names = [machine.name or str(i) for i, machine in enumerate(given.machines)]
    choices: list[dict[str, Any]] = []
    for mode in operation.modes:
        called = [names[machine] for machine in mode.machines]
        place = {"machine": called[0]} if len(called) == 1 else {"machines": called}
        choices.append({**place, "duration": mode.duration})
    row |= choices[0] if len(choices) == 1 else {"alternatives": choices}
    if operation.interruptible:
        row["interruptible"] = True
    if families:
        row["family"] = families[operation.family]
    return row
