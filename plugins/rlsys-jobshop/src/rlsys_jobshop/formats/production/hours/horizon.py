"""How far weekly hours must be laid out so that any schedule fits.

All operations are done one after another, in the order of the file, each in the mode that ends
latest and after the longest setup that it can need. Calendars reach twice as far, and a week more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from rlsys.errors import UserError
from rlsys_jobshop.problem import Calendar, Clock, Description, Job, Mode, Operation
from rlsys_jobshop.problem.calendar import intersection
from rlsys_jobshop.problem.clock import SECONDS

YEARS = 100
"""Work that takes longer one after another is a mistake in the file."""


class RunsOut(Exception):
    """A calendar ends before the work does."""

    def __init__(self, machine: int) -> None:
        super().__init__()
        self.machine = machine


def lay_out(
    describe: Callable[[int], Description],
    jobs: Sequence[Job],
    endless: frozenset[int],
    clock: Clock | None,
    source: str,
) -> Description:
    """Return ``describe(until)`` with an `until` that is far enough for any schedule.

    Args:
        describe: returns the problem with all weekly hours laid out up to a time.
        jobs: of the problem.
        endless: machines with weekly hours. The other calendars are what they are.
        clock: of the problem.
        source: name of the file in messages.

    Raises:
        UserError: the work takes more than `YEARS` one after another.
    """
    if clock is None:
        return describe(0)
    week = 7 * 24 * 3600 // SECONDS[clock.unit]
    most = YEARS * 366 * week // 7
    if _work(jobs) + max((job.release for job in jobs), default=0) > most:
        raise _too_long(source)
    if not endless:
        return describe(0)
    until = max(8 * week, 4 * _work(jobs))
    while True:
        given = describe(until)
        place = ""
        try:
            end = serial_end(given, endless)
        except RunsOut as stop:
            end = most + 1
            place = f"machine {given.machines[stop.machine].name or stop.machine}: "
        if end <= until or until >= most:
            break
        until *= 2
    if end > most:
        raise _too_long(source, place)
    return describe(2 * end + week)


def _work(jobs: Sequence[Job]) -> int:
    """Return how many units all operations take, without setups."""
    steps = [step for job in jobs for step in job.operations]
    return sum(max(mode.duration for mode in step.modes) for step in steps)


def _too_long(source: str, place: str = "") -> UserError:
    return UserError(
        f"{source}: {place}all operations one after another take more than {YEARS} years; "
        "shorten durations or dates, or lengthen hours"
    )


def serial_end(given: Description, endless: frozenset[int]) -> int:
    """Return when the last operation ends if all are done one after another.

    Raises:
        RunsOut: weekly hours are not laid out far enough.
    """
    return _Serial(given, endless).end()


class _Serial:
    def __init__(self, given: Description, endless: frozenset[int]) -> None:
        self._given, self._endless = given, endless
        self._shared: dict[tuple[int, ...], Worktime | None] = {}

    def end(self) -> int:
        time = 0
        for job in self._given.jobs:
            time = max(time, job.release)
            for operation in job.operations:
                ends = [self._mode_end(time, operation, mode) for mode in operation.modes]
                time = max([time, *ends])
        return time

    def _mode_end(self, time: int, operation: Operation, mode: Mode) -> int:
        """Return when the operation ends in a mode; `time` if it never fits."""
        common = self._common(mode.machines)
        if common is None or not (operation.interruptible or mode.duration <= common.longest):
            return time
        start = time
        for machine in mode.machines:
            own = self._common((machine,))
            assert own is not None
            begin = max(time, self._given.machines[machine].available)
            worked = own.end(begin, self._setup(machine, operation.family), True)
            start = max(start, self._reached(worked, time, (machine,)))
        end = common.end(start, mode.duration, operation.interruptible)
        return self._reached(end, time, mode.machines)

    def _reached(self, end: int | None, time: int, machines: tuple[int, ...]) -> int:
        if end is not None:
            return end
        if all(machine in self._endless or self._always(machine) for machine in machines):
            raise RunsOut(machines[0])
        return time

    def _always(self, machine: int) -> bool:
        return self._given.machines[machine].calendar.is_always

    def _setup(self, machine: int, family: int) -> int:
        table = self._given.machines[machine].setups
        if table is None:
            return 0
        times = self._given.setups[table]
        return max([times.first[family], *(row[family] for row in times.between)])

    def _common(self, machines: tuple[int, ...]) -> Worktime | None:
        if machines not in self._shared:
            calendars = [self._given.machines[machine].calendar for machine in machines]
            try:
                self._shared[machines] = Worktime(intersection(calendars))
            except UserError:  # never open together: `build` says so, with names
                self._shared[machines] = None
        return self._shared[machines]


class Worktime:
    """When work ends in a calendar.

    Attributes:
        longest: longest window.
    """

    def __init__(self, calendar: Calendar) -> None:
        self._opens, self._closes = calendar.opens, calendar.closes
        self._worked = calendar.worked
        self._done = self._worked + (self._closes - self._opens)
        self.longest = calendar.longest

    def end(self, start: int, duration: int, interruptible: bool) -> int | None:
        """Return the earliest end of work that begins at `start` or later; None: never."""
        index = int(np.searchsorted(self._closes, start, side="right"))
        if index == len(self._opens):
            return None
        if not interruptible:
            ends = np.maximum(self._opens[index:], start) + duration
            fits = ends <= self._closes[index:]
            return int(ends[fits.argmax()]) if fits.any() else None
        begun = int(self._worked[index]) + max(0, start - int(self._opens[index]))
        last = max(index, int(np.searchsorted(self._done, begun + duration)))
        if last == len(self._opens):
            return None
        return int(self._opens[last]) + begun + duration - int(self._worked[last])


def check_finite(given: Description) -> None:
    """Check that no machine must work longer than it is open at all.

    Raises:
        UserError: one must; names it.
    """
    needed = [0] * len(given.machines)
    for job in given.jobs:
        for operation in job.operations:
            shared = set.intersection(*(set(mode.machines) for mode in operation.modes))
            for shared_by_all in shared:
                needed[shared_by_all] += min(mode.duration for mode in operation.modes)
    for number, (machine, work) in enumerate(zip(given.machines, needed, strict=True)):
        windows = machine.calendar.closes - machine.calendar.opens
        if work > int(windows.sum()):
            raise UserError(
                f"{given.source}: machine {machine.name or number}: calendar: it is open for "
                f"{int(windows.sum())} units in all, but its operations need {work}; open it longer"
            )
