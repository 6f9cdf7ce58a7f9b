"""The exact optimum: the best reward that a scheduler can reach if it knows all jobs.

It is unrestricted: it may idle while work is ready, whatever the environment's mask says. So no
policy can do better, masked or not. It knows every job of the episode in advance. If release jitter
or execution times are random, no scheduler can know them, and the result is called a clairvoyant
bound instead.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsys.errors import UserError
from rlsys_rtos.config import RtosConfig
from rlsys_rtos.optimum import Plan, ValueTable, optimum
from rlsys_rtos.vector_env import RtosVectorEnv


class RtosOracle:
    """Plays the optimum, and computes the value of every action in every state.

    Copies with the same jobs share one table. Tables are kept while they fit the memory limit.
    Playing without action values builds no table and needs a fraction of the memory.

    Args:
        config: configuration of the environment.
    """

    def __init__(self, config: RtosConfig) -> None:
        self.name = "clairvoyant-bound" if config.random else "optimum"
        # The limit for all tables together, and for computing one plan.
        self._limit = config.oracle_memory * 2**20
        self._tables: OrderedDict[bytes, ValueTable] = OrderedDict()
        self._plans: dict[bytes, Plan] = {}
        # A copy's jobs depend only on its random stream: as long as the stream does not advance,
        # the copy's plan and table are valid.
        self._plan: list[Plan | None] = []
        self._plan_streams = np.zeros(0, np.uint64)
        self._keys: list[bytes] = []
        self._key_streams = np.zeros(0, np.uint64)
        self._env: RtosVectorEnv | None = None

    def reset(self, env: RtosVectorEnv) -> None:
        """Forget the plans of earlier episodes; `act` computes those of the new ones.

        Raises:
            ValueError: a copy has already started its episode.
        """
        for copy in range(env.num_envs):
            _require_start(env, copy)
        self._plan = [None] * env.num_envs
        self._plan_streams = env.state.stream.copy()

    def act(self, env: RtosVectorEnv, observations: NDArray[Any]) -> NDArray[np.int64]:
        """Return the next action of every copy's optimal schedule, (N,)."""
        del observations
        moved = env.state.stream != self._plan_streams
        self._plan_streams = env.state.stream.copy()
        actions = np.empty(env.num_envs, np.int64)
        for copy, known in enumerate(self._plan):
            plan = self._planned(env, copy) if known is None or moved[copy] else known
            self._plan[copy] = plan
            action = plan.actions[env.state.now[copy]]
            actions[copy] = action if action < env.tasks.count[copy] else env.max_tasks
        return actions

    def action_values(self, env: RtosVectorEnv) -> NDArray[np.float64]:
        """Return the best achievable remaining reward after each action, (N, M + 1).

        It assumes unrestricted actions from the next tick on; actions that the environment masks
        now are -inf.
        """
        worth = np.full((env.num_envs, env.max_tasks + 1), -np.inf)
        for copy, table in enumerate(self._tables_for(env)):
            n = int(env.tasks.count[copy])
            own = table.action_values(
                int(env.state.now[copy]),
                int(env.state.last[copy]),
                env.state.ready[copy, :n],
                env.state.executed[copy, :n],
            )
            worth[copy, :n] = own[:n]
            worth[copy, -1] = own[n]
        worth[~env.action_masks()] = -np.inf
        return worth

    def _planned(self, env: RtosVectorEnv, copy: int) -> Plan:
        _require_start(env, copy)
        jobs = env.job_table(copy)
        key = jobs.key
        if key not in self._plans:
            table = self._tables.get(key)
            self._plans[key] = table.plan() if table else optimum(jobs, self._limit)
        return self._plans[key]

    def _tables_for(self, env: RtosVectorEnv) -> list[ValueTable]:
        """Return the table of every copy; compute the missing ones."""
        if self._env is not env:
            self._env = env
            self._keys = [env.job_table(copy).key for copy in range(env.num_envs)]
        else:
            for moved in np.flatnonzero(env.state.stream != self._key_streams):
                self._keys[moved] = env.job_table(int(moved)).key
        self._key_streams = env.state.stream.copy()
        for copy, key in enumerate(self._keys):
            if key in self._tables:
                self._tables.move_to_end(key)
            else:
                self._tables[key] = ValueTable(env.job_table(copy), self._limit)
                self._evict()
        return [self._tables[key] for key in self._keys]

    def _evict(self) -> None:
        needed = set(self._keys)
        total = sum(table.nbytes for table in self._tables.values())
        for key in list(self._tables):
            if total <= self._limit:
                return
            if key not in needed:
                total -= self._tables.pop(key).nbytes
        if total > self._limit:
            raise UserError(
                f"the value tables of {len(needed)} different episodes need "
                f"{total / 2**20:,.0f} MiB, more than the limit of {self._limit / 2**20:,.0f} MiB: "
                "use fewer copies or raise oracle_memory"
            )


def _require_start(env: RtosVectorEnv, copy: int) -> None:
    if env.state.now[copy] != 0:
        raise ValueError(
            f"copy {copy} is at tick {env.state.now[copy]}: an optimal schedule starts with "
            "the episode; use action_values for later states"
        )
