"""Machines, their types, calendars and setups, from a production file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rlsys.errors import UserError, did_you_mean
from rlsys_jobshop.formats.json_text import KeyPath
from rlsys_jobshop.formats.production.hours.opening import Opening, is_endless, opening
from rlsys_jobshop.formats.production.sections import MachineSection
from rlsys_jobshop.formats.production.source import Source
from rlsys_jobshop.formats.production.times import Times
from rlsys_jobshop.problem import FOREVER, Calendar, Machine
from rlsys_jobshop.problem.calendar import intersection


class Machines:
    """The machines of a file, by name.

    Attributes:
        types: names of the types.
        names: the name of each machine, or its number; what operations call it.
        tables: names of the setup tables, in order.
        endless: machines with weekly hours.
    """

    def __init__(self, source: Source, times: Times) -> None:
        """Check all names.

        Raises:
            UserError: a name is unknown or given twice.
        """
        self._source, self._times = source, times
        given = source.problem
        source.differ(given.machine_types, ("machine_types",))
        source.differ(given.families, ("families",))
        self.names = [machine.name or str(i) for i, machine in enumerate(given.machines)]
        source.differ(self.names, ("machines",), "name")
        self.types = self._types()
        self.type_of = [self._type(i, machine) for i, machine in enumerate(given.machines)]
        self.tables = tuple(table.name for table in given.setups)
        source.differ(self.tables, ("setups",), "name")
        self._calendars = tuple(calendar.name for calendar in given.calendars)
        source.differ(self._calendars, ("calendars",), "name")
        self._read = [self._machine(i, machine) for i, machine in enumerate(given.machines)]
        self._check_tables()
        hours = {one.name: one.open_hours for one in given.calendars}
        self.endless = frozenset(
            number
            for number, machine in enumerate(given.machines)
            if machine.calendar is not None and is_endless(hours[machine.calendar])
        )

    def laid_out(self, until: int) -> tuple[Machine, ...]:
        """Return the machines, with weekly hours laid out at least up to `until`.

        Raises:
            UserError: a calendar is empty.
        """
        calendars = {name: self._calendar(i, until) for i, name in enumerate(self._calendars)}
        return tuple(
            machine
            if given.calendar is None
            else replace(machine, **calendars[given.calendar]._asdict())
            for machine, given in zip(self._read, self._source.problem.machines, strict=True)
        )

    def number(self, name: str, path: KeyPath) -> int:
        """Return the number of a machine.

        Raises:
            UserError: there is none of that name.
        """
        return self._source.known(name, self.names, path, "machine")

    def of_type(self, name: str, path: KeyPath) -> list[int]:
        """Return the machines of a type.

        Raises:
            UserError: there is no such type, or no machine of it.
        """
        number = self._source.known(name, self.types, path, "machine type")
        found = [machine for machine, kind in enumerate(self.type_of) if kind == number]
        if not found:
            raise self._source.wrong(path, f"there is no machine of the type {name!r}")
        return found

    def family(self, name: str | None, path: KeyPath) -> int | None:
        """Return the number of a setup family.

        Raises:
            UserError: there is none of that name.
        """
        if name is None:
            return None
        return self._source.known(name, self._source.problem.families, path, "setup family")

    def needs_family(self, machine: int) -> bool:
        """Whether the machine has setup times."""
        return self._read[machine].setups is not None

    def _types(self) -> tuple[str, ...]:
        given = self._source.problem
        used = dict.fromkeys(machine.type for machine in given.machines if machine.type)
        return tuple(given.machine_types or used)

    def _type(self, number: int, machine: MachineSection) -> int:
        if not self.types:
            return 0
        path: KeyPath = ("machines", number, "type")
        if machine.type is None:
            raise self._source.wrong(path, "missing; if one machine has a type, all need one")
        return self._source.known(machine.type, self.types, path, "machine type")

    def _machine(self, number: int, given: MachineSection) -> Machine:
        path: KeyPath = ("machines", number)
        table = given.setups
        if "setups" not in given.model_fields_set and given.type in self.tables:
            table = given.type
        if given.calendar is not None:
            self._source.known(given.calendar, self._calendars, (*path, "calendar"), "calendar")
        return Machine(
            type=self.type_of[number],
            setups=None
            if table is None
            else self._source.known(table, self.tables, (*path, "setups"), "setup table"),
            family=self.family(given.family, (*path, "family")),
            available=self._times.release(given.available, (*path, "available")),
            name=given.name,
            where=self._source.line(path),
        )

    def _check_tables(self) -> None:
        used = {machine.setups for machine in self._read}
        for number, name in enumerate(self.tables):
            if number not in used:
                raise self._source.wrong(
                    ("setups", number, "name"),
                    f"no machine uses it; name it as a machine type{did_you_mean(name, self.types)}"
                    " or give machines `setups`",
                )

    def _calendar(self, number: int, until: int) -> Opening:
        given = self._source.problem.calendars[number]
        path: KeyPath = ("calendars", number)
        clock = self._times.clock
        if given.windows is None and clock is None:
            raise self._source.wrong(path, "hours need `start` and `time_zone`; or give windows")
        try:
            if clock is None or given.windows is not None:
                windows = given.windows or ()
                calendar = Calendar.of((a, FOREVER if b is None else b) for a, b in windows)
                return Opening(calendar, self._overtime(path, calendar, given.overtime))
            return opening(given.open_hours, clock, until)
        except UserError as error:
            raise self._source.wrong(path, f"{self._calendars[number]}: {error}") from error

    def _overtime(
        self, path: KeyPath, calendar: Calendar, windows: Sequence[tuple[int, int]]
    ) -> Calendar | None:
        if not windows:
            return None
        overtime = Calendar.of(windows)
        try:
            inside = intersection([calendar, overtime]) == overtime
        except UserError:
            inside = False
        if not inside:
            raise self._source.wrong((*path, "overtime"), "is not within the windows")
        return overtime
