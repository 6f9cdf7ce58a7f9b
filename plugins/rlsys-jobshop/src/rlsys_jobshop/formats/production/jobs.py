"""Jobs and their operations from a production file."""

from __future__ import annotations

from rlsys_jobshop.formats.json_text import KeyPath
from rlsys_jobshop.formats.production.machines import Machines
from rlsys_jobshop.formats.production.order import in_order
from rlsys_jobshop.formats.production.sections import ChoiceSection, JobSection, OperationSection
from rlsys_jobshop.formats.production.source import Source
from rlsys_jobshop.formats.production.times import Times
from rlsys_jobshop.formats.production.values import Amount
from rlsys_jobshop.problem import Job, Mode, Operation


def read_jobs(source: Source, times: Times, machines: Machines) -> tuple[Job, ...]:
    """Return the jobs, each with its operations in the order in which they are done.

    Raises:
        UserError: a name is unknown or given twice, a duration is missing, operations are no chain,
            or a due date is before the release.
    """
    source.differ((job.name for job in source.problem.jobs), ("jobs",), "name")
    reader = _Jobs(source, times, machines)
    return tuple(reader.job(number, job) for number, job in enumerate(source.problem.jobs))


class _Jobs:
    def __init__(self, source: Source, times: Times, machines: Machines) -> None:
        self._source, self._times, self._machines = source, times, machines

    def job(self, number: int, given: JobSection) -> Job:
        path: KeyPath = ("jobs", number)
        try:
            order = in_order(given.operations)
        except ValueError as error:
            called = f"job {given.name}: " if given.name else ""
            raise self._source.wrong((*path, "operations"), f"{called}{error}") from error
        release = self._times.release(given.release, (*path, "release"))
        due = self._times.due(given.due, (*path, "due"))
        if due is not None and due < release and given.due and given.release:
            raise self._source.wrong(
                (*path, "due"), f"{given.due.text} is before the release {given.release.text}"
            )
        return Job(
            operations=tuple(
                self._operation((*path, "operations", i), given.operations[i]) for i in order
            ),
            release=release,
            due=due,
            important=given.important,
            name=given.name,
            where=self._source.line(path),
        )

    def _operation(self, path: KeyPath, given: OperationSection) -> Operation:
        if given.alternatives is None:
            modes = self._modes(path, given, given.duration)
        else:
            modes = []
            for index, choice in enumerate(given.alternatives):
                duration = given.duration if choice.duration is None else choice.duration
                modes += self._modes((*path, "alternatives", index), choice, duration)
        family = self._machines.family(given.family, (*path, "family"))
        if family is None:
            self._check_no_setups(path, modes)
        return Operation(
            modes=tuple(modes),
            interruptible=given.interruptible,
            family=family or 0,
            name=given.name,
            where=self._source.line(path),
        )

    def _modes(self, path: KeyPath, given: ChoiceSection, duration: Amount | None) -> list[Mode]:
        if duration is None:
            raise self._source.wrong((*path, "duration"), "missing; it must be given")
        units = self._times.units(duration, (*path, "duration"))
        if given.machine_type is not None:
            found = self._machines.of_type(given.machine_type, (*path, "machine_type"))
            return [Mode(units, (machine,)) for machine in found]
        if given.machine is not None:
            return [Mode(units, (self._machines.number(given.machine, (*path, "machine")),))]
        names = given.machines or ()
        self._source.differ(names, (*path, "machines"))
        numbers = [
            self._machines.number(name, (*path, "machines", i)) for i, name in enumerate(names)
        ]
        return [Mode(units, tuple(numbers))]

    def _check_no_setups(self, path: KeyPath, modes: list[Mode]) -> None:
        for mode in modes:
            for machine in mode.machines:
                if self._machines.needs_family(machine):
                    raise self._source.wrong(
                        (*path, "family"),
                        f"missing; machine {self._machines.names[machine]} has setup times, which "
                        "depend on it",
                    )
