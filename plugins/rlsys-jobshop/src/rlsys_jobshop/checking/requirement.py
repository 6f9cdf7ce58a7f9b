"""No schedule leaves a command without having passed the validator."""

from __future__ import annotations

import numpy as np

from rlsys.errors import ExitCode, RlsysError
from rlsys_jobshop.checking.validator import violations
from rlsys_jobshop.problem import Schedule


class InvalidSchedule(RlsysError):
    """A schedule of ours that breaks a rule: a bug, whatever the user gave."""

    exit_code = ExitCode.BUG


def require_valid(schedule: Schedule) -> Schedule:
    """Return the schedule if it is valid.

    Raises:
        InvalidSchedule: it is not; names the first violation and how many there are.
    """
    name = schedule.instance.name
    wrong = _wrong_arrays(schedule)
    if wrong:
        raise InvalidSchedule(f"schedule of {name}: {wrong}; this is a bug in rlsys")
    found = violations(schedule.instance, schedule.entries())
    if found:
        count = f"{len(found)} violation" + ("" if len(found) == 1 else "s")
        raise InvalidSchedule(
            f"schedule of {name}: {count}, the first is {found[0]}; this is a bug in rlsys"
        )
    return schedule


def _wrong_arrays(schedule: Schedule) -> str:
    """Return why the arrays are no schedule at all, or an empty text."""
    instance = schedule.instance
    for field in ("mode", "start", "end", "rank"):
        array = getattr(schedule, field)
        if array.shape != (instance.operations,) or not np.issubdtype(array.dtype, np.integer):
            return (
                f"`{field}` has shape {array.shape} and type {array.dtype}; it must hold an "
                f"integer for each of the {instance.operations} operations"
            )
    strange = (schedule.mode < instance.mode_first[:-1]) | (
        schedule.mode >= instance.mode_first[1:]
    )
    if strange.any():
        operation = int(strange.argmax())
        first, end = instance.mode_first[operation : operation + 2]
        return (
            f"operation {operation} has mode {schedule.mode[operation]}; its modes are {first} to "
            f"{end - 1}"
        )
    return ""
