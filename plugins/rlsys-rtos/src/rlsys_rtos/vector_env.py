"""The environment: N copies of the processor behind Gymnasium's `VectorEnv` interface."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from gymnasium.spaces import Box, Discrete
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from rlsys_rtos import kernel
from rlsys_rtos.arrays import FIELDS, Jobs, Source, State, Tasks, empty
from rlsys_rtos.config import RtosConfig
from rlsys_rtos.jobs import JobTable, job_table
from rlsys_rtos.observations import KINDS, bounds, write
from rlsys_rtos.randomness import stream_state

Array = NDArray[Any]


class RtosVectorEnv(VectorEnv[Array, Array, Array]):
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

    metadata: dict[str, Any] = {"autoreset_mode": AutoresetMode.SAME_STEP}  # noqa: RUF012

    def __init__(self, config: RtosConfig, num_envs: int = 1) -> None:
        if num_envs < 1:
            raise ValueError(f"num_envs must be >= 1 (got {num_envs})")
        self.config = config
        self.num_envs = num_envs
        self._source, self.max_tasks, max_jobs = _source(config)
        self.tasks, self.jobs, self.state = empty(num_envs, self.max_tasks, max_jobs)
        self._kind = KINDS[config.observation]
        self.items = config.observation == "items"
        self._idle_always = config.idle == "always-allowed"
        low, high = bounds(config.observation, self.max_tasks)
        self._shape = low.shape
        self._width = low.size
        self.single_observation_space = Box(low, high, dtype=np.float32)
        self.single_action_space = Discrete(self.max_tasks + 1)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self._final_observations = np.zeros((num_envs, self._width), np.float32)
        self._final_counts = np.zeros((num_envs, 3), np.int64)
        self._final_misses = np.zeros((num_envs, self.max_tasks), np.int64)
        self._seed(None)

    def reset(
        self,
        *,
        seed: int | Sequence[int | None] | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> tuple[Array, dict[str, Any]]:
        """Start new episodes and return observations and an empty info.

        Args:
            seed: an int s seeds copy i with s + i; a list seeds each copy; None continues
                the current random streams.
            options: ``reset_mask``, a boolean array (N,): restart only these copies. Other options
                are ignored.
        """
        which = np.ones(self.num_envs, np.bool_)
        if options and "reset_mask" in options:
            which = np.ascontiguousarray(options["reset_mask"], np.bool_)
            if which.shape != (self.num_envs,):
                raise ValueError(
                    f"reset_mask must have shape ({self.num_envs},), not {which.shape}"
                )
        if seed is not None:
            self._seed(seed, which)
        observations = self.observations()
        kernel.reset(
            which,
            self._kind,
            self._source,
            self.tasks,
            self.jobs,
            self.state,
            self._flat(observations),
        )
        return observations, {}

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
        infos = self._final_infos(terminated) if endings else {}
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
        if state.keys() != arrays.keys():
            raise ValueError(f"state must have the keys {sorted(arrays)}, not {sorted(state)}")
        for name, array in arrays.items():
            if np.shape(state[name]) != array.shape:
                raise ValueError(
                    f"state[{name!r}] must have shape {array.shape}, not {np.shape(state[name])}"
                )
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

    def _seed(
        self, seed: int | Sequence[int | None] | None, which: NDArray[np.bool_] | None = None
    ) -> None:
        if seed is None or isinstance(seed, int | np.integer):
            seeds = [None if seed is None else int(seed) + i for i in range(self.num_envs)]
        else:
            seeds = list(seed)
            if len(seeds) != self.num_envs:
                raise ValueError(f"one seed per copy is needed: {self.num_envs}, not {len(seeds)}")
        for copy, one in enumerate(seeds):
            if which is None or which[copy]:
                self.state.stream[copy] = stream_state(one)

    def _final_infos(self, ended: NDArray[np.bool_]) -> dict[str, Any]:
        misses = np.where(ended[:, None], self._final_misses, 0)
        counts = np.where(ended[:, None], self._final_counts, 0)
        total = misses.sum(axis=1)
        final: dict[str, Array] = {
            "misses": total,
            "completions": counts[:, 0],
            "switches": counts[:, 1],
            "miss_rate": total / np.maximum(counts[:, 2], 1),
            "task_misses": misses,
        }
        final.update({f"_{name}": ended.copy() for name in list(final)})
        return {
            "final_obs": self._final_observations.reshape(self.num_envs, *self._shape).copy(),
            "_final_obs": ended.copy(),
            "final_info": final,
            "_final_info": ended.copy(),
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
