"""A best-effort scheduler in the manner of LBESA: overloaded, it gives up the least valuable job.

After Locke, "Best-Effort Decision Making for Real-Time Scheduling", PhD thesis, Carnegie Mellon
University, CMU-CS-86-134, 1986: ready jobs enter a candidate schedule in deadline order; while it
is overloaded, the job with the lowest value density leaves it; the first job of what remains runs.
Locke weighs a probability of overload that also counts expected arrivals; here only ready jobs
count, with their remaining WCET, and overload is a certainty or it is not. All jobs have the same
value, so the lowest density is the longest remaining WCET; among equals the latest deadline leaves
first, then the highest index. Where every job has been given up, it idles.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from rlsys_rtos.vector_env import RtosVectorEnv


@njit(cache=True)
def _order_by_deadline(copy, tasks, state, order):
    """Write the ready tasks into `order` by (deadline, not last dispatched, index)."""
    found = 0
    for task in range(tasks.count[copy]):
        if not state.ready[copy, task]:
            continue
        place = found
        while place > 0:
            other = order[place - 1]
            earlier = state.due[copy, task] < state.due[copy, other]
            tie = state.due[copy, task] == state.due[copy, other]
            if not (earlier or (tie and task == state.last[copy])):
                break
            order[place] = other
            place -= 1
        order[place] = task
        found += 1
    return found


@njit(cache=True)
def _best_effort(tasks, state, actions):
    capacity = tasks.period.shape[1]
    order = np.zeros(capacity, np.int64)
    kept = np.zeros(capacity, np.bool_)
    for copy in range(len(actions)):
        found = _order_by_deadline(copy, tasks, state, order)
        kept[:] = False
        work = np.int64(0)
        for place in range(found):
            task = order[place]
            kept[place] = True
            work += tasks.wcet[copy, task] - state.executed[copy, task]
            while work > state.due[copy, task] - state.now[copy]:
                worst = -1
                longest = np.int64(0)
                for candidate in range(place + 1):
                    if not kept[candidate]:
                        continue
                    other = order[candidate]
                    left = tasks.wcet[copy, other] - state.executed[copy, other]
                    if left >= longest:
                        worst = candidate
                        longest = left
                kept[worst] = False
                work -= longest
        actions[copy] = capacity
        for place in range(found):
            if kept[place]:
                actions[copy] = order[place]
                break


class BestEffort:
    """Earliest deadline first on what is left after shedding jobs that overload the processor."""

    def reset(self, env: RtosVectorEnv) -> None:
        """Nothing to begin: the choice depends on the present state alone."""

    def act(self, env: RtosVectorEnv, observations: NDArray[Any]) -> NDArray[np.int64]:
        """Return the task that every copy runs next, (N,); idle is M."""
        del observations
        actions = np.empty(env.num_envs, np.int64)
        _best_effort(env.tasks, env.state, actions)
        return actions
