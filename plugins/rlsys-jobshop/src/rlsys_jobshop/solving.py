"""One schedule for one instance: by a policy, a rule, or a search."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from rlsys.errors import UserError, did_you_mean
from rlsys_jobshop.checking import require_valid
from rlsys_jobshop.playing import play
from rlsys_jobshop.problem import Instance, Schedule
from rlsys_jobshop.problem.goals import Goal, goal_of, value
from rlsys_jobshop.rules import dispatch, rule_named
from rlsys_jobshop.search import cp_sat, random_keys, tabu
from rlsys_jobshop.shipped import shipped_policy
from rlsys_jobshop.simulator import Candidates
from rlsys_jobshop.trained import Trained, trained

Search = Literal["tabu", "random-keys", "cp-sat"]


@dataclass(frozen=True)
class Solution:
    """A valid schedule, and how it was found.

    Attributes:
        schedule: it has passed the validator.
        method: what made it, for people.
        seconds: on the wall; at the first call on a machine that includes compiling.
        bound: no schedule is better than this, in units of the objective; None if nothing is known.
    """

    schedule: Schedule
    method: str
    seconds: float
    bound: float | None = None


def solve(
    instance: Instance,
    *,
    policy: str | Path | None = None,
    case: str | None = None,
    rule: str | None = None,
    search: Search | None = None,
    samples: int = 1,
    seconds: float = 10.0,
    seed: int = 0,
    objective: Goal | None = None,
    stopped: Callable[[], bool] = lambda: False,
) -> Solution:
    """Return a schedule; without `policy`, `rule` and `search`, of the policy that ships.

    Args:
        instance: what to schedule.
        policy: a run directory or a network file.
        case: whose policy of the run; needed if there are several.
        rule: name of a dispatching rule; the better of its active and its non-delay schedule.
        search: ``tabu`` for classic job shops, the others for all.
        samples: schedules that a policy draws; the best is taken, and the first is greedy.
        seconds: time of a search.
        seed: of what is random.
        objective: what counts; None: the weighted tardiness if there are due dates, else the
            makespan.
        stopped: asked now and then by tabu and random-keys; once it is true, they return the best
            so far. CP-SAT does so at Ctrl-C by itself.

    Raises:
        UserError: two methods at once, an unknown name, no samples, a case without a policy, or the
            method does not fit the instance.
    """
    if sum(given is not None for given in (policy, rule, search)) > 1:
        raise UserError("give one of policy, rule and search, not several")
    if case is not None and policy is None:
        raise UserError(f"case: {case!r} says whose policy of a run; give the run as policy, too")
    if search is not None and search not in get_args(Search):
        raise UserError(f"unknown search {search!r}{did_you_mean(search, get_args(Search))}")
    if samples < 1:
        raise UserError(f"samples: {samples} is not allowed; give at least 1")
    goal = goal_of(instance, objective)
    begun = time.monotonic()
    if search is not None:
        return _searched(instance, search, seconds, seed, goal, stopped)
    if rule is not None:
        kinds: tuple[Candidates, ...] = ("active", "non-delay")
        made = [
            schedule
            for kind in kinds
            for schedule in dispatch(instance, rule_named(rule), seed=seed, candidates=kind)
        ]
        method = rule
    else:
        found = Trained(shipped_policy(instance, goal)) if policy is None else trained(policy, case)
        made = play(
            instance, found.network, samples=samples, seed=seed, candidates=found.candidates
        )
        method = "policy, greedy" if samples == 1 else f"policy, best of {samples}"
    best = min(made, key=lambda schedule: value(schedule, goal))
    return Solution(require_valid(best), method, time.monotonic() - begun)


def _searched(
    instance: Instance,
    search: Search,
    seconds: float,
    seed: int,
    goal: Goal,
    stopped: Callable[[], bool],
) -> Solution:
    if search == "tabu" and goal != "makespan":
        raise UserError(
            "tabu search minimises the makespan; use search random-keys or cp-sat for "
            f"{goal}, or set the objective to makespan"
        )
    begun = time.monotonic()
    bound: float | None = None

    def clock() -> float:
        return math.inf if stopped() else time.monotonic()

    if search == "cp-sat":
        result = cp_sat(instance, seconds=seconds, objective=goal, seed=seed)
        if result.schedule is None:
            raise UserError(
                f"{instance.name}: CP-SAT found no schedule in {seconds:g} s ({result.status}); "
                "give it more seconds, or use a rule"
            )
        schedule, bound = result.schedule, float(result.bound)
    elif search == "tabu":
        schedule = tabu(instance, seconds=seconds, seed=seed, clock=clock)
    else:
        schedule = random_keys(instance, seconds=seconds, seed=seed, objective=goal, clock=clock)
    return Solution(require_valid(schedule), search, time.monotonic() - begun, bound)
