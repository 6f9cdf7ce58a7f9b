"""What is minimised, by searches, policies and commands alike."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from rlsys.errors import UserError, did_you_mean
from rlsys_jobshop.problem.calendar import FOREVER
from rlsys_jobshop.problem.instance import Instance
from rlsys_jobshop.problem.schedule import Schedule

Goal = Literal["makespan", "weighted-tardiness"]


def check_goal(goal: str) -> None:
    """Raise unless `goal` is a goal.

    Raises:
        UserError: it is not.
    """
    if goal not in get_args(Goal):
        raise UserError(f"{goal!r} is not a goal{did_you_mean(goal, get_args(Goal))}")


def goal_of(instance: Instance, wanted: Goal | None = None) -> Goal:
    """Return what counts: what is wanted, else tardiness where there are due dates, else makespan.

    Raises:
        UserError: what is wanted is not a goal.
    """
    if wanted is not None:
        check_goal(wanted)
        return wanted
    return "weighted-tardiness" if instance.has_due_dates else "makespan"


def weighted_tardiness(instance: Instance, end: NDArray[np.int64]) -> int:
    """Return the weighted tardiness for the ends of all operations, int64 (operations,)."""
    done = end[instance.job_first[1:] - 1]
    late = np.where(instance.due < FOREVER, np.maximum(0, done - instance.due), 0)
    return int((instance.weight * late).sum())


def value(schedule: Schedule, goal: Goal) -> tuple[int, int]:
    """Return what counts first and what decides between equal schedules; smaller is better."""
    tardiness = weighted_tardiness(schedule.instance, schedule.end)
    both = (schedule.makespan, tardiness)
    return both if goal == "makespan" else both[::-1]
