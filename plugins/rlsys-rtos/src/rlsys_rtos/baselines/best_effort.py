"""LBESA-style best-effort schedulers: under overload they drop the least valuable job.

After Locke, "Best-Effort Decision Making for Real-Time Scheduling", PhD thesis, Carnegie Mellon
University, CMU-CS-86-134, 1986. Ready jobs enter a candidate schedule in deadline order. While the
schedule is overloaded, the job with the lowest value density is dropped. The first remaining job
runs. Locke uses a probability of overload that includes expected arrivals. Here only ready jobs
count, with their remaining WCET, and overload is either certain or absent. Among equal densities
the latest deadline is dropped first, then the highest index. If all jobs are dropped, the
schedulers idle.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from rlsys.batched.compiled import compiled
from rlsys_rtos.arrays import Ints, State, Tasks
from rlsys_rtos.candidate import COLUMNS, NEVER, list_jobs, shed
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
    """Earliest deadline first, after dropping jobs that overload the processor.

    All jobs have the same value, so the lowest density is the longest remaining WCET.
    """

    sees_end: ClassVar[bool] = False

    def reset(self, env: RtosVectorEnv) -> None:
        """Nothing to reset: the choice depends only on the current state."""

    def act(self, env: RtosVectorEnv, observations: NDArray[Any]) -> NDArray[np.int64]:
        """Return the task that every copy runs next, (N,); idle is M."""
        del observations
        actions = np.empty(env.num_envs, np.int64)
        _best_effort(self.sees_end, env.tasks, env.state, actions)
        return actions


class BestEffortHorizon(BestEffort):
    """Best effort that knows when the episode ends, like a policy with the observation `items`.

    A job must complete by its deadline and by the end of the episode. A job that is due after the
    end is worth a completion; a job due by the end is also worth the avoided miss.
    """

    sees_end = True
