"""Instances side by side, with the schedules that are built for them, as compiled code reads them.

There is one slot per copy. All slots are equally large, and every index in these arrays is counted
over the whole batch: job numbers, operation numbers, and so on. So one loop serves a single
instance and a thousand, and no array is sliced in it. Records keep together what is read together,
and they keep the number of arrays small that each compiled call passes on.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import astuple, dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rlsys_jobshop.problem import FOREVER, Instance

NEVER = FOREVER
"""The end of an operation whose calendar ends too early."""

_INDEX, _TIME = np.int32, np.int64


def _record(indices: str, times: str, numbers: str = "") -> np.dtype[np.void]:
    """Return a record type with these fields; the smaller it is, the fewer cache lines it needs."""
    fields: list[tuple[str, type[np.generic]]] = [(name, _INDEX) for name in indices.split()]
    fields += [(name, _TIME) for name in times.split()]
    return np.dtype([*fields, *((name, np.float64) for name in numbers.split())], align=True)


_COPY = _record(
    "jobs machines operations first_job first_machine plain single left decided stuck",
    "latest setup",
    "scale",
)
_JOB = _record(
    "first last next best machine", "release due weight ready work begin finish duration"
)
_OPERATION = _record("job first last interruptible family mode rank", "least tail start end")
_MODE = _record("first last calendar", "duration begin finish")
_MACHINE = _record("calendar setups width family row", "available free", "load queue")
_CALENDAR = _record("first last", "")
_WINDOW = _record("", "opens closes worked")


class Batch(NamedTuple):
    """The slots of all copies: what is given, and what has been decided so far.

    Attributes:
        copies: ``jobs``, ``machines``, ``operations`` of the copy's instance; ``first_job``,
            ``first_machine``; ``plain``, whether no machine closes or needs setups, and each mode
            needs one machine; ``single``, whether besides each operation has one mode; ``scale``,
            the mean over operations of the shortest duration, at least 1. Decided: ``left`` and
            ``decided`` operations; ``latest`` end; working time of all setups (``setup``); whether
            a calendar ended before the work (``stuck``).
        jobs: ``first`` operation and the one after the ``last``; ``release``, ``due``, ``weight``.
            Decided: the ``next`` operation (``last`` if there is none); when it is ``ready``, as
            far as its job is concerned; the shortest ``work`` left; over the modes of the next
            operation, the earliest start (``begin``), the earliest end (``finish``) and the mode
            that has it (``best``); the ``machine`` and ``duration``, if there is one mode and it
            needs one machine, else -1. So a loop over jobs mostly reads this array alone. Where
            ``single``, a job without a next operation has the duration `NEVER`.
        operations: their ``job``; ``first`` mode and the one after the ``last``; ``interruptible``,
            ``family``; their ``least`` duration; ``tail``, the sum of `least` over the rest of the
            job. Decided: ``mode`` (-1: undecided), ``start``, ``end``, ``rank``.
        modes: ``duration``; range ``first`` .. ``last`` in `mode_machines`; ``calendar``. For a
            job's next operation: its earliest start ``begin``, and ``finish``.
        mode_machines: the machines of all modes.
        machines: ``calendar``; ``available``; ``family``, the row of its setup table at the start;
            ``setups`` and ``width``, where its table begins and the length of a row. Decided: when
            its last operation ends (``free``); what it is set up for (``row``: 0, or 1 + family);
            the ``load`` of work left, shared equally among machines that could do it; ``queue``,
            the number of jobs whose next operation it could do, shared in the same way.
        calendars: their range ``first`` .. ``last`` in `windows`.
        windows: ``opens``, ``closes``; ``worked``, the open time of the calendar before.
        setups: setup times, table by table, row by row.
    """

    copies: NDArray[Any]
    jobs: NDArray[Any]
    operations: NDArray[Any]
    modes: NDArray[Any]
    mode_machines: NDArray[np.int64]
    machines: NDArray[Any]
    calendars: NDArray[Any]
    windows: NDArray[Any]
    setups: NDArray[np.int64]


@dataclass(frozen=True)
class Capacity:
    """How large an instance a slot can hold; each number is of one instance."""

    jobs: int
    operations: int
    modes: int
    mode_machines: int
    machines: int
    calendars: int
    windows: int
    setups: int

    @classmethod
    def of(cls, instances: Iterable[Instance]) -> Capacity:
        """Return the capacity that holds each of `instances`."""
        needs = [
            (
                instance.jobs,
                instance.operations,
                instance.modes,
                len(instance.mode_machines),
                instance.machines,
                len(instance.calendars),
                sum(len(calendar.opens) for calendar in instance.calendars),
                instance.setups.size,
            )
            for instance in instances
        ]
        return cls(*np.max(needs, axis=0).tolist())

    def holds(self, other: Capacity) -> bool:
        """Return whether every instance that fits `other` fits here."""
        return all(a >= b for a, b in zip(astuple(self), astuple(other), strict=True))

    def with_room_for(self, other: Capacity) -> Capacity:
        """Return a capacity that holds both, with a quarter to spare where this one grows."""
        return Capacity(
            *(
                own if own >= need else need + need // 4
                for own, need in zip(astuple(self), astuple(other), strict=True)
            )
        )


def empty_batch(copies: int, capacity: Capacity) -> Batch:
    """Return slots for `copies` instances."""
    c = capacity
    batch = Batch(
        copies=np.zeros(copies, _COPY),
        jobs=np.zeros(copies * c.jobs, _JOB),
        operations=np.zeros(copies * c.operations, _OPERATION),
        modes=np.zeros(copies * c.modes, _MODE),
        mode_machines=np.zeros(copies * c.mode_machines, np.int64),
        machines=np.zeros(copies * c.machines, _MACHINE),
        calendars=np.zeros(copies * c.calendars, _CALENDAR),
        windows=np.zeros(copies * c.windows, _WINDOW),
        setups=np.zeros(copies * c.setups, np.int64),
    )
    batch.copies["first_job"] = np.arange(copies) * c.jobs
    batch.copies["first_machine"] = np.arange(copies) * c.machines
    return batch


def load(batch: Batch, copy: int, instance: Instance) -> None:
    """Put `instance` into the slot of `copy`; nothing of it is decided yet.

    Raises:
        ValueError: the slot is too small.
    """
    base = {
        name: copy * (len(array) // len(batch.copies))
        for name, array in zip(batch._fields, batch, strict=True)
    }

    def slot(name: str, size: int) -> NDArray[Any]:
        array: NDArray[Any] = getattr(batch, name)
        most = len(array) // len(batch.copies)
        if size > most:
            raise ValueError(f"{instance.name} has {size} {name}; a slot holds {most}")
        return array[base[name] : base[name] + size]

    least = np.minimum.reduceat(instance.duration, instance.mode_first[:-1])
    own = batch.copies[copy : copy + 1]
    own["jobs"] = instance.jobs
    own["machines"] = instance.machines
    own["operations"] = instance.operations
    own["plain"] = not (
        instance.has_calendars
        or instance.has_setups
        or len(instance.mode_machines) != instance.modes
    )
    own["single"] = own["plain"] & (instance.modes == instance.operations)
    own["scale"] = max(1.0, float(least.mean()))

    jobs = slot("jobs", instance.jobs)
    jobs["first"] = instance.job_first[:-1] + base["operations"]
    jobs["last"] = instance.job_first[1:] + base["operations"]
    jobs["release"] = instance.release
    jobs["due"] = instance.due
    jobs["weight"] = instance.weight

    operations = slot("operations", instance.operations)
    operations["job"] = instance.job_of + base["jobs"]
    operations["first"] = instance.mode_first[:-1] + base["modes"]
    operations["last"] = instance.mode_first[1:] + base["modes"]
    operations["interruptible"] = instance.interruptible
    operations["family"] = instance.family
    operations["least"] = least
    operations["tail"] = _tails(instance, least)

    modes = slot("modes", instance.modes)
    modes["duration"] = instance.duration
    modes["first"] = instance.machine_first[:-1] + base["mode_machines"]
    modes["last"] = instance.machine_first[1:] + base["mode_machines"]
    modes["calendar"] = instance.mode_calendar + base["calendars"]
    slot("mode_machines", len(instance.mode_machines))[:] = (
        instance.mode_machines + base["machines"]
    )

    _, rows, width = instance.setups.shape
    machines = slot("machines", instance.machines)
    machines["calendar"] = instance.machine_calendar + base["calendars"]
    machines["available"] = instance.available
    machines["family"] = instance.machine_family
    machines["setups"] = instance.machine_setups * rows * width + base["setups"]
    machines["width"] = width
    slot("setups", instance.setups.size)[:] = instance.setups.reshape(-1)

    ends = np.cumsum([len(calendar.opens) for calendar in instance.calendars])
    calendars = slot("calendars", len(ends))
    calendars["first"] = np.concatenate([[0], ends[:-1]]) + base["windows"]
    calendars["last"] = ends + base["windows"]
    windows = slot("windows", int(ends[-1]))
    for name in ("opens", "closes", "worked"):
        windows[name] = np.concatenate([getattr(c, name) for c in instance.calendars])


def _tails(instance: Instance, least: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the sum of `least` over the operations of the job after each one, (operations,)."""
    total = np.cumsum(least)
    return total[instance.job_first[instance.job_of + 1] - 1] - total
