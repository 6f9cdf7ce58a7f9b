"""The environment: N copies of the processor behind Gymnasium's `VectorEnv` interface."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from gymnasium.spaces import Box, Discrete
from numpy.typing import NDArray

from rlsys.batched import BatchedEnv, final_infos
from rlsys.batched.batch import Copies, require_fitting
from rlsys_rtos import kernel
from rlsys_rtos.arrays import FIELDS, Jobs, Source, State, Tasks, empty
from rlsys_rtos.config import RtosConfig
from rlsys_rtos.jobs import JobTable, job_table
from rlsys_rtos.observations import KINDS, bounds, write
from rlsys_rtos.randomness import stream_state

Array = NDArray[Any]


class RtosVectorEnv(BatchedEnv):
    """Preemptive tick scheduling of periodic tasks on one processor, batched.

    Actions: 0..M-1 runs a task for one tick, M idles; choosing a task that is not ready also idles.
    The mask is advice: a masked idle action is still executed.
    Rewards: +1 per completion, -2 per miss, -0.01 per tick, -0.05 per context switch (dispatch of a
    different task than the last one dispatched). Misses at the end of a tick belong to its step.
    An episode terminates at its horizon; the next starts in the same step. ``final_info`` then has
    misses, completions, switches, miss_rate (misses / jobs due within the horizon) and
    task_misses (N, M).

    Args:
        config: the tasks and what is observed.
        num_envs: N, the number of copies.

    Attributes:
        tasks, jobs, state: the arrays of `rlsys_rtos.arrays`; baselines and oracles read them.
    """

    def __init__(self, config: RtosConfig, num_envs: int = 1) -> None:
        self.config = config
        self._source, self.max_tasks, max_jobs = _source(config)
        low, high = bounds(config.observation, self.max_tasks)
        super().__init__(num_envs, Box(low, high, dtype=np.float32), Discrete(self.max_tasks + 1))
        self.tasks, self.jobs, self.state = empty(num_envs, self.max_tasks, max_jobs)
        self._kind = KINDS[config.observation]
        self.items = config.observation == "items"
        self._idle_always = config.idle == "always-allowed"
        self._shape = low.shape
        self._width = low.size
        self._final_observations = np.zeros((num_envs, self._width), np.float32)
        self._final_counts = np.zeros((num_envs, 3), np.int64)
        self._final_misses = np.zeros((num_envs, self.max_tasks), np.int64)

    def reseed(self, copies: Copies, seeds: Sequence[int | None]) -> None:
        """Start the random streams of some copies."""
        for copy, seed in zip(copies, seeds, strict=True):
            self.state.stream[copy] = stream_state(seed)

    def begin(self, copies: Copies) -> None:
        """Start an episode in some copies; `step` does it inside the kernel."""
        which = np.zeros(self.num_envs, np.bool_)
        which[copies] = True
        kernel.reset(which, self._source, self.tasks, self.jobs, self.state)

    def step(self, actions: Array) -> tuple[Array, Array, Array, Array, dict[str, Any]]:
        """Advance all copies by one tick; `actions` has shape (N,)."""
        chosen = np.ascontiguousarray(actions, np.int64)
        if chosen.shape != (self.num_envs,):
            raise ValueError(f"actions must have shape ({self.num_envs},), not {chosen.shape}")
        observations = np.empty((self.num_envs, *self._shape), np.float32)
        rewards = np.empty(self.num_envs, np.float64)
        terminated = np.empty(self.num_envs, np.bool_)
        endings = kernel.step(
            chosen,
            self._kind,
            self._source,
            self.tasks,
            self.jobs,
            self.state,
            self._flat(observations),
            rewards,
            terminated,
            self._final_observations,
            self._final_counts,
            self._final_misses,
        )
        infos: dict[str, Any] = {}
        if endings:
            last = self._final_observations.reshape(observations.shape)
            infos = final_infos(terminated, self._final_metrics(), last)
        return observations, rewards, terminated, np.zeros(self.num_envs, np.bool_), infos

    def observations(self) -> Array:
        """Return the observations of the current states, for example after `set_state`."""
        observations = np.empty((self.num_envs, *self._shape), np.float32)
        write(0, self.num_envs, self._kind, 0, self.tasks, self.state, self._flat(observations))
        return observations

    def fixed_point_observations(self, fractional_bits: int) -> NDArray[np.int64]:
        """Return the current observations in integer multiples of ``2 ** -fractional_bits``.

        They are computed from ticks with integers, as on a device; see `rlsys_rtos.ratios`.
        """
        observations = np.empty((self.num_envs, *self._shape), np.int64)
        one = 1 << fractional_bits
        write(0, self.num_envs, self._kind, one, self.tasks, self.state, self._flat(observations))
        return observations

    def action_masks(self) -> NDArray[np.bool_]:
        """Return which actions make sense, (N, M + 1): ready tasks, and idling as configured."""
        masks = np.empty((self.num_envs, self.max_tasks + 1), np.bool_)
        masks[:, :-1] = self.state.ready
        masks[:, -1] = True if self._idle_always else ~self.state.ready.any(axis=1)
        return masks

    def job_table(self, copy: int) -> JobTable:
        """Return the jobs of one copy's episode; only oracles may know them."""
        return job_table(copy, self.tasks, self.jobs)

    def get_state(self) -> dict[str, Array]:
        """Return copies of everything that determines the future, including random streams."""
        return {name: array.copy() for name, array in self._arrays().items()}

    def set_state(self, state: Mapping[str, Array]) -> None:
        """Restore a state of an environment with the same configuration and number of copies.

        Raises:
            ValueError: the arrays do not fit this environment.
        """
        arrays = self._arrays()
        require_fitting(state, arrays)
        self.ensure_seeded()
        for name, array in arrays.items():
            array[...] = state[name]

    def _arrays(self) -> dict[str, Array]:
        groups: dict[str, Tasks | Jobs | State] = {
            "tasks": self.tasks,
            "jobs": self.jobs,
            "state": self.state,
        }
        return {
            f"{group}.{name}": array
            for group, arrays in groups.items()
            for name, array in arrays._asdict().items()
        }

    def _flat(self, observations: Array) -> Array:
        return observations.reshape(self.num_envs, self._width)

    def _final_metrics(self) -> dict[str, Array]:
        total = self._final_misses.sum(axis=1)
        return {
            "misses": total,
            "completions": self._final_counts[:, 0],
            "switches": self._final_counts[:, 1],
            "miss_rate": total / np.maximum(self._final_counts[:, 2], 1),
            "task_misses": self._final_misses,
        }


def _source(config: RtosConfig) -> tuple[Source, int, int]:
    """Return the source of episodes, the most tasks and the most jobs per task in an episode."""
    generator = config.generator
    if generator is not None:
        length = generator.episode_length(config.horizon)
        source = Source(
            bank=np.zeros((0, generator.max_tasks, FIELDS), np.int64),
            bank_count=np.zeros(0, np.int64),
            bank_horizon=np.zeros(0, np.int64),
            generated=True,
            min_tasks=generator.min_tasks,
            max_tasks=generator.max_tasks,
            low=float(generator.utilization[0]),
            high=float(generator.utilization[1]),
            periods=np.array(generator.periods, np.int64),
            phases=generator.phases,
            execution_fraction=float(generator.execution_fraction),
            horizon=length,
        )
        return source, generator.max_tasks, -(-length // min(generator.periods))
    sets = config.taskset
    lengths = [taskset.episode_length(config.horizon) for taskset in sets]
    most = max(len(taskset.tasks) for taskset in sets)
    bank = np.zeros((len(sets), most, FIELDS), np.int64)
    for index, taskset in enumerate(sets):
        bank[index, : len(taskset.tasks)] = [task.row for task in taskset.tasks]
    jobs = max(
        -(-length // min(task.period for task in taskset.tasks))
        for taskset, length in zip(sets, lengths, strict=True)
    )
    source = Source(
        bank=bank,
        bank_count=np.array([len(taskset.tasks) for taskset in sets], np.int64),
        bank_horizon=np.array(lengths, np.int64),
        generated=False,
        min_tasks=0,
        max_tasks=0,
        low=0.0,
        high=0.0,
        periods=np.zeros(0, np.int64),
        phases=False,
        execution_fraction=1.0,
        horizon=0,
    )
    return source, most, jobs
