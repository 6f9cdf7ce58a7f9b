"""A schedule: when each operation runs, and in which of its modes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rlsys_jobshop.problem.instance import Instance


@dataclass(frozen=True)
class Entry:
    """One operation of a schedule, as a file holds it.

    Attributes:
        job: number of the job.
        operation: position within the job, from 0.
        machines: the machines that it occupies.
        start, end: from start to end, with breaks in between.
    """

    job: int
    operation: int
    machines: tuple[int, ...]
    start: int
    end: int


@dataclass(frozen=True, eq=False)
class Schedule:
    """A complete schedule of an instance.

    Attributes:
        instance: what is scheduled.
        mode: chosen mode of each operation, numbered through, int64 (operations,).
        start, end: int64 (operations,).
        rank: position of each operation in the order in which it was decided, int64 (operations,).
            Operations without duration can share a machine and an instant; this is their order.
    """

    instance: Instance
    mode: NDArray[np.int64]
    start: NDArray[np.int64]
    end: NDArray[np.int64]
    rank: NDArray[np.int64]

    @property
    def makespan(self) -> int:
        """When the last operation ends."""
        return int(self.end.max())

    def entries(self) -> list[Entry]:
        """Return the operations by start, end, and the order in which they were decided."""
        instance = self.instance
        order = np.lexsort((self.rank, self.end, self.start))
        return [
            Entry(
                job=int(instance.job_of[o]),
                operation=int(o - instance.job_first[instance.job_of[o]]),
                machines=instance.machines_of(int(self.mode[o])),
                start=int(self.start[o]),
                end=int(self.end[o]),
            )
            for o in order
        ]
