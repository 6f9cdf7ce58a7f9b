"""The instance as the validator reads it: plain numbers, and names for messages."""

from __future__ import annotations

from collections.abc import Sequence

from rlsys_jobshop.checking.hours import Hours, common_hours, hours_of
from rlsys_jobshop.problem import Instance


class Shop:
    """The facts of an instance as Python's own numbers.

    Attributes are those of the `Instance`; `available`, `release` and so on are lists.
    """

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.job_first: list[int] = instance.job_first.tolist()
        self.release: list[int] = instance.release.tolist()
        self.interruptible: list[bool] = instance.interruptible.tolist()
        self.family: list[int] = instance.family.tolist()
        self.duration: list[int] = instance.duration.tolist()
        self.available: list[int] = instance.available.tolist()
        self.machine_type: list[int] = instance.machine_type.tolist()
        self._machine_calendar: list[int] = instance.machine_calendar.tolist()
        self._machine_setups: list[int] = instance.machine_setups.tolist()
        self._machine_family: list[int] = instance.machine_family.tolist()
        self._mode_first: list[int] = instance.mode_first.tolist()
        self._machine_first: list[int] = instance.machine_first.tolist()
        self._mode_machines: list[int] = instance.mode_machines.tolist()
        self._setups: list[list[list[int]]] = instance.setups.tolist()
        self._hours: dict[int, Hours] = {}
        self._common: dict[tuple[int, ...], Hours] = {}

    def modes(self, operation: int) -> range:
        """Return the numbers of an operation's modes."""
        return range(self._mode_first[operation], self._mode_first[operation + 1])

    def machines_of(self, mode: int) -> tuple[int, ...]:
        """Return the machines of a mode, ascending."""
        return tuple(self._mode_machines[self._machine_first[mode] : self._machine_first[mode + 1]])

    def mode_on(self, operation: int, machines: tuple[int, ...]) -> int | None:
        """Return the operation's mode on `machines` (ascending); None: there is none."""
        for mode in self.modes(operation):
            if self.machines_of(mode) == machines:
                return mode
        return None

    def hours(self, machine: int) -> Hours:
        """Return when a machine is open."""
        number = self._machine_calendar[machine]
        if number not in self._hours:
            self._hours[number] = hours_of(self.instance.calendars[number])
        return self._hours[number]

    def common(self, machines: Sequence[int]) -> Hours:
        """Return when all of `machines` are open; at least one."""
        numbers = tuple(sorted({self._machine_calendar[machine] for machine in machines}))
        if len(numbers) == 1:
            return self.hours(machines[0])
        if numbers not in self._common:
            self._common[numbers] = common_hours([self.hours(machine) for machine in machines])
        return self._common[numbers]

    def setup(self, machine: int, before: int | None, operation: int) -> int:
        """Return the setup time for `operation` after the operation `before`; None: the first."""
        state = self._machine_family[machine] if before is None else 1 + self.family[before]
        return self._setups[self._machine_setups[machine]][state][self.family[operation]]

    def family_before(self, machine: int, before: int | None) -> int | None:
        """Return what the machine is set up for after `before`; None: for nothing yet."""
        if before is None:
            state = self._machine_family[machine]
            return None if state == 0 else state - 1
        return self.family[before]

    def job_text(self, job: int) -> str:
        """Return ``job 3``, with the file's name if it has one."""
        return _named("job", job, self.instance.description.jobs[job].name)

    def operation_text(self, operation: int) -> str:
        """Return ``job 3, operation 1`` of an operation numbered through, with the file's names."""
        job = int(self.instance.job_of[operation])
        index = operation - self.job_first[job]
        name = self.instance.description.jobs[job].operations[index].name
        return f"{self.job_text(job)}, {_named('operation', index, name)}"

    def machine_text(self, machine: int) -> str:
        """Return ``machine 4``, with the file's name if it has one."""
        return _named("machine", machine, self.instance.description.machines[machine].name)

    def machines_text(self, machines: Sequence[int]) -> str:
        """Return ``machine 1 and machine 4``."""
        return " and ".join(self.machine_text(machine) for machine in machines)

    def type_text(self, machine: int) -> str:
        """Return the name of a machine's type, else its number."""
        number = self.machine_type[machine]
        types = self.instance.description.types
        return _named("type", number, types[number] if types else "")

    def family_text(self, family: int | None) -> str:
        """Return ``family 2``, with the file's name if it has one."""
        if family is None:
            return "no family"
        families = self.instance.description.families
        return _named("family", family, families[family] if families else "")

    def time_text(self, time: int) -> str:
        """Return a time, and its date where the instance has a clock that reaches so far."""
        clock = self.instance.description.clock
        if clock is None:
            return str(time)
        pattern = "%Y-%m-%d %H:%M:%S" if clock.unit == "second" else "%Y-%m-%d %H:%M"
        try:
            return f"{time} ({clock.moment_of(time):{pattern}})"
        except OverflowError:
            return str(time)


def _named(kind: str, number: int, name: str) -> str:
    shown = " ".join(name.split())
    return f"{kind} {number}" if shown in ("", str(number)) else f"{kind} {number} ({shown})"
