"""What is known, and what has happened, at a moment of the day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from rlsys.errors import UserError
from rlsys_jobshop.dynamic.events import Event, JobCancelled, MachineBreaks, arrived
from rlsys_jobshop.dynamic.hours import Room, end_of_work, open_between, room_after
from rlsys_jobshop.problem import Calendar, Description, Entry, Mode, Operation
from rlsys_jobshop.problem.calendar import intersection


@dataclass(frozen=True)
class SettingUp:
    """A setup that has begun while its machine waits for the next operation.

    Attributes:
        family: what the machine is being set up for.
        done: open time that the setup has taken so far.
    """

    family: int
    done: int


@dataclass(frozen=True)
class Situation:
    """The facts at a moment. Jobs and operations have the numbers of `known`.

    Attributes:
        now: the moment; an operation has begun if it started before.
        known: all jobs that have arrived, those that were cancelled too; machines with their hours
            as planned, without breakdowns.
        begun: operations that have begun, by start; the end of one that runs is what is expected.
        lost: attempts that a breakdown ended, as entries from their start to the breakdown.
        cancelled: jobs of which nothing begins any more.
        breakdowns: all so far.
        setting_up: by machine, where the setup for the next operation has begun.
    """

    now: int
    known: Description
    begun: tuple[Entry, ...] = ()
    lost: tuple[Entry, ...] = ()
    cancelled: frozenset[int] = frozenset()
    breakdowns: tuple[MachineBreaks, ...] = ()
    setting_up: Mapping[int, SettingUp] = field(default_factory=dict)

    @cached_property
    def hours(self) -> tuple[Calendar | None, ...]:
        """When each machine is open, without its breakdowns; None: not at all."""
        closed: dict[int, list[tuple[int, int]]] = {}
        for one in self.breakdowns:
            closed.setdefault(one.machine, []).append((one.time, one.until))
        return tuple(
            _without(machine.calendar, closed[number]) if number in closed else machine.calendar
            for number, machine in enumerate(self.known.machines)
        )

    @cached_property
    def progress(self) -> tuple[int, ...]:
        """How many operations of each job have begun."""
        counts = [0] * len(self.known.jobs)
        for entry in self.begun:
            counts[entry.job] += 1
        return tuple(counts)

    @cached_property
    def last(self) -> Mapping[int, Entry]:
        """What each machine did last or does now, lost attempts included."""
        tried = sorted((*self.begun, *self.lost), key=lambda entry: (entry.start, entry.end))
        return {machine: entry for entry in tried for machine in entry.machines}

    @cached_property
    def ready(self) -> tuple[int, ...]:
        """When each job's next operation can begin, as far as the job is concerned."""
        times = [job.release for job in self.known.jobs]
        for entry in self.begun:
            times[entry.job] = max(times[entry.job], entry.end)
        return tuple(times)

    def free(self, machine: int) -> int:
        """Return when a machine has ended, or will end, what it did last."""
        available = self.known.machines[machine].available
        return max(available, self.last[machine].end) if machine in self.last else available

    def operation(self, entry: Entry) -> Operation:
        """Return the operation of an entry."""
        return self.known.jobs[entry.job].operations[entry.operation]

    def mode(self, entry: Entry) -> Mode:
        """Return the mode of an entry."""
        modes = self.operation(entry).modes
        return next(mode for mode in modes if set(mode.machines) == set(entry.machines))

    def common_hours(self, machines: tuple[int, ...]) -> Calendar | None:
        """Return when all `machines` are open; None: never."""
        if machines not in self._common:
            self._common[machines] = _shared([self.hours[machine] for machine in machines])
        return self._common[machines]

    @cached_property
    def _common(self) -> dict[tuple[int, ...], Calendar | None]:
        """What `common_hours` has found."""
        return {}

    def usable(self, operation: Operation) -> tuple[Mode, ...]:
        """Return the modes whose machines are ever open together."""
        return tuple(m for m in operation.modes if self.common_hours(m.machines) is not None)

    def can_still(self, operation: Operation, mode: Mode) -> bool:
        """Return whether an operation fits in a mode into the open time that is left."""
        if mode.machines not in self._room:
            hours = self.common_hours(mode.machines)
            self._room[mode.machines] = None if hours is None else room_after(hours, self.now)
        room = self._room[mode.machines]
        return room is not None and room.holds(mode.duration, interruptible=operation.interruptible)

    @cached_property
    def _room(self) -> dict[tuple[int, ...], Room | None]:
        """What `can_still` has found about machines."""
        return {}

    def advanced(self, planned: Sequence[Entry], now: int, events: Sequence[Event]) -> Situation:
        """Return the situation at `now`, after a plan was followed and then `events` happened.

        Args:
            planned: what the plan made of all that had not begun, by start.
            now: not before this situation's.
            events: all of them at `now`.

        Raises:
            UserError: an event is impossible, or after it an operation that runs can never end.
        """
        kept = tuple(entry for entry in planned if entry.start < now)
        followed = replace(self, now=now, begun=self.begun + kept)
        setting_up = self.setting_up
        if now > self.now:
            setting_up = dict(_setups_under_way(self.now, followed, self.setting_up, planned))
        broken = tuple(event for event in events if isinstance(event, MachineBreaks))
        cancelled = {event.job for event in events if isinstance(event, JobCancelled)}
        happened = replace(
            followed,
            known=arrived(self.known, events),
            cancelled=self.cancelled | cancelled,
            breakdowns=self.breakdowns + broken,
            setting_up=setting_up,
        )
        return _interrupted(happened, {event.machine for event in broken}) if broken else happened


def _without(calendar: Calendar, closed: Iterable[tuple[int, int]]) -> Calendar | None:
    try:
        return calendar.without(closed)
    except UserError:
        return None


def _shared(hours: Sequence[Calendar | None]) -> Calendar | None:
    known = [calendar for calendar in hours if calendar is not None]
    try:
        return intersection(known) if len(known) == len(hours) else None
    except UserError:
        return None


def _setups_under_way(
    since: int,
    followed: Situation,
    before: Mapping[int, SettingUp],
    planned: Sequence[Entry],
) -> Iterator[tuple[int, SettingUp]]:
    """Yield the setups that have begun: each machine's for its next operation in the plan.

    A machine begins with it as soon as it is free and the plan is made.

    Args:
        since: when the plan was made.
        followed: now, before any event.
        before: the setups that were under way at `since`.
        planned: by start.
    """
    now, known = followed.now, followed.known
    upcoming: dict[int, Entry] = {}
    for entry in planned:
        if entry.start >= now:
            for machine in entry.machines:
                upcoming.setdefault(machine, entry)
    for machine, entry in upcoming.items():
        free, hours = followed.free(machine), followed.hours[machine]
        if known.machines[machine].setups is None or hours is None:
            continue
        family = followed.operation(entry).family
        under_way = before.get(machine)
        idle = machine not in followed.last or followed.last[machine].start < since
        kept = under_way.done if under_way and under_way.family == family and idle else 0
        done = kept + open_between(hours, max(free, since), now)
        if done:
            yield machine, SettingUp(family, done)


def _interrupted(happened: Situation, broken: set[int]) -> Situation:
    """Return the situation after these machines broke: what runs on them pauses or is lost."""
    begun: list[Entry] = []
    lost = list(happened.lost)
    for entry in happened.begun:
        if entry.end <= happened.now or not broken.intersection(entry.machines):
            begun.append(entry)
        elif happened.operation(entry).interruptible:
            begun.append(replace(entry, end=_new_end(happened, entry)))
        else:
            lost.append(replace(entry, end=happened.now))
    return replace(happened, begun=tuple(begun), lost=tuple(lost))


def _new_end(happened: Situation, entry: Entry) -> int:
    hours = happened.common_hours(entry.machines)
    work = happened.mode(entry).duration
    end = None if hours is None else end_of_work(hours, entry.start, work)
    if end is None:
        machines = " and ".join(str(machine) for machine in entry.machines)
        raise UserError(
            f"{happened.known.source or happened.known.name}: job {entry.job}, operation "
            f"{entry.operation}: runs since {entry.start}, and after the breakdown at "
            f"{happened.now} machine {machines} is not open long enough to end it; give it more "
            "working hours"
        )
    return end
