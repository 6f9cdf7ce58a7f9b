"""Round robin: every ready task in turn, for a quantum of ticks, regardless of deadlines."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsys.batched.compiled import compiled
from rlsys.errors import ConfigError
from rlsys_rtos.arrays import Ints, State, Tasks
from rlsys_rtos.vector_env import RtosVectorEnv


@compiled
def _next_in_turn(quantum: int, tasks: Tasks, state: State, used: Ints, actions: Ints) -> None:
    """Write every copy's task into `actions` (N,); `used` (N,) counts ticks of the quantum."""
    idle = tasks.period.shape[1]
    for copy in range(len(actions)):
        last = state.last[copy]
        if state.now[copy] == 0:
            used[copy] = 0
        actions[copy] = idle
        if last >= 0 and state.ready[copy, last] and used[copy] < quantum:
            used[copy] += 1
            actions[copy] = last
            continue
        for ahead in range(1, tasks.count[copy] + 1):
            task = (last + ahead) % tasks.count[copy]
            if state.ready[copy, task]:
                used[copy] = 1
                actions[copy] = task
                break


class RoundRobin:
    """Run each ready task for up to `quantum` ticks, in index order.

    A task whose job ends or is abandoned gives up the rest of its quantum, unless its next job is
    ready in the same tick.
    """

    def __init__(self, quantum: int = 1) -> None:
        if quantum < 1:
            raise ConfigError(f"round robin: quantum must be >= 1 tick (got {quantum})")
        self.quantum = quantum
        self._used = np.zeros(0, np.int64)

    def reset(self, env: RtosVectorEnv) -> None:
        """Start with a new quantum in every copy."""
        self._used = np.zeros(env.num_envs, np.int64)

    def act(self, env: RtosVectorEnv, observations: NDArray[Any]) -> NDArray[np.int64]:
        """Return the task that every copy runs next, (N,); idle is M."""
        del observations
        actions = np.empty(env.num_envs, np.int64)
        _next_in_turn(self.quantum, env.tasks, env.state, self._used, actions)
        return actions
