"""What the validator says about a schedule that breaks a rule."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Kind(enum.StrEnum):
    """The rules that a schedule can break, in the order in which they are reported."""

    UNKNOWN_JOB = "unknown job"
    UNKNOWN_OPERATION = "unknown operation"
    MISSING = "missing operation"
    DUPLICATE = "duplicate operation"
    UNKNOWN_MACHINE = "unknown machine"
    WRONG_TYPE = "wrong machine type"
    WRONG_MACHINE = "wrong machine"
    NOT_WHOLE = "time not whole"
    NEGATIVE = "negative time"
    REVERSED = "end before start"
    DURATION = "wrong duration"
    HOURS = "outside open hours"
    RELEASE = "before release"
    PRECEDENCE = "precedence"
    JOB_OVERLAP = "job overlap"
    AVAILABILITY = "machine not available"
    MACHINE_OVERLAP = "machine overlap"
    SETUP = "setup too short"


@dataclass(frozen=True)
class Violation:
    """One broken rule.

    Attributes:
        kind: which rule.
        message: one line: where, what is so, what is required.
        job, operation: as the entry has them; None if they are no whole numbers, or if the job or
            operation has nothing to do with it.
        machine: the machine on which the rule is broken; None if it is not about one machine.
    """

    kind: Kind
    message: str
    job: int | None = None
    operation: int | None = None
    machine: int | None = None

    def __str__(self) -> str:
        return f"{self.kind}: {self.message}"
