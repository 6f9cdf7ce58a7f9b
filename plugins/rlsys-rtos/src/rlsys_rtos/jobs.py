"""All jobs of one episode, for the oracle, figures and tests."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rlsys_rtos.arrays import Jobs, Tasks


@dataclass(frozen=True)
class JobTable:
    """Every job that arrives in an episode; each row uses ``count`` of the K columns.

    A job whose absolute deadline is after the horizon can be completed but not missed.
    """

    horizon: int
    count: NDArray[np.int64]
    """(n,) number of jobs of each task."""
    release: NDArray[np.int64]
    """(n, K) tick from which the job is ready."""
    due: NDArray[np.int64]
    """(n, K) absolute deadline."""
    execution: NDArray[np.int64]
    """(n, K) ticks that it actually needs."""

    @property
    def key(self) -> bytes:
        """Equal for equal tables."""
        header = np.array([self.horizon, *self.release.shape], np.int64)
        return b"".join(
            part.tobytes() for part in (header, self.count, self.release, self.due, self.execution)
        )


def job_table(copy: int, tasks: Tasks, jobs: Jobs) -> JobTable:
    """Copy the job table of one copy out of the batch."""
    n = int(tasks.count[copy])
    count = jobs.count[copy, :n].copy()
    used = np.arange(int(count.max(initial=0)))
    arrival = tasks.offset[copy, :n, None] + used * tasks.period[copy, :n, None]
    due = arrival + tasks.deadline[copy, :n, None]
    valid = used < count[:, None]
    return JobTable(
        horizon=int(tasks.horizon[copy]),
        count=count,
        release=np.where(valid, jobs.release[copy, :n, : len(used)], 0).astype(np.int64),
        due=np.where(valid, due, 0),
        execution=np.where(valid, jobs.execution[copy, :n, : len(used)], 0).astype(np.int64),
    )
