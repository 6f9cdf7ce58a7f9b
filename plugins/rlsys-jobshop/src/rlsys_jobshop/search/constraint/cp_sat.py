"""Schedules from OR-Tools' CP-SAT, and lower bounds: exact where an instance is small.

A schedule of CP-SAT is only its modes and its sequences; the times come from the simulator, so they
keep to its rules whatever the model leaves out.
"""

from __future__ import annotations

import importlib.util
import time
from dataclasses import dataclass
from typing import Literal

from rlsys.errors import UserError
from rlsys_jobshop.problem import Instance, Schedule
from rlsys_jobshop.problem.goals import Goal, check_goal, value
from rlsys_jobshop.search.keys.random_keys import prepare, random_keys

Status = Literal["optimal", "feasible", "infeasible", "unknown"]


@dataclass(frozen=True)
class CpSatResult:
    """What CP-SAT found.

    Attributes:
        schedule: the best one known, which may be the hint; None if there is none.
        bound: no schedule is better; in units of the objective.
        status: ``optimal``: the schedule reaches the bound. ``feasible``: it does not. ``unknown``:
            CP-SAT found nothing by itself in the time; ``schedule`` is the hint. ``infeasible``:
            the calendars end before the work does, whatever one does.
    """

    schedule: Schedule | None
    bound: int
    status: Status


def cp_sat(
    instance: Instance,
    *,
    seconds: float,
    workers: int = 2,
    hint: Schedule | None = None,
    objective: Goal = "makespan",
    seed: int = 0,
) -> CpSatResult:
    """Minimise the makespan or the weighted tardiness with CP-SAT.

    Ctrl-C ends the solver, which takes the signal itself, and what it has found is returned. Where
    there are too many setups for one model, it is asked twice: for modes, and for sequences.

    Args:
        instance: any problem.
        seconds: time limit on the wall; it includes the hint and the building of the model, but not
            the import of OR-Tools and of compiled code at the first call.
        workers: threads.
        hint: a schedule to start from; the best schedule of a few dispatching rules competes.
        objective: what to minimise.
        seed: of CP-SAT's random stream. With several workers or a time limit that is reached, two
            runs can differ all the same.

    Raises:
        UserError: OR-Tools is not installed, an argument is out of range, or times are too long for
            CP-SAT's numbers.
    """
    check_goal(objective)
    if not seconds >= 0:
        raise UserError(f"seconds is {seconds}; it must be at least 0")
    if workers < 1:
        raise UserError(f"workers is {workers}; it must be at least 1")
    if importlib.util.find_spec("ortools") is None:
        raise UserError("CP-SAT needs OR-Tools: pip install 'rlsys-jobshop[cp-sat]'")
    from rlsys_jobshop.search.constraint.stages import Stages

    prepare()
    deadline = time.monotonic() + seconds
    known = _best_known(instance, hint, objective)
    return Stages(instance, objective, known, workers, seed, deadline).solve()


def _best_known(instance: Instance, hint: Schedule | None, goal: Goal) -> Schedule | None:
    try:
        known = random_keys(instance, evaluations=0, objective=goal)
    except UserError:
        # The calendars end too early for the rules; CP-SAT may do better.
        return hint
    return known if hint is None or value(known, goal) < value(hint, goal) else hint
