"""The flat views: vectors of 505, 60 or 20 values, however large the instance is."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsys.batched.compiled import kernel
from rlsys_jobshop.env.config import DESCRIBED, Flat
from rlsys_jobshop.env.views.layout import LAYOUTS, WHOLE
from rlsys_jobshop.env.views.order import sort_candidates
from rlsys_jobshop.env.views.parts import (
    cut,
    slack_to_bound,
    slack_to_due,
    tardiness_urgency,
    write_groups,
    write_machines,
    write_whole,
)
from rlsys_jobshop.env.views.places import grouped_places, single_places
from rlsys_jobshop.problem import Instance
from rlsys_jobshop.problem.goals import Goal
from rlsys_jobshop.simulator import Simulator
from rlsys_jobshop.simulator.batch import Batch
from rlsys_jobshop.simulator.bounds import makespan_bound
from rlsys_jobshop.simulator.features import LIMIT

Ints = NDArray[np.int64]
_WHOLE = len(WHOLE)
_DESCRIBED = DESCRIBED


class FlatView:
    """Shows a vector; action k chooses the candidate of slot k, and slot 0 could start first.

    Args:
        name: which view.
        simulator: what it shows.
        goal: what is urgent in the views `hierarchical` and `compressed`.

    Attributes:
        order: the simulator's position of the candidate in each slot, int64 (N, width); each row is
            a permutation.
    """

    items = False

    def __init__(self, name: Flat, simulator: Simulator, goal: Goal) -> None:
        self._layout = LAYOUTS[name]
        self._simulator = simulator
        self._full = name == "full"
        self._tardiness = goal == "weighted-tardiness"
        copies = simulator.copies
        self.order: Ints = np.tile(np.arange(simulator.width), (copies, 1))
        self._known: list[Instance | None] = [None] * copies
        self._places: Ints = np.zeros((copies, simulator.capacity.machines), np.int64)
        self._sizes: Ints = np.zeros((copies, self._layout.places), np.int64)
        self._seen = np.zeros((copies, self._layout.size), np.float32)

    def look(self) -> None:
        """Take note of what the simulator has come to; call it after every change there."""
        simulator = self._simulator
        if self._layout.places:
            for copy, instance in enumerate(simulator.instances):
                if instance is not None and instance is not self._known[copy]:
                    self._place(copy, instance)
        sort_candidates(simulator.batch, simulator.modes, simulator.count, self.order)

    def observe(self) -> NDArray[Any]:
        """Return what the policy sees, float32 (N, size); the next call writes into it."""
        simulator = self._simulator
        shown = simulator.batch, simulator.modes, simulator.operations, simulator.count, self.order
        if self._full:
            _observe_full(*shown, self._places, self._seen)
        else:
            _observe_short(*shown, self._places, self._sizes, self._tardiness, self._seen)
        return self._seen

    def positions(self, actions: Ints) -> Ints:
        """Return the simulator's positions of the candidates that actions choose, (N,)."""
        return np.take_along_axis(self.order, actions[:, None], axis=1)[:, 0]

    def actions(self, positions: Ints) -> Ints:
        """Return the actions that choose candidates by the simulator's positions, (N,)."""
        found: Ints = (self.order == positions[:, None]).argmax(axis=1)
        return found

    def _place(self, copy: int, instance: Instance) -> None:
        most = self._simulator.capacity.machines
        if most > self._places.shape[1]:
            self._places = np.pad(self._places, ((0, 0), (0, most - self._places.shape[1])))
        find = single_places if self._full else grouped_places
        found = find(instance, self._layout.places)
        self._places[copy, : instance.machines] = found
        self._sizes[copy] = np.bincount(found[found >= 0], minlength=self._layout.places)
        self._known[copy] = instance


@kernel
def _horizon(
    batch: Batch, copy: int, modes: Ints, count: Ints, order: Ints
) -> tuple[float, float, float]:
    """Return the earliest start of a candidate, the rest of the bound, and the bound."""
    own = batch.copies[copy]
    now = float(own.latest)
    if count[copy] > 0:
        now = float(batch.modes[modes[copy, order[copy, 0]]].begin)
    bound = makespan_bound(batch, copy)
    return now, max(bound - now, own.scale), bound


@kernel
def _observe_full(
    batch: Batch,
    modes: Ints,
    operations: Ints,
    count: Ints,
    order: Ints,
    places: Ints,
    out: NDArray[np.float32],
) -> None:
    for copy in range(len(count)):
        out[copy] = 0.0
        now, rest, bound = _horizon(batch, copy, modes, count, order)
        write_whole(batch, copy, count[copy], now, rest, False, out)
        write_machines(batch, copy, _WHOLE, now, rest, places, out)
        scale = batch.copies[copy].scale
        column = out.shape[1] - 4 * _DESCRIBED
        for slot in range(min(count[copy], _DESCRIBED)):
            number = modes[copy, order[copy, slot]]
            operation = operations[copy, order[copy, slot]]
            mode = batch.modes[number]
            out[copy, column] = cut((mode.begin - now) / scale, 0.0)
            out[copy, column + 1] = cut(mode.duration / scale, 0.0)
            out[copy, column + 2] = slack_to_bound(batch, copy, number, operation, bound)
            out[copy, column + 3] = slack_to_due(batch, copy, number, operation)
            column += 4


@kernel
def _observe_short(
    batch: Batch,
    modes: Ints,
    operations: Ints,
    count: Ints,
    order: Ints,
    places: Ints,
    sizes: Ints,
    tardiness: bool,
    out: NDArray[np.float32],
) -> None:
    for copy in range(len(count)):
        out[copy] = 0.0
        now, rest, bound = _horizon(batch, copy, modes, count, order)
        write_whole(batch, copy, count[copy], now, rest, True, out)
        if sizes.shape[1] > 0:
            write_groups(batch, copy, _WHOLE + 1, now, rest, places, sizes, out)
        column = out.shape[1] - _DESCRIBED
        for slot in range(_DESCRIBED):
            out[copy, column + slot] = LIMIT
        for slot in range(min(count[copy], _DESCRIBED)):
            mode = modes[copy, order[copy, slot]]
            operation = operations[copy, order[copy, slot]]
            if tardiness:
                out[copy, column + slot] = tardiness_urgency(batch, copy, mode, operation)
            else:
                out[copy, column + slot] = slack_to_bound(batch, copy, mode, operation, bound)
