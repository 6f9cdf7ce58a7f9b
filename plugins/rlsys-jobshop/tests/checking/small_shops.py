"""Short ways to write down a small shop and a schedule of it."""

from __future__ import annotations

from rlsys_jobshop.checking import violations
from rlsys_jobshop.problem import Calendar, Description, Entry, Machine, Mode, Operation, build

BREAK = Calendar.of([(0, 4), (5, 100)])
"""A break from 4 to 5."""


def work(duration, *machines, **more):
    """An operation with one mode."""
    return Operation((Mode(duration, machines or (0,)),), **more)


ONE_MACHINE = (Machine(),)


def shop(*jobs, machines=ONE_MACHINE, **more):
    return build(Description("small", tuple(jobs), tuple(machines), **more))


def entries(*rows):
    """From rows (job, operation, machine or machines, start, end)."""
    return [
        Entry(job, operation, machines if isinstance(machines, tuple) else (machines,), start, end)
        for job, operation, machines, start, end in rows
    ]


def broken(instance, *rows):
    """The kinds of the violations, in order."""
    return [violation.kind for violation in violations(instance, entries(*rows))]
