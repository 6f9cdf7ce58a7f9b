"""Match the entries of a schedule to operations, machines and modes, whatever they hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rlsys_jobshop.checking.shop import Shop
from rlsys_jobshop.checking.violation import Kind, Violation
from rlsys_jobshop.problem import Entry


@dataclass(frozen=True)
class Placed:
    """An entry whose operation exists, with what could be made of the rest.

    Attributes:
        operation: numbered through.
        job, index: job, and position within it.
        machines: the machines that exist, ascending, each once.
        mode: the operation's mode on exactly these machines, or None.
        start, end: None if they are no whole numbers.
        listed: position in the list of entries.
    """

    operation: int
    job: int
    index: int
    machines: tuple[int, ...]
    mode: int | None
    start: int | None
    end: int | None
    listed: int


def place(shop: Shop, entries: Sequence[Entry]) -> tuple[list[Placed], list[Violation]]:
    """Return the operations that `entries` hold, and what is wrong with the entries themselves.

    Of an operation that is listed more than once the first entry counts.
    """
    placed: dict[int, Placed] = {}
    found: list[Violation] = []
    for listed, entry in enumerate(entries):
        operation = _operation(shop, entry, listed, found)
        if operation is None:
            continue
        if operation in placed:
            first = placed[operation]
            found.append(
                Violation(
                    Kind.DUPLICATE,
                    f"{shop.operation_text(operation)}: listed at positions {first.listed} and "
                    f"{listed}; each operation is done once",
                    first.job,
                    first.index,
                )
            )
            continue
        placed[operation] = _place(shop, entry, operation, listed, found)
    for operation in range(shop.job_first[-1]):
        if operation not in placed:
            job = int(shop.instance.job_of[operation])
            found.append(
                Violation(
                    Kind.MISSING,
                    f"{shop.operation_text(operation)}: not in the schedule; each operation is "
                    "done once",
                    job,
                    operation - shop.job_first[job],
                )
            )
    return list(placed.values()), found


def _operation(shop: Shop, entry: Entry, listed: int, found: list[Violation]) -> int | None:
    """Return the number of the entry's operation, or report why there is none."""
    job, index = _whole(entry.job), _whole(entry.operation)
    jobs = len(shop.release)
    if job is None or not 0 <= job < jobs:
        text = f"entry {listed}: there is no job {entry.job!r}; jobs are 0 to {jobs - 1}"
        found.append(Violation(Kind.UNKNOWN_JOB, text, job, index))
        return None
    operations = shop.job_first[job + 1] - shop.job_first[job]
    if index is None or not 0 <= index < operations:
        text = (
            f"entry {listed}: {shop.job_text(job)} has no operation {entry.operation!r}; its "
            f"operations are 0 to {operations - 1}"
        )
        found.append(Violation(Kind.UNKNOWN_OPERATION, text, job, index))
        return None
    return shop.job_first[job] + index


def _place(shop: Shop, entry: Entry, operation: int, listed: int, found: list[Violation]) -> Placed:
    job, index = int(entry.job), int(entry.operation)
    who = shop.operation_text(operation)
    count = len(shop.available)
    machines: list[int] = []
    for given in entry.machines:
        machine = _whole(given)
        if machine is None or not 0 <= machine < count:
            text = f"{who}: there is no machine {given!r}; machines are 0 to {count - 1}"
            found.append(Violation(Kind.UNKNOWN_MACHINE, text, job, index, machine))
        else:
            machines.append(machine)
    known = tuple(sorted(set(machines)))
    mode = None
    if len(machines) == len(entry.machines):
        mode = shop.mode_on(operation, tuple(sorted(machines)))
        if mode is None:
            found.append(_wrong_machines(shop, operation, machines, job, index))
    for field, value in (("start", entry.start), ("end", entry.end)):
        if _whole(value) is None:
            text = f"{who}: its {field} is {value!r}; it must be an integer"
            found.append(Violation(Kind.NOT_WHOLE, text, job, index))
    return Placed(
        operation, job, index, known, mode, _whole(entry.start), _whole(entry.end), listed
    )


def _wrong_machines(
    shop: Shop, operation: int, machines: list[int], job: int, index: int
) -> Violation:
    allowed = [shop.machines_of(mode) for mode in shop.modes(operation)]
    types = sorted(shop.machine_type[machine] for machine in machines)
    as_many = [mode for mode in allowed if len(mode) == len(machines)]
    is_repeated = len(machines) != len(set(machines))
    wrong_type = (
        bool(as_many)
        and not is_repeated
        and all(types != sorted(shop.machine_type[m] for m in mode) for mode in as_many)
    )
    who, needed = shop.operation_text(operation), _first_few(shop, allowed)
    machine = machines[0] if len(machines) == 1 else None
    if not machines:
        text = f"{who}: has no machine; it needs {needed}"
    elif is_repeated:
        text = f"{who}: lists {shop.machines_text(machines)}; it needs each machine once: {needed}"
    elif wrong_type:
        given = " and ".join(f"{shop.machine_text(m)} of {shop.type_text(m)}" for m in machines)
        kinds = sorted({" and ".join(shop.type_text(m) for m in mode) for mode in as_many})
        text = f"{who}: is on {given}; it needs {' or '.join(kinds)}: {needed}"
    else:
        text = f"{who}: is on {shop.machines_text(machines)}; it needs {needed}"
    kind = Kind.WRONG_TYPE if wrong_type else Kind.WRONG_MACHINE
    return Violation(kind, text, job, index, machine)


def _first_few(shop: Shop, allowed: list[tuple[int, ...]], most: int = 5) -> str:
    texts = [shop.machines_text(mode) for mode in allowed[:most]]
    more = len(allowed) - len(texts)
    return " or ".join(texts) + (f" or one of {more} others" if more else "")


def _whole(value: object) -> int | None:
    """Return an integer of Python or NumPy as Python's own; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        return None
    return int(value)
