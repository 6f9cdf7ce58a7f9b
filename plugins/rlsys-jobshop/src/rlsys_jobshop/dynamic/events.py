"""What can happen during a day that the plan did not know of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np

from rlsys.errors import UserError
from rlsys_jobshop.problem import Description, Job, build
from rlsys_jobshop.problem.build import LONGEST


@dataclass(frozen=True)
class JobArrives:
    """A new job becomes known; it gets the next free job number.

    Attributes:
        time: when it becomes known.
        job: what is to be done; it is released at `time`, or at its own release if that is later.
    """

    time: int
    job: Job


@dataclass(frozen=True)
class MachineBreaks:
    """A machine breaks down. That it does, and how long the repair takes, becomes known then.

    Attributes:
        time: when it breaks.
        machine: its number.
        until: when it works again; the machine is closed in ``[time, until)``.
    """

    time: int
    machine: int
    until: int


@dataclass(frozen=True)
class JobCancelled:
    """A job is not wanted any more; what runs is finished, nothing of it begins any more.

    Attributes:
        time: when that becomes known.
        job: its number: those of the instance come first, then arrivals in their order.
    """

    time: int
    job: int


Event = JobArrives | MachineBreaks | JobCancelled


def by_time(events: Iterable[Event]) -> list[tuple[int, list[Event]]]:
    """Return the events of each time, in order; events of the same time keep theirs.

    Raises:
        UserError: a time is not a whole number from 0.
    """
    given = list(events)
    for event in given:
        _check_number(event, "time", event.time)
    ordered = sorted(given, key=lambda event: event.time)
    return [(time, list(group)) for time, group in groupby(ordered, key=lambda event: event.time)]


def arrived(known: Description, events: Sequence[Event]) -> Description:
    """Return `known` with the jobs that arrive in `events`.

    Args:
        known: all jobs that are known before.
        events: in order of time.

    Raises:
        UserError: an event names a machine or job that does not exist, a time that is impossible,
            or a job that cannot be done.
    """
    jobs = list(known.jobs)
    for event in events:
        _check_number(event, "time", event.time)
        if isinstance(event, JobArrives):
            jobs.append(replace(event.job, release=max(event.time, event.job.release)))
        elif isinstance(event, JobCancelled):
            _check_member(event, "job", event.job, len(jobs), "known then")
        else:
            _check_member(event, "machine", event.machine, len(known.machines), "there")
            _check_number(event, "until", event.until)
            if event.until <= event.time:
                raise _wrong(event, "until", f"{event.until} must be after it breaks")
    if len(jobs) == len(known.jobs):
        return known
    return build(replace(known, jobs=tuple(jobs))).description


def _check_number(event: Event, field: str, value: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise _wrong(event, field, f"{value!r} is not a whole number")
    if not 0 <= value <= LONGEST:
        raise _wrong(event, field, f"{value} must lie between 0 and {LONGEST}")


def _check_member(event: Event, field: str, value: int, count: int, which: str) -> None:
    _check_number(event, field, value)
    if value >= count:
        raise _wrong(event, field, f"there is no {field} {value}; 0 to {count - 1} are {which}")


def _wrong(event: Event, field: str, what: str) -> UserError:
    return UserError(f"event {type(event).__name__} at {event.time}: {field}: {what}")
