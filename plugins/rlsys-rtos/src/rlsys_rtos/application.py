"""One episode for a scheduler on a device: its tasks, its observations, and what must happen.

The program is called ``rtos-scheduler``. Its data (times in ticks):

* ``case``: the name of the taskset, or ``random`` with a generator;
* ``tasks``: ``name``, ``period``, ``deadline`` (relative), ``wcet``, ``offset`` of each;
* ``horizon``: length of the episode;
* ``observation``: ``basic``, ``full`` or ``items``; ``capacity``: how many tasks fit into it;
* ``idle``: when the mask allows idling, as in the configuration;
* ``jobs``: null if every job is released on arrival and needs its WCET; otherwise, for each task,
  the pairs of release and execution time of its jobs;
* ``table``: the task that the optimum runs in each tick, -1 for none; null if it could not be
  computed, and then ``table_note`` says why.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsys.application import Trace
from rlsys.controllers import Controller
from rlsys.errors import UserError
from rlsys_rtos.baselines.priority import Edf, RateMonotonic
from rlsys_rtos.baselines.round_robin import RoundRobin
from rlsys_rtos.config import RtosConfig
from rlsys_rtos.oracle import RtosOracle
from rlsys_rtos.vector_env import RtosVectorEnv

NAME = "rtos-scheduler"


class RtosApplication:
    """The episode of one seed.

    Args:
        config: configuration of the environment.
        seed: seed of the episode; with a generator, every seed gives a different taskset.
    """

    def __init__(self, config: RtosConfig, seed: int) -> None:
        self.config = config
        self.seed = seed
        self.name = NAME

    @cached_property
    def data(self) -> Mapping[str, Any]:
        """The data for the program; see above."""
        env = self._begin()
        tasks = env.tasks
        count = int(tasks.count[0])
        numbers = {
            name: getattr(tasks, name)[0].tolist()
            for name in ("period", "deadline", "wcet", "offset")
        }
        return {
            "case": self.config.taskset[0].name if self.config.taskset else "random",
            "tasks": [
                {"name": name, **{key: values[i] for key, values in numbers.items()}}
                for i, name in enumerate(self.config.task_names(count))
            ],
            "horizon": int(tasks.horizon[0]),
            "observation": self.config.observation,
            "capacity": env.max_tasks,
            "idle": self.config.idle,
            "jobs": self._jobs(env) if self.config.random else None,
            "table": None if self._table is None else self._table.tolist(),
            "table_note": self._table_note,
        }

    @cached_property
    def controllers(self) -> Mapping[str, Controller]:
        """The schedulers that the program also has; ``table`` if the optimum is known."""
        found: dict[str, Any] = {
            "round-robin": RoundRobin(),
            "rate-monotonic": RateMonotonic(),
            "edf": Edf(),
        }
        if self._table is not None:
            found["table"] = RtosOracle(self.config)
        return found

    def trace(self, controller: Controller) -> Trace:
        """Return what happens in the episode under `controller`.

        The action is the task that ran, or -1 if none did. Counters: ``misses`` and
        ``completions`` (T, tasks), ``switches`` (T,).
        """
        env = self._begin()
        count, horizon = int(env.tasks.count[0]), int(env.tasks.horizon[0])
        observations = env.observations()
        controller.reset(env)
        actions = np.full(horizon, -1, np.int64)
        misses = np.zeros((horizon, count), np.int64)
        completions = np.zeros((horizon, count), np.int64)
        switches = np.zeros(horizon, np.int64)
        for now in range(horizon):
            chosen = np.asarray(controller.act(env, observations))
            task = int(chosen[0])
            if task < count and env.state.ready[0, task]:
                actions[now] = task
            observations, _, ended, _, infos = env.step(chosen)
            totals: Mapping[str, Any] = infos["final_info"] if ended[0] else _totals(env)
            misses[now] = totals["task_misses"][0, :count]
            switches[now] = totals["switches"][0]
            completions[now] = completions[now - 1] if now else 0
            if actions[now] >= 0:
                completions[now, task] += totals["completions"][0] - completions[now].sum()
        counters = {"misses": misses, "completions": completions, "switches": switches}
        return Trace(actions, counters)

    def _begin(self) -> RtosVectorEnv:
        env = RtosVectorEnv(self.config, 1)
        env.reset(seed=self.seed)
        return env

    @cached_property
    def _planned(self) -> tuple[NDArray[np.int64] | None, str]:
        oracle: Any = RtosOracle(self.config)
        try:
            return self.trace(oracle).actions, ""
        except UserError as error:
            return None, str(error)

    @property
    def _table(self) -> NDArray[np.int64] | None:
        return self._planned[0]

    @property
    def _table_note(self) -> str:
        return self._planned[1]

    @staticmethod
    def _jobs(env: RtosVectorEnv) -> list[list[list[int]]]:
        jobs = env.job_table(0)
        return [
            [[int(r), int(e)] for r, e in zip(release[:n], execution[:n], strict=True)]
            for n, release, execution in zip(jobs.count, jobs.release, jobs.execution, strict=True)
        ]


def _totals(env: RtosVectorEnv) -> Mapping[str, Any]:
    state = env.state
    return {
        "task_misses": state.misses,
        "completions": state.completions,
        "switches": state.switches,
    }
