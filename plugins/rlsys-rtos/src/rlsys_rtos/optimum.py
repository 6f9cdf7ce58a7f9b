"""The best schedule of one episode, and the value of every action in each of its states."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from rlsys.errors import UserError
from rlsys_rtos import checkpoints, dp
from rlsys_rtos.arrays import Ints
from rlsys_rtos.jobs import JobTable
from rlsys_rtos.rewards import MISS, SWITCH, TICK

DEFAULT_MEMORY_LIMIT = 2 * 2**30


@dataclass(frozen=True)
class Plan:
    """An optimal schedule of one episode."""

    reward: float
    actions: Ints
    """(horizon,) the task to run in each tick; the number of tasks means idling."""


class _Problem:
    """An episode and the size of its layers, before anything is computed."""

    def __init__(self, jobs: JobTable) -> None:
        opened = dp.open_jobs(jobs.horizon, jobs.count, jobs.release, jobs.due)
        self.episode = dp.Episode(jobs.horizon, opened, jobs.release, jobs.due, jobs.execution)
        self.radix = dp.radices(self.episode)
        self.tasks = len(jobs.count)
        # float64, so that a size that is far too large does not overflow before it is rejected.
        self.entries = np.prod(self.radix, axis=1, dtype=np.float64) * (self.tasks + 1)
        # No sum of rewards leaves this range. If it fits into 16 bits, that halves the memory.
        extreme = int(jobs.count.sum()) * -MISS - jobs.horizon * (TICK + SWITCH)
        self.kind = np.dtype(np.int16 if extreme < 2**15 else np.int32)

    def layers(self, at: Ints, length: int) -> dp.Layers:
        """Allocate `length` values for layers that start at `at` (horizon + 1,)."""
        size = self.entries.astype(np.int64)
        return dp.Layers(self.radix, size, at, np.empty(length, self.kind))

    def start(self) -> Ints:
        """Return the codes of the tasks before the first tick."""
        digits = np.zeros(self.tasks, np.int64)
        unserved = np.zeros(self.tasks, np.int64)
        dp.encode_state(0, self.episode.opened[0] >= 0, unserved, self.episode, digits)
        return digits

    def value_at_start(self, layers: dp.Layers) -> float:
        """Return the best reward of the whole episode, from the layer of tick 0."""
        strides = np.concatenate(([1], np.cumprod(self.radix[0])[:-1]))
        position = int(self.start() @ strides) * (self.tasks + 1)
        return float(layers.values[layers.at[0] + position]) / 100.0

    def require(self, entries: float, memory_limit: int, wanted: str) -> None:
        """Raise `UserError` if `entries` values take more than `memory_limit` bytes."""
        needed = entries * self.kind.itemsize
        if needed > memory_limit:
            raise UserError(
                f"{wanted} needs a table of {needed / 2**20:,.0f} MiB, more than the "
                f"limit of {memory_limit / 2**20:,.0f} MiB: use fewer tasks, shorter execution "
                "times or a shorter horizon, raise oracle_memory, or run without the oracle"
            )


class ValueTable:
    """The best achievable remaining reward from every state of one episode.

    Args:
        jobs: the episode.
        memory_limit: maximum size of the table in bytes.
        work_first: forbid idling while a task is ready.

    Raises:
        UserError: the table would be larger than `memory_limit`.
    """

    def __init__(
        self, jobs: JobTable, memory_limit: int = DEFAULT_MEMORY_LIMIT, work_first: bool = False
    ) -> None:
        self._problem = problem = _Problem(jobs)
        self._work_first = work_first
        total = float(problem.entries.sum())
        problem.require(total, memory_limit, "the value of every action")
        at = np.zeros(len(problem.entries), np.int64)
        at[1:] = np.cumsum(problem.entries)[:-1]
        self._layers = problem.layers(at, int(total))
        dp.solve(0, jobs.horizon, problem.episode, self._layers, work_first)
        widest = int(problem.radix.max())
        self._left = np.zeros((problem.tasks, widest, 2), np.int64)
        self._ran = np.zeros((problem.tasks, widest, 2), np.int64)

    @property
    def nbytes(self) -> int:
        """Memory of the table."""
        return self._layers.values.nbytes

    def action_values(
        self, now: int, last: int, ready: NDArray[np.bool_], executed: Ints
    ) -> NDArray[np.float64]:
        """Return the value of running each task and of idling, (tasks + 1,), in any state.

        Tasks that are not ready get -inf.
        """
        problem = self._problem
        digits = np.zeros(problem.tasks, np.int64)
        dp.encode_state(now, ready, executed, problem.episode, digits)
        worth = np.empty(problem.tasks + 1, np.int64)
        dp.action_values(
            now, last, digits, problem.episode, self._layers, self._left, self._ran, worth
        )
        return np.where(worth == dp.IMPOSSIBLE, -np.inf, worth / 100.0)

    def plan(self) -> Plan:
        """Return an optimal schedule from the start of the episode."""
        problem = self._problem
        horizon = problem.episode.horizon
        actions = np.zeros(horizon, np.int64)
        dp.play(
            0, horizon, -1, problem.start(), problem.episode, self._layers, self._work_first,
            actions,
        )  # fmt: skip
        return Plan(problem.value_at_start(self._layers), actions)


def optimum(
    jobs: JobTable, memory_limit: int = DEFAULT_MEMORY_LIMIT, work_first: bool = False
) -> Plan:
    """Return the best schedule of an episode and its reward, the same as `ValueTable.plan`.

    A schedule needs only the values along one path. So most values are dropped and computed again
    (see `rlsys_rtos.checkpoints`): this takes a fraction of the memory and up to twice the time.

    Args:
        jobs: the episode.
        memory_limit: maximum size in bytes of the values stored at the same time.
        work_first: forbid idling while a task is ready.

    Raises:
        UserError: more than `memory_limit` would be needed.
    """
    problem = _Problem(jobs)
    episode = problem.episode
    kept, entries = checkpoints.choose(problem.entries)
    problem.require(entries, memory_limit, "the exact optimum")
    layers = problem.layers(_places(problem.entries, kept), int(entries))
    segments = list(pairwise(kept.tolist()))
    for begin, end in reversed(segments):
        dp.solve(begin, end, episode, layers, work_first)
    reward = problem.value_at_start(layers)
    actions = np.zeros(jobs.horizon, np.int64)
    digits, last = problem.start(), -1
    for begin, end in segments:
        if begin > 0:  # the layers of the first segment are still there
            dp.solve(begin + 1, end, episode, layers, work_first)
        last = dp.play(begin, end, last, digits, episode, layers, work_first, actions)
    return Plan(reward, actions)


def _places(entries: NDArray[np.float64], kept: Ints) -> Ints:
    """Return where each layer starts: the checkpoints in a row, then a shared segment."""
    size = entries.astype(np.int64)
    before = np.concatenate(([0], np.cumsum(size)))
    at = np.zeros(len(size), np.int64)
    at[kept] = np.concatenate(([0], np.cumsum(size[kept])[:-1]))
    shared = size[kept].sum()
    for begin, end in pairwise(kept.tolist()):
        at[begin + 1 : end] = shared + before[begin + 1 : end] - before[begin + 1]
    return at
