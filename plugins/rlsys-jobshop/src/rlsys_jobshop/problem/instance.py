"""The arrays that simulator, validator and searches work on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rlsys_jobshop.problem.calendar import FOREVER, Calendar
from rlsys_jobshop.problem.description import Description

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Instance:
    """A checked problem; `rlsys_jobshop.problem.build` makes it.

    Operations are numbered through, job by job; modes are numbered through, operation by operation.
    ``docs/plugins/jobshop-model.md`` says what a valid schedule is.

    Attributes:
        description: what it was built from, with the names.
        job_first: operations of job j are ``job_first[j] .. job_first[j + 1]``; (jobs + 1,).
        job_of: (operations,).
        release: (jobs,).
        due: (jobs,); `FOREVER` where there is no due date.
        weight: of a job's tardiness, (jobs,).
        mode_first: modes of operation o are ``mode_first[o] .. mode_first[o + 1]``;
            (operations + 1,).
        interruptible: (operations,).
        family: setup family, (operations,).
        duration: (modes,).
        machine_first: mode k needs ``mode_machines[machine_first[k] : machine_first[k + 1]]``.
        mode_machines: machine numbers, ascending within a mode.
        mode_calendar: when all machines of the mode are open; index into `calendars`, (modes,).
        machine_calendar: index into `calendars`, (machines,).
        machine_type: (machines,).
        available: (machines,).
        machine_setups: first index into `setups`, (machines,).
        machine_family: second index into `setups` at the start, (machines,): 0, or 1 + family.
        setups: setup times (tables, 1 + families, families); row 0 is a machine that is set up for
            nothing, row 1 + a one that is set up for family a.
        calendars: without repetitions; number 0 never closes.
    """

    description: Description
    job_first: Ints
    job_of: Ints
    release: Ints
    due: Ints
    weight: Ints
    mode_first: Ints
    interruptible: Bools
    family: Ints
    duration: Ints
    machine_first: Ints
    mode_machines: Ints
    mode_calendar: Ints
    machine_calendar: Ints
    machine_type: Ints
    available: Ints
    machine_setups: Ints
    machine_family: Ints
    setups: Ints
    calendars: tuple[Calendar, ...]

    @property
    def name(self) -> str:
        """Its short name."""
        return self.description.name

    @property
    def jobs(self) -> int:
        """Number of jobs."""
        return len(self.release)

    @property
    def operations(self) -> int:
        """Number of operations."""
        return len(self.job_of)

    @property
    def machines(self) -> int:
        """Number of machines."""
        return len(self.machine_type)

    @property
    def modes(self) -> int:
        """Number of modes."""
        return len(self.duration)

    @property
    def most_choices(self) -> int:
        """Most candidates that a schedule under construction can offer: a mode of every job."""
        alternatives = np.diff(self.mode_first)
        return int(np.maximum.reduceat(alternatives, self.job_first[:-1]).sum())

    @property
    def is_classic(self) -> bool:
        """Whether it is a classic job shop.

        Then each operation has one mode on one machine, and nothing but durations matters: no
        calendars, setups, releases, machines that are available later.
        """
        return self.is_flexible_only and self.modes == self.operations

    @property
    def is_flexible_only(self) -> bool:
        """Whether it is a classic job shop but for alternative machines."""
        return not (
            self.has_calendars
            or self.has_setups
            or self.release.any()
            or self.available.any()
            or len(self.mode_machines) != self.modes
        )

    @property
    def has_calendars(self) -> bool:
        """Whether any machine ever closes."""
        return bool(self.machine_calendar.any())

    @property
    def has_setups(self) -> bool:
        """Whether any setup takes time."""
        return bool(self.setups.any())

    @property
    def has_overtime(self) -> bool:
        """Whether any machine is open outside of its regular hours."""
        return any(machine.overtime is not None for machine in self.description.machines)

    @property
    def has_due_dates(self) -> bool:
        """Whether any job has a due date."""
        return bool((self.due < FOREVER).any())

    def machines_of(self, mode: int) -> tuple[int, ...]:
        """Return the machines of a mode, ascending."""
        begin, end = self.machine_first[mode], self.machine_first[mode + 1]
        return tuple(self.mode_machines[begin:end].tolist())

    def job_name(self, job: int) -> str:
        """Return the file's name of a job, else its number."""
        return self.description.jobs[job].name or str(job)

    def machine_name(self, machine: int) -> str:
        """Return the file's name of a machine, else its number."""
        return self.description.machines[machine].name or str(machine)
