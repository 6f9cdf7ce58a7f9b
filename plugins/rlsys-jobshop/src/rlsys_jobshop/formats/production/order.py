"""The order of a job's operations when the file gives it by name."""

from __future__ import annotations

from collections.abc import Sequence
from graphlib import CycleError, TopologicalSorter

from rlsys_jobshop.formats.production.sections import OperationSection


def in_order(operations: Sequence[OperationSection]) -> list[int]:
    """Return the positions of the operations in the order in which they are done.

    Without any ``after``, it is the order of the file.

    Raises:
        ValueError: an ``after`` names no operation or several, or they do not form one chain.
    """
    if not any(operation.after for operation in operations):
        return list(range(len(operations)))
    positions: dict[str, int] = {}
    for number, operation in enumerate(operations):
        if operation.name in positions:
            raise ValueError(f"two operations are named {operation.name!r}; `after` needs one")
        if operation.name:
            positions[operation.name] = number
    sorter: TopologicalSorter[int] = TopologicalSorter()
    for number, operation in enumerate(operations):
        for name in operation.after:
            if name not in positions:
                known = ", ".join(positions) or "none"
                raise ValueError(f"after: there is no operation {name!r} in this job ({known})")
        sorter.add(number, *(positions[name] for name in operation.after))
    try:
        sorter.prepare()
    except CycleError as error:
        cycle = " after ".join(_called(operations, number) for number in reversed(error.args[1]))
        raise ValueError(f"after: operations form a cycle: {cycle}") from error
    order: list[int] = []
    while sorter.is_active():
        ready = sorter.get_ready()
        if len(ready) > 1:
            both = " and ".join(_called(operations, number) for number in sorted(ready)[:2])
            raise ValueError(f"after: {both} have no order; the operations must form one chain")
        order += ready
        sorter.done(*ready)
    return order


def _called(operations: Sequence[OperationSection], number: int) -> str:
    return operations[number].name or f"operation {number}"
