"""The batched simulator: candidates in, decisions out, one operation per step and copy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsys.batched.compiled import compiled, kernel
from rlsys.errors import UserError
from rlsys_jobshop.problem import Instance, Schedule
from rlsys_jobshop.simulator.batch import NEVER, Batch, Capacity, empty_batch, load
from rlsys_jobshop.simulator.bounds import makespan_bound, tardiness_bound
from rlsys_jobshop.simulator.candidates import KINDS, Candidates, collect
from rlsys_jobshop.simulator.dynamics import begin, commit
from rlsys_jobshop.simulator.features import NAMES, describe
from rlsys_jobshop.simulator.sights import COLUMNS, MORE, Sight


class Simulator:
    """N schedules under construction, each of an instance of its own.

    Args:
        copies: N.
        capacity: the largest instance that a copy can get.
        candidates: what may be decided next, see `rlsys_jobshop.simulator.candidates`.
        width: most candidates per copy; more are cut, those that could start first remain.
        sight: what the features show.

    Attributes:
        batch: the arrays; indices count over the whole batch.
        modes, operations: candidates, int64 (N, width), the first `count` of a row; else 0.
        count: number of candidates, 0 once a schedule is complete, int64 (N,).
        instances: the instance of each copy.
        feature_names: the columns of `features`.
    """

    def __init__(
        self,
        copies: int,
        capacity: Capacity,
        candidates: Candidates = "active",
        width: int | None = None,
        *,
        sight: Sight = "candidates",
    ) -> None:
        self.copies = copies
        self.capacity = capacity
        self.width = width or capacity.jobs
        self.batch: Batch = empty_batch(copies, capacity)
        self.modes = np.zeros((copies, self.width), dtype=np.int64)
        self.operations = np.zeros((copies, self.width), dtype=np.int64)
        self.count = np.zeros(copies, dtype=np.int64)
        self.instances: list[Instance | None] = [None] * copies
        self.sight = sight
        self.feature_names = COLUMNS[sight]
        self._kind = KINDS[candidates]
        self._scratch: dict[Sight, Any] = {}

    def start(self, copy: int, instance: Instance) -> None:
        """Begin an empty schedule of `instance` in a copy; the slots grow if they are too small."""
        need = Capacity.of([instance])
        if not self.capacity.holds(need):
            self._grow(self.capacity.with_room_for(need))
        load(self.batch, copy, instance)
        self.instances[copy] = instance
        self.restart(np.array([copy]))

    def restart(self, copies: NDArray[np.int64]) -> None:
        """Empty the schedules of some copies; their instances stay."""
        _restart(self.batch, copies, self._kind, self.modes, self.operations, self.count)

    def step(self, choice: NDArray[np.int64]) -> None:
        """Decide one candidate per copy; a copy with a complete schedule ignores it.

        Args:
            choice: position among the copy's candidates, int64 (N,).

        Raises:
            ValueError: a choice is not a candidate.
            UserError: a calendar ends before the work.
        """
        done = _step(self.batch, choice, self._kind, self.modes, self.operations, self.count)
        if done < self.copies:
            raise ValueError(
                f"copy {done} has the candidates 0 to {self.count[done] - 1}, not {choice[done]}"
            )
        if self.batch.copies["stuck"].any():
            self._refuse_stuck()

    def decisions(self, copy: int) -> NDArray[np.int64]:
        """Return the modes that were decided in a copy, in order, numbered as in its instance."""
        schedule = self.schedule(copy)
        decided = np.flatnonzero(schedule.mode >= 0)
        return schedule.mode[decided[np.argsort(schedule.rank[decided])]]

    def repeat(self, copy: int, decisions: NDArray[np.int64]) -> None:
        """Make these decisions in a copy, from an empty schedule on."""
        _repeat(self.batch, copy, decisions + copy * self.capacity.modes)
        _collect(self.batch, copy, self._kind, self.modes, self.operations, self.count)

    def features(self, out: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
        """Return the candidates' features, float32 (N, width, features); see `feature_names`.

        Args:
            out: written and returned, if given.
        """
        if out is None:
            shape = (self.copies, self.width, len(self.feature_names))
            out = np.zeros(shape, dtype=np.float32)
        _features(self.batch, self.modes, self.operations, self.count, out)
        if self.sight in MORE:
            self._see(self.sight, out, len(NAMES))
        return out

    def more(self, sight: Sight) -> NDArray[np.float32]:
        """Return what a sight shows beyond the base features, float32 (N, width, features).

        Args:
            sight: one of `MORE`; `features` need not show it.
        """
        out = np.zeros((self.copies, self.width, len(MORE[sight].names)), dtype=np.float32)
        self._see(sight, out, 0)
        return out

    def makespan_bounds(self) -> NDArray[np.float64]:
        """Return `makespan_bound` of each copy, (N,)."""
        return _makespan_bounds(self.batch, self.copies)

    def tardiness_bounds(self) -> NDArray[np.float64]:
        """Return `tardiness_bound` of each copy, (N,)."""
        return _tardiness_bounds(self.batch, self.copies)

    def schedule(self, copy: int) -> Schedule:
        """Return the schedule of a copy; what is undecided has mode -1."""
        instance = self.instances[copy]
        if instance is None:
            raise ValueError(f"copy {copy} has no instance yet")
        first = copy * self.capacity.operations
        own = self.batch.operations[first : first + instance.operations]
        mode = own["mode"].copy()
        mode[mode >= 0] -= copy * self.capacity.modes
        return Schedule(instance, mode, own["start"].copy(), own["end"].copy(), own["rank"].copy())

    def _grow(self, capacity: Capacity) -> None:
        """Move all schedules to larger slots."""
        begun = [
            (copy, instance, self.decisions(copy))
            for copy, instance in enumerate(self.instances)
            if instance is not None
        ]
        self.capacity = capacity
        self.batch = empty_batch(self.copies, capacity)
        self._scratch.clear()
        for copy, instance, decisions in begun:
            load(self.batch, copy, instance)
            self.restart(np.array([copy]))
            self.repeat(copy, decisions)

    def _see(self, sight: Sight, out: NDArray[np.float32], column: int) -> None:
        if sight not in self._scratch:
            self._scratch[sight] = MORE[sight].scratch_for(self.capacity, self.width)
        scratch = self._scratch[sight]
        candidates = self.modes, self.operations, self.count
        MORE[sight].write(self.batch, *candidates, scratch, out, column)

    def _refuse_stuck(self) -> None:
        copy = int(np.flatnonzero(self.batch.copies["stuck"])[0])
        schedule = self.schedule(copy)
        instance = schedule.instance
        operation = int(np.flatnonzero((schedule.mode >= 0) & (schedule.end >= NEVER))[0])
        end, machine = min(
            (instance.calendars[instance.machine_calendar[machine]].end, machine)
            for machine in instance.machines_of(int(schedule.mode[operation]))
        )
        raise UserError(
            f"{instance.description.source or instance.name}: machine "
            f"{instance.machine_name(machine)}: calendar: it ends at {end}, before all work is "
            "done; give it more working hours"
        )


@kernel
def _restart(
    batch: Batch,
    copies: NDArray[np.int64],
    kind: int,
    modes: NDArray[np.int64],
    operations: NDArray[np.int64],
    count: NDArray[np.int64],
) -> None:
    for copy in copies:
        begin(batch, copy)
        count[copy] = collect(batch, copy, kind, modes, operations)


@kernel
def _repeat(batch: Batch, copy: int, modes: NDArray[np.int64]) -> None:
    own = batch.copies[copy]
    for mode in modes:
        for job in range(own.first_job, own.first_job + own.jobs):
            operation = batch.jobs[job].next
            if operation < batch.jobs[job].last and (
                batch.operations[operation].first <= mode < batch.operations[operation].last
            ):
                commit(batch, copy, mode, operation)
                break


@kernel
def _collect(
    batch: Batch,
    copy: int,
    kind: int,
    modes: NDArray[np.int64],
    operations: NDArray[np.int64],
    count: NDArray[np.int64],
) -> None:
    count[copy] = collect(batch, copy, kind, modes, operations)


@kernel
def _step(
    batch: Batch,
    choice: NDArray[np.int64],
    kind: int,
    modes: NDArray[np.int64],
    operations: NDArray[np.int64],
    count: NDArray[np.int64],
) -> int:
    """Do one step in every copy; return how many, less than all if a choice is none."""
    for copy in range(len(choice)):
        if count[copy] > 0 and not 0 <= choice[copy] < count[copy]:
            return copy
    for copy in range(len(choice)):
        if count[copy] > 0:
            chosen = choice[copy]
            commit(batch, copy, modes[copy, chosen], operations[copy, chosen])
            count[copy] = collect(batch, copy, kind, modes, operations)
    return len(choice)


@kernel
def _features(
    batch: Batch,
    modes: NDArray[np.int64],
    operations: NDArray[np.int64],
    count: NDArray[np.int64],
    out: NDArray[np.float32],
) -> None:
    for copy in range(len(count)):
        describe(batch, copy, modes, operations, count[copy], out)


@compiled
def _makespan_bounds(batch: Batch, copies: int) -> NDArray[np.float64]:
    bounds = np.empty(copies)
    for copy in range(copies):
        bounds[copy] = makespan_bound(batch, copy)
    return bounds


@compiled
def _tardiness_bounds(batch: Batch, copies: int) -> NDArray[np.float64]:
    bounds = np.empty(copies)
    for copy in range(copies):
        bounds[copy] = tardiness_bound(batch, copy)
    return bounds


def simulator_of(
    instances: Sequence[Instance],
    candidates: Candidates = "active",
    width: int | None = None,
    *,
    sight: Sight = "candidates",
) -> Simulator:
    """Return a simulator with one copy per instance, all schedules empty."""
    capacity = Capacity.of(instances)
    simulator = Simulator(len(instances), capacity, candidates, width, sight=sight)
    for copy, instance in enumerate(instances):
        simulator.start(copy, instance)
    return simulator
