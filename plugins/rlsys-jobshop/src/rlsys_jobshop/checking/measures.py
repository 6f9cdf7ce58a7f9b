"""How good a valid schedule is, in the terms of a factory."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from rlsys_jobshop.checking.hours import Hours, common_hours, hours_of
from rlsys_jobshop.checking.order import Timed, in_machine_order
from rlsys_jobshop.checking.shop import Shop
from rlsys_jobshop.problem import FOREVER, Schedule
from rlsys_jobshop.problem.clock import SECONDS

SECONDS_PER_DAY = 86_400


@dataclass(frozen=True)
class Measures:
    """Measures of a schedule. Times are in units of the instance.

    A job's completion is the end of its last operation; its tardiness is by how much that is after
    its due date, or 0. A machine's open time counts from when it is available to the makespan.
    Worked time is the durations of a machine's operations, without setups and breaks; an operation
    on several machines counts on each.

    Overtime is the time for which operations run on machines outside of their regular hours, added
    over the machines; setups do not count. Nothing ever runs outside of the opening hours.

    Attributes:
        makespan: the latest end.
        flow_time: completion less release, over all jobs.
        tardiness: over all jobs.
        weighted_tardiness: the same with each job's tardiness times its weight.
        days_late: tardiness in days of 24 hours; None if the instance has no clock.
        late_jobs: jobs with tardiness.
        on_time_share: share of the jobs with a due date that have no tardiness; None if no job has
            a due date.
        setup_time: open time that all setups of the sequences take, over all machines.
        overtime: see above.
        idle_time: open time without operation and setup, over all machines. It includes the open
            time in which an operation holds a machine and waits for the end of another machine's
            break.
        utilisation: worked time of all machines by their open time; 0 if there is no open time.
        utilisation_spread: standard deviation of the machines' utilisations (population; machines
            without open time are left out; 0 if none is left).
        machine_utilisation: worked by open time of each machine; None without open time.
        type_utilisation: worked by open time of all machines of a type, for each type of the
            description (one if it names none); None without open time.
    """

    makespan: int
    flow_time: int
    tardiness: int
    weighted_tardiness: int
    days_late: float | None
    late_jobs: int
    on_time_share: float | None
    setup_time: int
    overtime: int
    idle_time: int
    utilisation: float
    utilisation_spread: float
    machine_utilisation: tuple[float | None, ...]
    type_utilisation: tuple[float | None, ...]


def measure(schedule: Schedule) -> Measures:
    """Return the measures of a valid schedule; those of an invalid one mean nothing."""
    instance = schedule.instance
    makespan = schedule.makespan
    completion = schedule.end[instance.job_first[1:] - 1]
    has_due = instance.due < FOREVER
    tardiness = np.where(has_due, np.maximum(completion - instance.due, 0), 0)
    late_jobs = int((tardiness > 0).sum())
    clock = instance.description.clock

    shop = Shop(instance)
    worked = _worked(schedule)
    setup_time, overtime = 0, 0
    if instance.has_setups or instance.has_overtime:
        sequences = _sequences(shop, schedule)
        setup_time = sum(_setup_time(shop, machine, s) for machine, s in enumerate(sequences))
        overtime = _overtime(shop, schedule, sequences)
    open_time = [
        shop.hours(machine).between(available, max(available, makespan))
        for machine, available in enumerate(shop.available)
    ]
    types = range(max(1, len(instance.description.types)))
    of_type = [[m for m, kind in enumerate(shop.machine_type) if kind == t] for t in types]
    utilisations = [_share(w, o) for w, o in zip(worked, open_time, strict=True)]
    known = [share for share in utilisations if share is not None]
    return Measures(
        makespan=makespan,
        flow_time=int((completion - instance.release).sum()),
        tardiness=int(tardiness.sum()),
        weighted_tardiness=int((tardiness * instance.weight).sum()),
        days_late=None
        if clock is None
        else int(tardiness.sum()) * SECONDS[clock.unit] / SECONDS_PER_DAY,
        late_jobs=late_jobs,
        on_time_share=_share(int(has_due.sum()) - late_jobs, int(has_due.sum())),
        setup_time=setup_time,
        overtime=overtime,
        idle_time=sum(open_time) - sum(worked) - setup_time,
        utilisation=_share(sum(worked), sum(open_time)) or 0.0,
        utilisation_spread=float(np.std(known)) if known else 0.0,
        machine_utilisation=tuple(utilisations),
        type_utilisation=tuple(
            _share(sum(worked[m] for m in machines), sum(open_time[m] for m in machines))
            for machines in of_type
        ),
    )


def _worked(schedule: Schedule) -> list[int]:
    """Return the durations of each machine's operations together."""
    instance = schedule.instance
    first = instance.machine_first[schedule.mode]
    count = instance.machine_first[schedule.mode + 1] - first
    # Of an operation on several machines, each has a place in `mode_machines`.
    place = np.arange(count.sum()) + np.repeat(first - (np.cumsum(count) - count), count)
    worked = np.zeros(instance.machines, np.int64)
    np.add.at(
        worked,
        instance.mode_machines[place],
        np.repeat(instance.duration[schedule.mode], count),
    )
    found: list[int] = worked.tolist()
    return found


def _sequences(shop: Shop, schedule: Schedule) -> list[list[Timed]]:
    """Return the operations of each machine, in its order."""
    sequences: list[list[Timed]] = [[] for _ in shop.available]
    columns = (schedule.start, schedule.end, schedule.rank, schedule.mode)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    for operation, (start, end, rank, mode) in enumerate(rows):
        for machine in shop.machines_of(mode):
            sequences[machine].append(Timed(operation, start, end, rank))
    return [in_machine_order(sequence) for sequence in sequences]


def _setup_time(shop: Shop, machine: int, sequence: Iterable[Timed]) -> int:
    total, before = 0, None
    for this in sequence:
        total += shop.setup(machine, before, this.operation)
        before = this.operation
    return total


def _overtime(shop: Shop, schedule: Schedule, sequences: list[list[Timed]]) -> int:
    total = 0
    for machine, sequence in enumerate(sequences):
        given = schedule.instance.description.machines[machine].overtime
        if given is None:
            continue
        extra: dict[tuple[int, ...], Hours] = {}
        for one in sequence:
            machines = shop.machines_of(int(schedule.mode[one.operation]))
            if machines not in extra:
                # Where another machine of the mode is closed, this one waits.
                extra[machines] = common_hours([hours_of(given), shop.common(machines)])
            total += extra[machines].between(one.start, one.end)
    return total


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
