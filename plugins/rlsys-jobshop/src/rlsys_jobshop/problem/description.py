"""A scheduling problem as a reader or a program writes it down: jobs, operations, machines.

`rlsys_jobshop.problem.build` checks a description and turns it into the arrays of an `Instance`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rlsys_jobshop.problem.calendar import Calendar
from rlsys_jobshop.problem.clock import Clock


@dataclass(frozen=True)
class Mode:
    """One way to do an operation.

    Attributes:
        duration: working time, a whole number of units, at least 0.
        machines: the machines that are all needed from start to end, by number; usually one.
    """

    duration: int
    machines: tuple[int, ...]


@dataclass(frozen=True)
class Operation:
    """One step of a job.

    Attributes:
        modes: the ways to do it; an alternative machine is another mode.
        interruptible: whether a break may interrupt it. If not, it must fit between two breaks.
        family: number of its setup family, see `Description.setups`.
        name: the file's own name, or "".
        where: where it stands, such as "line 7", for messages; or "".
    """

    modes: tuple[Mode, ...]
    interruptible: bool = False
    family: int = 0
    name: str = ""
    where: str = ""


@dataclass(frozen=True)
class Job:
    """Operations that are done one after another.

    Attributes:
        release: no operation starts before.
        due: when the job should be done; None: no due date.
        important: whether its tardiness weighs `Description.important_weight` instead of 1.
        name, where: as in `Operation`.
    """

    operations: tuple[Operation, ...]
    release: int = 0
    due: int | None = None
    important: bool = False
    name: str = ""
    where: str = ""


@dataclass(frozen=True)
class Machine:
    """A machine does one operation at a time.

    Attributes:
        calendar: when it is open.
        overtime: the part of that outside its regular hours; None: there is none. Operations may
            run then as at any open time; measures say how much does.
        type: number of its type, see `Description.types`.
        setups: which table of `Description.setups` it uses; None: it needs no setups.
        family: the family that it is set up for at the start; None: for nothing yet.
        available: it can do nothing before.
        name, where: as in `Operation`.
    """

    calendar: Calendar = field(default_factory=Calendar.always)
    overtime: Calendar | None = None
    type: int = 0
    setups: int | None = None
    family: int | None = None
    available: int = 0
    name: str = ""
    where: str = ""


@dataclass(frozen=True)
class Setups:
    """Setup times of a kind of machine.

    Attributes:
        between: ``between[a][b]`` is the working time from family a to family b.
        first: ``first[b]`` is the working time to b on a machine that is set up for nothing yet.
    """

    between: Sequence[Sequence[int]]
    first: Sequence[int]


@dataclass(frozen=True)
class Description:
    """A whole problem.

    Attributes:
        name: short name of the instance.
        types: names of the machine types; an empty tuple means one type without a name.
        families: names of the setup families; an empty tuple means that there are no setups.
        setups: the tables of setup times.
        important_weight: weight of an important job's tardiness; that of any other job is 1.
        clock: how times map to dates; None: times are plain numbers.
        source: the file it was read from, for messages; or "".
        notes: what a reader wants to keep (header fields, comments).
    """

    name: str
    jobs: tuple[Job, ...]
    machines: tuple[Machine, ...]
    types: tuple[str, ...] = ()
    families: tuple[str, ...] = ()
    setups: tuple[Setups, ...] = ()
    important_weight: int = 5
    clock: Clock | None = None
    source: str = ""
    notes: Mapping[str, str] = field(default_factory=dict)
