"""Hill climbing over random keys: for every problem, also with calendars and setups.

Keys decide the order in which operations are appended to the schedule (Bean, "Genetic algorithms
and random keys for sequencing and optimization", ORSA Journal on Computing 1994). The search first
climbs over one key per job, which soon gets far, and then over one key per operation, which gets
further.
"""

from __future__ import annotations

import functools
import time

import numpy as np

from rlsys.errors import UserError
from rlsys_jobshop.problem import (
    Description,
    Instance,
    Job,
    Machine,
    Mode,
    Operation,
    Schedule,
    build,
)
from rlsys_jobshop.problem.goals import Goal, check_goal
from rlsys_jobshop.search.budget import Budget, Clock
from rlsys_jobshop.search.keys.job_keys import JobKeys, climb_ranks, job_keys, rules, try_ranks
from rlsys_jobshop.search.keys.operation_keys import Climb, advance, climb_from, settle
from rlsys_jobshop.search.randomness import stream_of
from rlsys_jobshop.search.serial import MAKESPAN, TARDINESS, batch_of, order_of

_CHUNK, _LARGEST_CHUNK = 10, 100_000
_JOBS_SHARE = 0.5
"""This share of the time, or of the candidates, goes to the keys of jobs."""


def random_keys(
    instance: Instance,
    *,
    seconds: float | None = None,
    evaluations: int | None = None,
    seed: int = 0,
    start: Schedule | None = None,
    objective: Goal = "weighted-tardiness",
    clock: Clock = time.monotonic,
) -> Schedule:
    """Return the best schedule that hill climbing finds.

    The time includes the first schedule, but not the preparation of the compiled code, which takes
    some seconds at the first call on a machine.

    Args:
        instance: any problem.
        seconds: time to search, measured on `clock`.
        evaluations: number of candidates after the first ones; without `seconds` the result is
            deterministic.
        seed: of the random stream.
        start: a schedule to improve; None: the best that a few dispatching rules make.
        objective: what counts; between equal schedules the other objective decides.
        clock: what measures `seconds`, such as `time.process_time`.

    Returns:
        A schedule that is never worse than the start.

    Raises:
        UserError: the calendars end too early for every rule, or there is no limit.
    """
    check_goal(objective)
    budget = Budget(seconds, evaluations, clock)
    goal = TARDINESS if objective == "weighted-tardiness" else MAKESPAN
    prepare()
    running = budget.start()
    if start is None:
        jobs = _best_rule(instance, goal, seed)
        for chunk in running.chunks(_CHUNK, _LARGEST_CHUNK, _JOBS_SHARE):
            climb_ranks(jobs, chunk, goal)
        climb = _from_jobs(instance, jobs)
    else:
        climb = _from_schedule(start, seed)
    settle(climb, goal)
    for chunk in running.chunks(_CHUNK, _LARGEST_CHUNK):
        advance(climb, chunk, goal)
    return _schedule(instance, climb)


def _best_rule(instance: Instance, goal: int, seed: int) -> JobKeys:
    search = job_keys(batch_of(instance), stream_of(seed))
    found = False
    for ranks in rules(instance):
        search.trial[:] = ranks
        found = try_ranks(search, goal) or found
    if not found:
        first = min(instance.calendars[number].end for number in instance.machine_calendar)
        raise UserError(
            f"{instance.name}: with every rule, calendars end (the first at {first}) before the "
            "work does; give the machines hours for longer"
        )
    search.trial[:] = search.jobs
    return search


def _from_jobs(instance: Instance, jobs: JobKeys) -> Climb:
    wish = np.full(instance.operations, -1, np.int64)
    return climb_from(batch_of(instance), jobs.order, wish, jobs.stream)


def _from_schedule(start: Schedule, seed: int) -> Climb:
    # In this order and these modes, nothing starts later than in the schedule.
    wish = np.asarray(start.mode, np.int64)
    return climb_from(batch_of(start.instance), order_of(start), wish, stream_of(seed))


def _schedule(instance: Instance, climb: Climb) -> Schedule:
    rank = np.empty(instance.operations, np.int64)
    rank[climb.now.order] = np.arange(instance.operations)
    current = climb.current
    return Schedule(instance, current.mode.copy(), current.start.copy(), current.end.copy(), rank)


@functools.cache
def prepare() -> None:
    """Compile, or load from the disk, all that a search calls."""
    job = Job((Operation((Mode(1, (0,)),)),))
    instance = build(Description("tiny", (job, job), (Machine(),)))
    jobs = _best_rule(instance, TARDINESS, 0)
    climb_ranks(jobs, 1, TARDINESS)
    climb = _from_jobs(instance, jobs)
    settle(climb, TARDINESS)
    advance(climb, 1, TARDINESS)
