"""Instances side by side in flat arrays, as compiled code reads them.

A batch has one slot per copy. All slots are equally large, and every index in these arrays is
counted over the whole batch: job numbers, operation numbers, and so on. So one loop serves a single
instance and a batch, and no array is sliced in it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import astuple, dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rlsys_jobshop.problem import FOREVER, Instance

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


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
        needs = [astuple(_need(instance)) for instance in instances]
        return cls(*np.max(needs, axis=0).tolist())


def _need(instance: Instance) -> Capacity:
    return Capacity(
        jobs=instance.jobs,
        operations=instance.operations,
        modes=instance.modes,
        mode_machines=len(instance.mode_machines),
        machines=instance.machines,
        calendars=len(instance.calendars),
        windows=sum(len(calendar.opens) for calendar in instance.calendars),
        setups=instance.setups.size,
    )


class Shops(NamedTuple):
    """The instances of all copies. Names are those of `rlsys_jobshop.problem.Instance`.

    Attributes:
        jobs, machines, operations: how many the copy's instance has, (copies,).
        first_job, first_machine: index of the copy's first job and machine, (copies,).
        job_first, job_last: first operation of a job, and the one after its last.
        mode_first, mode_last: first mode of an operation, and the one after its last.
        machine_first, machine_last: a mode's range in `mode_machines`.
        least: shortest duration of an operation.
        tail: sum of `least` over the operations of the job after this one.
        window_first, window_last: a calendar's range in the windows.
        opens, closes, worked: a window, and the open time of its calendar before it.
        setups: setup times, row by row.
        setup_first, setup_width: a machine's table in `setups`, and the length of its rows.
    """

    jobs: Ints
    machines: Ints
    operations: Ints
    first_job: Ints
    first_machine: Ints
    job_first: Ints
    job_last: Ints
    job_of: Ints
    release: Ints
    due: Ints
    weight: Ints
    mode_first: Ints
    mode_last: Ints
    interruptible: Bools
    family: Ints
    least: Ints
    tail: Ints
    duration: Ints
    machine_first: Ints
    machine_last: Ints
    mode_machines: Ints
    mode_calendar: Ints
    machine_calendar: Ints
    available: Ints
    machine_family: Ints
    setup_first: Ints
    setup_width: Ints
    window_first: Ints
    window_last: Ints
    opens: Ints
    closes: Ints
    worked: Ints
    setups: Ints


def empty_shops(copies: int, capacity: Capacity) -> Shops:
    """Return slots for `copies` instances."""

    def ints(per_copy: int = 1) -> Ints:
        return np.zeros(copies * per_copy, dtype=np.int64)

    c = capacity
    return Shops(
        jobs=ints(),
        machines=ints(),
        operations=ints(),
        first_job=np.arange(copies, dtype=np.int64) * c.jobs,
        first_machine=np.arange(copies, dtype=np.int64) * c.machines,
        job_first=ints(c.jobs),
        job_last=ints(c.jobs),
        job_of=ints(c.operations),
        release=ints(c.jobs),
        due=ints(c.jobs),
        weight=ints(c.jobs),
        mode_first=ints(c.operations),
        mode_last=ints(c.operations),
        interruptible=np.zeros(copies * c.operations, dtype=np.bool_),
        family=ints(c.operations),
        least=ints(c.operations),
        tail=ints(c.operations),
        duration=ints(c.modes),
        machine_first=ints(c.modes),
        machine_last=ints(c.modes),
        mode_machines=ints(c.mode_machines),
        mode_calendar=ints(c.modes),
        machine_calendar=ints(c.machines),
        available=ints(c.machines),
        machine_family=ints(c.machines),
        setup_first=ints(c.machines),
        setup_width=ints(c.machines),
        window_first=ints(c.calendars),
        window_last=ints(c.calendars),
        opens=ints(c.windows),
        closes=ints(c.windows),
        worked=ints(c.windows),
        setups=ints(c.setups),
    )


def load(shops: Shops, copy: int, instance: Instance) -> None:
    """Put `instance` into the slot of `copy`.

    Raises:
        ValueError: the slot is too small.
    """
    copies = len(shops.jobs)
    base = {name: copy * (len(getattr(shops, name)) // copies) for name in _FIELDS_WITH_BASE}

    def put(field: str, values: NDArray[np.int64] | NDArray[np.bool_]) -> None:
        size = len(getattr(shops, field)) // copies
        if len(values) > size:
            raise ValueError(f"{instance.name} has {len(values)} of {field}; a slot holds {size}")
        getattr(shops, field)[copy * size : copy * size + len(values)] = values

    shops.jobs[copy] = instance.jobs
    shops.machines[copy] = instance.machines
    shops.operations[copy] = instance.operations
    put("job_first", instance.job_first[:-1] + base["job_of"])
    put("job_last", instance.job_first[1:] + base["job_of"])
    put("job_of", instance.job_of + base["release"])
    put("release", instance.release)
    put("due", instance.due)
    put("weight", instance.weight)
    put("mode_first", instance.mode_first[:-1] + base["duration"])
    put("mode_last", instance.mode_first[1:] + base["duration"])
    put("interruptible", instance.interruptible)
    put("family", instance.family)
    least = np.minimum.reduceat(instance.duration, instance.mode_first[:-1])
    put("least", least)
    put("tail", tails(instance, least))
    put("duration", instance.duration)
    put("machine_first", instance.machine_first[:-1] + base["mode_machines"])
    put("machine_last", instance.machine_first[1:] + base["mode_machines"])
    put("mode_machines", instance.mode_machines + base["available"])
    put("mode_calendar", instance.mode_calendar + base["window_first"])
    put("machine_calendar", instance.machine_calendar + base["window_first"])
    put("available", instance.available)
    put("machine_family", instance.machine_family)
    _, rows, width = instance.setups.shape
    put("setup_first", instance.machine_setups * rows * width + base["setups"])
    put("setup_width", np.full(instance.machines, width))
    put("setups", instance.setups.reshape(-1))
    ends = np.cumsum([len(calendar.opens) for calendar in instance.calendars])
    put("window_first", np.concatenate([[0], ends[:-1]]) + base["opens"])
    put("window_last", ends + base["opens"])
    put("opens", np.concatenate([calendar.opens for calendar in instance.calendars]))
    put("closes", np.concatenate([calendar.closes for calendar in instance.calendars]))
    put("worked", np.concatenate([calendar.worked for calendar in instance.calendars]))


_FIELDS_WITH_BASE = (
    "job_of",
    "release",
    "duration",
    "mode_machines",
    "available",
    "window_first",
    "opens",
    "setups",
)


def tails(instance: Instance, least: Ints) -> Ints:
    """Return the sum of `least` over the operations of the job after each one, (operations,)."""
    total = np.cumsum(least)
    return total[instance.job_first[instance.job_of + 1] - 1] - total


def one_shop(instance: Instance) -> Shops:
    """Return a batch of one."""
    shops = empty_shops(1, Capacity.of([instance]))
    load(shops, 0, instance)
    return shops


NEVER = FOREVER
"""What the timing functions return where a calendar ends too early."""
