"""Check a description and turn it into an instance."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rlsys.errors import UserError
from rlsys_jobshop.problem.calendar import FOREVER, Calendar, intersection
from rlsys_jobshop.problem.description import Description, Job, Machine, Mode, Operation
from rlsys_jobshop.problem.instance import Instance

LONGEST = 1 << 40
"""No duration, date or setup may be longer, so that sums stay far below `FOREVER`."""


def build(description: Description) -> Instance:
    """Return the instance.

    Raises:
        UserError: it cannot be scheduled; names file, place, job, operation and field.
    """
    return _Builder(description).build()


class ImpossibleInstance(UserError):
    """An instance that no schedule can satisfy."""


class _Builder:
    def __init__(self, description: Description) -> None:
        self._given = description
        self._calendars: dict[Calendar, int] = {Calendar.always(): 0}
        self._shared: dict[tuple[int, ...], int] = {}

    def build(self) -> Instance:
        given = self._given
        if not given.jobs:
            raise self._wrong("", "jobs", "there is none; a problem needs at least one job")
        if not given.machines:
            raise self._wrong("", "machines", "there is none; a problem needs at least one machine")
        families = max(1, len(given.families))
        setups = self._setups(families)
        for number, machine in enumerate(given.machines):
            self._check_machine(number, machine)
        machine_calendar = [self._calendar(machine.calendar) for machine in given.machines]
        job_first, job_of = [0], []
        mode_first, machine_first = [0], [0]
        durations: list[int] = []
        mode_machines: list[int] = []
        mode_calendar: list[int] = []
        for number, job in enumerate(given.jobs):
            self._check_job(number, job)
            for index, operation in enumerate(job.operations):
                job_of.append(number)
                for mode in self._checked_modes(number, job, index, operation):
                    durations.append(mode.duration)
                    mode_machines += sorted(mode.machines)
                    machine_first.append(len(mode_machines))
                    mode_calendar.append(self._common_calendar(sorted(mode.machines)))
                mode_first.append(len(durations))
            job_first.append(len(job_of))
        operations = [operation for job in given.jobs for operation in job.operations]
        return Instance(
            description=given,
            job_first=_ints(job_first),
            job_of=_ints(job_of),
            release=_ints([job.release for job in given.jobs]),
            due=_ints([FOREVER if job.due is None else job.due for job in given.jobs]),
            weight=_ints([given.important_weight if job.important else 1 for job in given.jobs]),
            mode_first=_ints(mode_first),
            interruptible=np.array([o.interruptible for o in operations], dtype=np.bool_),
            family=_ints([o.family for o in operations]),
            duration=_ints(durations),
            machine_first=_ints(machine_first),
            mode_machines=_ints(mode_machines),
            mode_calendar=_ints(mode_calendar),
            machine_calendar=_ints(machine_calendar),
            machine_type=_ints([machine.type for machine in given.machines]),
            available=_ints([machine.available for machine in given.machines]),
            machine_setups=_ints([0 if m.setups is None else 1 + m.setups for m in given.machines]),
            machine_family=_ints([0 if m.family is None else 1 + m.family for m in given.machines]),
            setups=setups,
            calendars=tuple(self._calendars),
        )

    def _setups(self, families: int) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
        """Return the tables of setup times, after a first one without any."""
        tables = np.zeros((1 + len(self._given.setups), 1 + families, families), dtype=np.int64)
        for number, given in enumerate(self._given.setups):
            rows = [given.first, *given.between]
            if len(rows) != 1 + families or any(len(row) != families for row in rows):
                raise self._wrong(
                    f"setup table {number}",
                    "between",
                    f"needs {families} times for each of the {families} families, and `first` too",
                )
            for row, times in enumerate(rows):
                for column, time in enumerate(times):
                    self._check_number(f"setup table {number}", f"time [{row}][{column}]", time)
                    tables[1 + number, row, column] = time
        return tables

    def _check_machine(self, number: int, machine: Machine) -> None:
        given = self._given
        place = self._place("machine", number, machine.name, machine.where)
        if not 0 <= machine.type < max(1, len(given.types)):
            raise self._wrong(place, "type", f"there is no machine type number {machine.type}")
        if machine.setups is not None and not 0 <= machine.setups < len(given.setups):
            raise self._wrong(place, "setups", f"there is no setup table {machine.setups}")
        if machine.family is not None and not 0 <= machine.family < max(1, len(given.families)):
            raise self._wrong(place, "family", f"there is no setup family {machine.family}")
        self._check_number(place, "available", machine.available)

    def _check_job(self, number: int, job: Job) -> None:
        place = self._place("job", number, job.name, job.where)
        if not job.operations:
            raise self._wrong(
                place, "operations", "there is none; leave the job out or give it an operation"
            )
        self._check_number(place, "release", job.release)
        if job.due is not None:
            self._check_number(place, "due", job.due)
            if job.due < job.release:
                raise self._wrong(place, "due", f"{job.due} is before the release at {job.release}")

    def _checked_modes(
        self, number: int, job: Job, index: int, operation: Operation
    ) -> Sequence[Mode]:
        """Return the operation's modes; one that fits no window of its machines is left out."""
        given = self._given
        place = self._place("job", number, job.name, operation.where or job.where)
        place += f", operation {index}" + (f" ({operation.name})" if operation.name else "")
        if not operation.modes:
            raise self._wrong(
                place, "machines", "no machine can do it; give it a machine or another type"
            )
        if not 0 <= operation.family < max(1, len(given.families)):
            raise self._wrong(place, "family", f"there is no setup family {operation.family}")
        seen: set[frozenset[int]] = set()
        fitting: list[Mode] = []
        longest = 0
        for mode in operation.modes:
            self._check_number(place, "duration", mode.duration)
            for machine in mode.machines:
                if not 0 <= machine < len(given.machines):
                    raise self._wrong(
                        place,
                        "machine",
                        f"there is no machine {machine}; the machines are 0 to "
                        f"{len(given.machines) - 1}",
                    )
            if not mode.machines or len(set(mode.machines)) != len(mode.machines):
                raise self._wrong(
                    place, "machine", f"needs different machines, not {list(mode.machines)}"
                )
            if frozenset(mode.machines) in seen:
                raise self._wrong(
                    place,
                    "machine",
                    f"{_listed(mode.machines)} is listed twice; one duration per machine",
                )
            seen.add(frozenset(mode.machines))
            try:
                common = self._common_calendar(sorted(mode.machines))
            except UserError as error:
                raise self._wrong(
                    place, "machine", f"{_listed(mode.machines)} are never open together"
                ) from error
            window = list(self._calendars)[common].longest
            longest = max(longest, window)
            if operation.interruptible or mode.duration <= window:
                fitting.append(mode)
        if not fitting:
            shortest = min(mode.duration for mode in operation.modes)
            raise self._wrong(
                place,
                "duration",
                f"{shortest} fits in no window of its machines (the longest is {longest}); make "
                "the operation interruptible, or give a machine longer hours",
            )
        return fitting

    def _common_calendar(self, machines: Sequence[int]) -> int:
        key = tuple(machines)
        if key not in self._shared:
            calendars = [self._given.machines[machine].calendar for machine in machines]
            self._shared[key] = self._calendar(intersection(calendars))
        return self._shared[key]

    def _calendar(self, calendar: Calendar) -> int:
        return self._calendars.setdefault(calendar, len(self._calendars))

    def _check_number(self, place: str, field: str, value: int) -> None:
        if isinstance(value, bool) or not isinstance(value, int | np.integer):
            raise self._wrong(place, field, f"{value!r} is not a whole number")
        if not 0 <= value <= LONGEST:
            raise self._wrong(place, field, f"{value} must lie between 0 and {LONGEST}")

    def _place(self, kind: str, number: int, name: str, where: str) -> str:
        return (f"{where}: " if where else "") + f"{kind} {number}" + (f" ({name})" if name else "")

    def _wrong(self, place: str, field: str, what: str) -> ImpossibleInstance:
        parts = [self._given.source or self._given.name, place, field, what]
        return ImpossibleInstance(": ".join(part for part in parts if part))


def _ints(values: Sequence[int]) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    return np.array(values, dtype=np.int64)


def _listed(machines: Sequence[int]) -> str:
    return " and ".join(f"machine {machine}" for machine in machines)
