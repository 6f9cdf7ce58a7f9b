"""Best-effort schedulers in the manner of LBESA: overloaded, they give up the least valuable job.

After Locke, "Best-Effort Decision Making for Real-Time Scheduling", PhD thesis, Carnegie Mellon
University, CMU-CS-86-134, 1986: ready jobs enter a candidate schedule in deadline order; while it
is overloaded, the job with the lowest value density leaves it; the first job of what remains runs.
Locke weighs a probability of overload that also counts expected arrivals; here only ready jobs
count, with their remaining WCET, and overload is a certainty or it is not. Among equal densities
the latest deadline leaves first, then the highest index. Where every job has been given up, they
idle.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from rlsys_rtos.arrays import Ints, State, Tasks
from rlsys_rtos.candidate import COLUMNS, NEVER, list_jobs, shed
from rlsys_rtos.compiled import compiled
from rlsys_rtos.vector_env import RtosVectorEnv


@compiled
def _best_effort(sees_end: bool, tasks: Tasks, state: State, actions: Ints) -> None:
    """Write the first job that every copy keeps into `actions` (N,)."""
    idle = tasks.period.shape[1]
    jobs = np.zeros((idle, COLUMNS), np.int64)
    for copy in range(len(actions)):
        end = tasks.horizon[copy] - state.now[copy] if sees_end else NEVER
        choice = shed(jobs, list_jobs(copy, tasks, state, False, end, jobs))
        actions[copy] = choice if choice >= 0 else idle


class BestEffort:
    """Earliest deadline first on what is left after shedding jobs that overload the processor.

    All jobs have the same value, so the lowest density is the longest remaining WCET.
    """

    sees_end: ClassVar[bool] = False

    def reset(self, env: RtosVectorEnv) -> None:
        """Nothing to begin: the choice depends on the present state alone."""

    def act(self, env: RtosVectorEnv, observations: NDArray[Any]) -> NDArray[np.int64]:
        """Return the task that every copy runs next, (N,); idle is M."""
        del observations
        actions = np.empty(env.num_envs, np.int64)
        _best_effort(self.sees_end, env.tasks, env.state, actions)
        return actions


class BestEffortHorizon(BestEffort):
    """Best effort that is told when the episode ends, as the observation `items` tells a policy.

    A job must complete by its deadline and by the end of the episode. One that is due later than
    the end is worth a completion; one due by the end is worth the avoided miss as well.
    """

    sees_end = True
