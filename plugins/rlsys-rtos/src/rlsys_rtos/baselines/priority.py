"""Schedulers that run the ready job with the least key, whatever the other jobs are.

Rate monotonic (key: period) and EDF (absolute deadline): Liu and Layland, "Scheduling Algorithms
for Multiprogramming in a Hard-Real-Time Environment", JACM 20(1), 1973. Deadline monotonic
(relative deadline): Leung and Whitehead, Performance Evaluation 2(4), 1982. Least laxity first
(time to deadline minus remaining WCET): Mok, PhD thesis, MIT, 1983.

A job is infeasible when its laxity is negative: it cannot meet its deadline if it takes its WCET.
`EdfSkip` and `ValueDensity` skip such jobs, and idle if there are no others. Value density is the
value of a job / its remaining WCET; all jobs have the same value here.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from rlsys.batched.compiled import compiled
from rlsys_rtos.arrays import Ints, State, Tasks
from rlsys_rtos.vector_env import RtosVectorEnv

_PERIOD, _DEADLINE, _EDF, _LLF, _EDF_SKIP, _VALUE_DENSITY = range(6)


@compiled
def _least(rule: int, tasks: Tasks, state: State, actions: Ints) -> None:
    """Write the ready task with the least key of every copy into `actions` (N,)."""
    idle = tasks.period.shape[1]
    for copy in range(len(actions)):
        chosen = idle
        least = np.int64(0)
        for task in range(tasks.count[copy]):
            if not state.ready[copy, task]:
                continue
            due = state.due[copy, task]
            left = tasks.wcet[copy, task] - state.executed[copy, task]
            laxity = due - state.now[copy] - left
            if rule >= _EDF_SKIP and laxity < 0:
                continue
            if rule == _PERIOD:
                key = tasks.period[copy, task]
            elif rule == _DEADLINE:
                key = tasks.deadline[copy, task]
            elif rule == _LLF:
                key = laxity
            elif rule == _VALUE_DENSITY:
                key = left
            else:
                key = due
            if chosen == idle or key < least or (key == least and task == state.last[copy]):
                chosen = task
                least = key
        actions[copy] = chosen


class _Priority:
    """A scheduler without memory; `rule` selects its key."""

    rule: ClassVar[int]

    def reset(self, env: RtosVectorEnv) -> None:
        """Nothing to reset: the choice depends only on the current state."""

    def act(self, env: RtosVectorEnv, observations: NDArray[Any]) -> NDArray[np.int64]:
        """Return the task that every copy runs next, (N,); idle is M."""
        del observations
        actions = np.empty(env.num_envs, np.int64)
        _least(self.rule, env.tasks, env.state, actions)
        return actions


class RateMonotonic(_Priority):
    """Shortest period first."""

    rule = _PERIOD


class DeadlineMonotonic(_Priority):
    """Shortest relative deadline first."""

    rule = _DEADLINE


class Edf(_Priority):
    """Earliest absolute deadline first."""

    rule = _EDF


class Llf(_Priority):
    """Least laxity first."""

    rule = _LLF


class EdfSkip(_Priority):
    """Earliest absolute deadline first among the feasible jobs."""

    rule = _EDF_SKIP


class ValueDensity(_Priority):
    """Highest value density first among the feasible jobs: the least remaining WCET."""

    rule = _VALUE_DENSITY
