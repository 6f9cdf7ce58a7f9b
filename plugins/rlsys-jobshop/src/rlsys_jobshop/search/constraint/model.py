"""The CP-SAT model of a job shop: when each operation starts and ends, and in which mode."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from ortools.sat.python.cp_model import CpModel, IntervalVar, IntVar

from rlsys_jobshop.problem import FOREVER, Instance, Schedule
from rlsys_jobshop.problem.goals import Goal
from rlsys_jobshop.search.arrays import Ints
from rlsys_jobshop.search.constraint.axis import Axis
from rlsys_jobshop.search.constraint.hours import Hours, Moment, worked
from rlsys_jobshop.search.constraint.sketch import Condition, Expression, Sketch


@dataclass(frozen=True)
class Scope:
    """What a model is about.

    Attributes:
        instance: the problem.
        axis: how time is counted.
        start: earliest start on the axis, int64 (operations,).
        end: earliest end.
        latest: latest end.
        modes: allowed modes of each operation.
        known: a schedule for hints, within these ranges; or None.
        deadline: of `time.monotonic`; building gives up then.
    """

    instance: Instance
    axis: Axis
    start: Ints
    end: Ints
    latest: Ints
    modes: Sequence[Sequence[int]]
    known: Schedule | None
    deadline: float


class OutOfTimeError(Exception):
    """The model is too large to be built in the time."""


class ShopModel:
    """Variables and constraints without setups.

    Raises:
        OutOfTimeError: building takes longer than the scope allows.

    Attributes:
        scope: what it is about.
        sketch: the model.
        start, end: of each operation.
        present: whether a mode is taken.
    """

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.sketch = Sketch(hinted=scope.known is not None)
        self.start: list[Expression] = []
        self.end: list[Expression] = []
        self.present: dict[int, Condition] = {}
        self._on_machine: list[list[IntervalVar]] = [[] for _ in range(scope.instance.machines)]
        for operation in range(scope.instance.operations):
            self.check_time()
            self._add_operation(operation)
        for intervals in self._on_machine:
            if len(intervals) > 1:
                self.model.add_no_overlap(intervals)

    @property
    def model(self) -> CpModel:
        """The model itself."""
        return self.sketch.model

    def check_time(self) -> None:
        """Give up when the time is over.

        Raises:
            OutOfTimeError: it is.
        """
        if time.monotonic() > self.scope.deadline:
            raise OutOfTimeError

    def hint_start(self, operation: int) -> int:
        """Return the known start on the axis, else the earliest one."""
        known = self.scope.known
        if known is None:
            return int(self.scope.start[operation])
        return self.scope.axis.at(int(known.start[operation]))

    def hint_end(self, operation: int) -> int:
        """Return the known end on the axis, else the earliest one."""
        known = self.scope.known
        if known is None:
            return int(self.scope.end[operation])
        return self.scope.axis.at(int(known.end[operation]))

    def is_known(self, operation: int, mode: int) -> bool:
        """Return whether the known schedule takes the mode."""
        known = self.scope.known
        return known is not None and int(known.mode[operation]) == mode

    def latest_start(self, operation: int) -> int:
        """Return the latest start on the axis."""
        durations = self.scope.instance.duration[list(self.scope.modes[operation])]
        return int(self.scope.latest[operation] - durations.min())

    def _add_operation(self, operation: int) -> None:
        scope, sketch, instance = self.scope, self.sketch, self.scope.instance
        modes = scope.modes[operation]
        low, high = int(scope.start[operation]), self.latest_start(operation)
        start = sketch.integer(low, high, self.hint_start(operation))
        flexible = [mode for mode in modes if scope.axis.breaks_in(operation, mode) is not None]
        durations = {int(instance.duration[mode]) for mode in modes}
        end: Expression
        if flexible or len(durations) > 1:
            low, high = int(scope.end[operation]), int(scope.latest[operation])
            end = sketch.integer(low, high, self.hint_end(operation))
        else:
            end = start + durations.pop()
        choices = []
        for mode in modes:
            if len(modes) == 1:
                self.present[mode] = True
            else:
                choice = sketch.boolean(self.is_known(operation, mode))
                self.present[mode] = choice
                choices.append(choice)
        if choices:
            sketch.exactly_one(choices)
        self.start.append(start)
        self.end.append(end)
        for mode in modes:
            if mode not in flexible:
                self._add_rigid(operation, mode, start)
        if flexible:
            self._add_flexible(operation, flexible, start)
        if operation > instance.job_first[instance.job_of[operation]]:
            self.model.add(start >= self.end[operation - 1])

    def _add_rigid(self, operation: int, mode: int, start: IntVar) -> None:
        """Add a mode in which the operation lasts as long as its duration."""
        low, high = int(self.scope.start[operation]), self.latest_start(operation)
        starts = self.scope.axis.starts(operation, mode, low, high)
        if starts != [(low, high)]:
            self.sketch.inside(start, starts, self.present[mode])
        self._occupy(mode, start, int(self.scope.instance.duration[mode]), self.end[operation])

    def _add_flexible(self, operation: int, modes: Sequence[int], start: IntVar) -> None:
        """Add the modes in which breaks can interrupt the operation."""
        instance, sketch = self.scope.instance, self.sketch
        shortest = int(instance.duration[list(modes)].min())
        longest = int(self.scope.latest[operation] - self.scope.start[operation])
        known = self.hint_end(operation) - self.hint_start(operation)
        span = sketch.integer(min(shortest, known), longest, known)
        self.model.add(start + span == self.end[operation])
        groups: dict[Hours, list[int]] = {}
        for mode in modes:
            hours = self.scope.axis.breaks_in(operation, mode)
            assert hours is not None
            groups.setdefault(hours, []).append(mode)
            self._occupy(mode, start, span, self.end[operation])
        for hours, group in groups.items():
            where = self._one_of(operation, group)
            known_here = any(self.is_known(operation, mode) for mode in group)
            begun = worked(sketch, hours, self.start_moment(operation, known_here, 0, 1), where)
            done = worked(sketch, hours, self.end_moment(operation, known_here, 1, 0), where)
            for mode in group:
                constraint = self.model.add(done - begun == int(instance.duration[mode]))
                present = self.present[mode]
                if not isinstance(present, bool):
                    constraint.only_enforce_if(present)

    def start_moment(self, operation: int, known: bool, after: int, before: int) -> Moment:
        """Return the operation's start as `worked` wants it."""
        low, high = int(self.scope.start[operation]), self.latest_start(operation)
        hint = self.hint_start(operation) if known else None
        return Moment(self.start[operation], low, high, hint, after, before)

    def end_moment(self, operation: int, known: bool, after: int, before: int) -> Moment:
        """Return the operation's end as `worked` wants it."""
        low, high = int(self.scope.end[operation]), int(self.scope.latest[operation])
        hint = self.hint_end(operation) if known else None
        return Moment(self.end[operation], low, high, hint, after, before)

    def _one_of(self, operation: int, group: Sequence[int]) -> Condition:
        """Return whether one of these modes of an operation is taken."""
        if len(group) == len(self.scope.modes[operation]):
            return True
        if len(group) == 1:
            return self.present[group[0]]
        taken = self.sketch.boolean(any(self.is_known(operation, mode) for mode in group))
        self.model.add(sum(self.present[mode] for mode in group) == taken)
        return taken

    def _occupy(self, mode: int, start: IntVar, size: Expression, end: Expression) -> None:
        """Occupy the machines of a mode, which are not available before some time."""
        instance, present = self.scope.instance, self.present[mode]
        if isinstance(present, bool):
            interval = self.model.new_interval_var(start, size, end, "")
        else:
            interval = self.model.new_optional_interval_var(start, size, end, present, "")
        for machine in instance.machines_of(mode):
            self._on_machine[machine].append(interval)
        available = max(int(instance.available[m]) for m in instance.machines_of(mode))
        if available > 0:
            constraint = self.model.add(start >= self.scope.axis.at(available))
            if not isinstance(present, bool):
                constraint.only_enforce_if(present)

    def minimise(self, goal: Goal) -> None:
        """Set the objective: the makespan on the axis, or the weighted tardiness."""
        instance, sketch = self.scope.instance, self.sketch
        last = (instance.job_first[1:] - 1).tolist()
        if goal == "makespan":
            low = max(int(self.scope.end[operation]) for operation in last)
            high = max(int(self.scope.latest[operation]) for operation in last)
            known = max(self.hint_end(operation) for operation in last)
            makespan = sketch.integer(low, high, known)
            for operation in last:
                self.model.add(makespan >= self.end[operation])
            self.model.minimize(makespan)
            return
        total: list[Expression] = []
        for job, operation in enumerate(last):
            if instance.due[job] < FOREVER:
                late = self._tardiness(operation, int(instance.due[job]))
                total.append(int(instance.weight[job]) * late)
        self.model.minimize(sum(total) if total else 0)

    def _tardiness(self, operation: int, due: int) -> Expression:
        axis, end = self.scope.axis, self.end[operation]
        high = int(self.scope.latest[operation])
        ends, known = end, self.hint_end(operation)
        if axis.shared is not None:
            ends = self._time_of(operation)
            high, known = axis.time_of(high), axis.time_of(known)
        late = self.sketch.integer(0, max(0, high - due), max(0, known - due))
        self.model.add(late >= ends - due)
        return late

    def _time_of(self, operation: int) -> Expression:
        """Return the time of an end that is counted in open units."""
        axis, sketch, hours = self.scope.axis, self.sketch, self.scope.axis.shared
        assert hours is not None
        low, high = int(self.scope.end[operation]), int(self.scope.latest[operation])
        known = axis.time_of(self.hint_end(operation))
        moment = sketch.integer(axis.time_of(low), axis.time_of(high), known)
        choices = []
        for window in hours.meeting(axis.time_of(low), axis.time_of(high)):
            opens, before = hours.opens[window], hours.worked[window]
            length = hours.closes[window] - opens
            choice = sketch.boolean(opens < known <= opens + length)
            sketch.inside(self.end[operation], [(before + 1, before + length)], choice)
            self.model.add(moment - self.end[operation] == opens - before).only_enforce_if(choice)
            choices.append(choice)
        sketch.exactly_one(choices)
        return moment
