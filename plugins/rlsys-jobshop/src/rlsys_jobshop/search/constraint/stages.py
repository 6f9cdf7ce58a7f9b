"""What CP-SAT is asked: all at once where that is small, else modes first and sequences then."""

from __future__ import annotations

import heapq
import time
from collections.abc import Sequence

import numpy as np
from ortools.sat.python import cp_model

from rlsys.errors import UserError
from rlsys_jobshop.problem import Instance, Schedule
from rlsys_jobshop.problem.goals import Goal, value
from rlsys_jobshop.search.arrays import Ints
from rlsys_jobshop.search.constraint.axis import Axis
from rlsys_jobshop.search.constraint.cp_sat import CpSatResult, Status
from rlsys_jobshop.search.constraint.model import OutOfTimeError, Scope, ShopModel
from rlsys_jobshop.search.constraint.ranges import ranges_of
from rlsys_jobshop.search.constraint.sequences import Arc, add_setups, machines_with_setups
from rlsys_jobshop.search.serial import timed

_MOST_ARCS = 40_000
"""With more arcs, modes are chosen without regard to setups before machines get their sequences."""
_NEAR = 6
"""An operation then moves at most about so many places in its machine's sequence."""
_MOST_WINDOWS = 20_000
"""With more windows that operations may start or end in, times stay near the known schedule."""
_LARGE = 1_000
"""With so many operations, presolve is left out when there is a complete hint.

Measured with OR-Tools 9.15, two workers, 2,793 operations with calendars and setups (59,000
variables): with presolve, 16 seconds ended UNKNOWN, also with probing and symmetry off, which are
parts of presolve; without it, the hint was the first solution at once, and was improved.
"""
_LATE = 0.2
"""CP-SAT looks at the clock seldom in a large model: with OR-Tools 9.15 it returned later than it
should by up to this share of the time that building the model took."""


class Stages:
    """One run of CP-SAT on an instance."""

    def __init__(
        self,
        instance: Instance,
        goal: Goal,
        known: Schedule | None,
        workers: int,
        seed: int,
        deadline: float,
    ) -> None:
        self._instance, self._goal, self._known = instance, goal, known
        self._workers, self._seed, self._deadline = workers, seed, deadline
        self._axis = Axis(instance)
        self._ranges = ranges_of(instance, goal, known)
        self._bound = self._ranges.bound
        self._found = False
        self._impossible = False

    def solve(self) -> CpSatResult:
        """Ask for all at once or in two stages."""
        first = self._instance.mode_first
        modes = [range(first[o], first[o + 1]) for o in range(self._instance.operations)]
        visits = machines_with_setups(self._instance, modes).values()
        if sum(len(visit) ** 2 for visit in visits) <= _MOST_ARCS:
            self._ask(modes, with_setups=True, near=None, until=self._deadline)
        else:
            half = (time.monotonic() + self._deadline) / 2
            self._ask(modes, with_setups=False, near=None, until=half)
            if self._known is not None:
                chosen = [[mode] for mode in self._known.mode.tolist()]
                self._ask(chosen, with_setups=True, near=_NEAR, until=self._deadline)
        return CpSatResult(self._known, self._bound, self._status())

    def _status(self) -> Status:
        if self._known is not None and value(self._known, self._goal)[0] == self._bound:
            return "optimal"
        if self._impossible and self._known is None:
            return "infeasible"
        return "feasible" if self._found else "unknown"

    def _ask(
        self, modes: Sequence[Sequence[int]], *, with_setups: bool, near: int | None, until: float
    ) -> None:
        """Solve one model, and keep its schedule and its bound if they are better.

        Args:
            modes: allowed modes of each operation.
            with_setups: whether setups are part of the model.
            near: as in `add_setups`; None: the model forbids nothing that is allowed, so that its
                bound holds for the instance.
            until: when to stop, on `time.monotonic`.
        """
        begun = time.monotonic()
        if begun >= until:
            return
        scope, is_whole = self._scope(modes, until)
        if scope is None:
            self._impossible = True
            return
        try:
            model = ShopModel(scope)
            arcs = add_setups(model, near) if with_setups else []
        except OutOfTimeError:
            return
        model.minimise(self._goal)
        solver = cp_model.CpSolver()
        built = time.monotonic()
        left = until - built - _LATE * (built - begun)
        if left <= 0:
            return
        parameters = solver.parameters
        parameters.max_time_in_seconds = left
        parameters.num_workers = self._workers
        parameters.random_seed = self._seed % (1 << 31)
        if scope.known is not None and self._instance.operations >= _LARGE:
            parameters.cp_model_presolve = False
        status = solver.solve(model.model)
        if status == cp_model.MODEL_INVALID:
            why = " ".join(model.model.validate().split())
            raise UserError(f"{self._instance.name}: CP-SAT cannot take the instance: {why}")
        if status == cp_model.INFEASIBLE:
            self._impossible = is_whole
            return
        if is_whole and near is None:
            self._raise_bound(solver.best_objective_bound)
        if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            self._found = True
            self._keep(_schedule(model, arcs, solver))

    def _raise_bound(self, bound: float) -> None:
        whole = int(np.ceil(bound - 1e-6))
        if self._goal == "makespan":
            whole = self._axis.time_of(whole)
        self._bound = max(self._bound, whole)

    def _keep(self, schedule: Schedule | None) -> None:
        if schedule is not None and (
            self._known is None or value(schedule, self._goal) < value(self._known, self._goal)
        ):
            self._known = schedule

    def _scope(self, modes: Sequence[Sequence[int]], deadline: float) -> tuple[Scope | None, bool]:
        """Return the ranges of a model, and whether they leave nothing out."""
        axis, ranges, known = self._axis, self._ranges, self._known
        start, end, latest = ranges.start, ranges.end, ranges.latest
        if (end > latest).any():
            return None, True
        is_whole = True
        if known is not None:
            reach = int(latest.max())
            while self._windows(modes, start, latest) > _MOST_WINDOWS and reach > 0:
                reach //= 2
                start = np.maximum(ranges.start, known.start - reach)
                latest = np.minimum(ranges.latest, known.end + reach)
                end = np.minimum(known.end, np.maximum(end, start))
                is_whole = False
        at = np.frompyfunc(lambda moment: axis.at(int(moment)), 1, 1)
        return (
            Scope(
                instance=self._instance,
                axis=axis,
                start=at(start).astype(np.int64),
                end=at(end).astype(np.int64),
                latest=at(latest).astype(np.int64),
                modes=modes,
                known=known,
                deadline=deadline,
            ),
            is_whole,
        )

    def _windows(self, modes: Sequence[Sequence[int]], start: Ints, latest: Ints) -> int:
        """Return in how many windows operations can start that breaks can interrupt."""
        total = 0
        for operation, allowed in enumerate(modes):
            low, high = int(start[operation]), int(latest[operation])
            for hours in {self._axis.breaks_in(operation, mode) for mode in allowed}:
                total += 0 if hours is None else len(hours.meeting(low, high))
        return total


def _schedule(model: ShopModel, arcs: Sequence[Arc], solver: cp_model.CpSolver) -> Schedule | None:
    """Return the solution with the simulator's times: nothing starts later than in the solution."""
    instance = model.scope.instance
    mode = np.array(
        [
            next(m for m in allowed if _holds(solver, model.present[m]))
            for allowed in model.scope.modes
        ],
        dtype=np.int64,
    )
    both = zip(model.start, model.end, strict=True)
    times = [(solver.value(start), solver.value(end)) for start, end in both]
    after: list[list[int]] = [[] for _ in times]
    waits = [0] * len(times)
    inside = np.flatnonzero(instance.job_of[1:] == instance.job_of[:-1]).tolist()
    pairs = [(operation, operation + 1) for operation in inside]
    pairs += [(a, b) for a, b, literal in arcs if solver.value(literal)]
    for operation, following in pairs:
        after[operation].append(following)
        waits[following] += 1
    # Operations without duration can share a moment; then the sequences say which comes first.
    ready = [(*times[o], o) for o in range(len(times)) if waits[o] == 0]
    heapq.heapify(ready)
    order = []
    while ready:
        operation = heapq.heappop(ready)[2]
        order.append(operation)
        for following in after[operation]:
            waits[following] -= 1
            if waits[following] == 0:
                heapq.heappush(ready, (*times[following], following))
    if len(order) < len(times):
        return None
    return timed(instance, np.array(order, dtype=np.int64), mode)


def _holds(solver: cp_model.CpSolver, literal: cp_model.IntVar | bool) -> bool:
    return literal if isinstance(literal, bool) else bool(solver.value(literal))
