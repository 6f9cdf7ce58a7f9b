"""Setups in CP-SAT: the sequence of a machine as a circuit through its operations."""

from __future__ import annotations

from collections.abc import Sequence

from ortools.sat.python.cp_model import IntVar, LiteralT

from rlsys_jobshop.problem import Instance
from rlsys_jobshop.search.constraint.hours import worked
from rlsys_jobshop.search.constraint.model import ShopModel
from rlsys_jobshop.search.constraint.sketch import Expression
from rlsys_jobshop.search.serial import order_of

Arc = tuple[int, int, IntVar]
"""Operation, the next one on the machine, and whether it is so."""
Visit = tuple[int, int]
"""An operation and a mode of it that uses a machine."""
_NOTHING: Visit = (-1, -1)
"""Before a machine's first visit, and after its last one."""


def machines_with_setups(
    instance: Instance, modes: Sequence[Sequence[int]]
) -> dict[int, list[Visit]]:
    """Return the machines that need setups, each with what may use it.

    Args:
        instance: the problem.
        modes: allowed modes of each operation.
    """
    tables = [bool(table.any()) for table in instance.setups]
    found: dict[int, list[Visit]] = {}
    for operation, allowed in enumerate(modes):
        for mode in allowed:
            for machine in instance.machines_of(mode):
                if tables[instance.machine_setups[machine]]:
                    found.setdefault(machine, []).append((operation, mode))
    return found


def add_setups(model: ShopModel, near: int | None = None) -> list[Arc]:
    """Demand the setup times, by a circuit per machine.

    Args:
        model: receives the constraints.
        near: only operations that are at most so many places apart in the known schedule's sequence
            of a machine may follow each other; None: all may.

    Raises:
        OutOfTimeError: building takes longer than the scope allows.
    """
    arcs: list[Arc] = []
    scope = model.scope
    for machine, visits in machines_with_setups(scope.instance, scope.modes).items():
        model.check_time()
        arcs += _Circuit(model, machine, visits, near).arcs
    return arcs


class _Circuit:
    def __init__(
        self, model: ShopModel, machine: int, visits: list[Visit], near: int | None
    ) -> None:
        self._model, self._machine, self._visits = model, machine, visits
        self._hours = model.scope.axis.hours(int(model.scope.instance.machine_calendar[machine]))
        self.arcs: list[Arc] = []
        known = self._known_sequence()
        place = {visit: index for index, visit in enumerate(known)}
        # A machine of which the hint makes no use has no sequence to stay near to.
        size = len(known)

        def may_follow(a: int, b: int) -> bool:
            """Whether the operation at place b may come right after the one at place a."""
            return near is None or abs(b - a - 1) <= near

        follows = dict(zip([_NOTHING, *known], [*known, _NOTHING], strict=True))
        literals: list[tuple[int, int, LiteralT]] = []
        begun = [self._worked(visit, at_start=True) for visit in visits]
        done = [self._worked(visit, at_start=False) for visit in visits]
        instance = model.scope.instance
        for node, visit in enumerate(visits):
            operation, mode = visit
            own = place.get(visit, size)
            present = model.present[mode]
            if not isinstance(present, bool):
                literals.append((node + 1, node + 1, present.negated()))
            if may_follow(-1, own):
                first = self._arc(literals, 0, node + 1, follows[_NOTHING] == visit)
                self._demand(begun[node], self._available(), 0, operation, first)
            if may_follow(own, size):
                self._arc(literals, node + 1, 0, follows.get(visit) == _NOTHING)
            for other, next_visit in enumerate(visits):
                following = next_visit[0]
                if following == operation or not may_follow(own, place.get(next_visit, size)):
                    continue
                is_same_job = instance.job_of[following] == instance.job_of[operation]
                if is_same_job and following < operation:
                    continue
                literal = self._arc(literals, node + 1, other + 1, follows.get(visit) == next_visit)
                row = 1 + int(instance.family[operation])
                self._demand(begun[other], done[node], row, following, literal)
                self.arcs.append((operation, following, literal))
        if not any(model.present[mode] is True for _, mode in visits):
            self._arc(literals, 0, 0, follows[_NOTHING] == _NOTHING)
        model.model.add_circuit(literals)

    def _known_sequence(self) -> list[Visit]:
        """Return the machine's visits in the known schedule."""
        known = self._model.scope.known
        if known is None:
            return []
        here = {visit[0]: visit for visit in self._visits if self._model.is_known(*visit)}
        return [here[operation] for operation in order_of(known).tolist() if operation in here]

    def _arc(
        self, literals: list[tuple[int, int, LiteralT]], tail: int, head: int, hint: bool
    ) -> IntVar:
        literal = self._model.sketch.boolean(hint)
        literals.append((tail, head, literal))
        return literal

    def _worked(self, visit: Visit, *, at_start: bool) -> Expression:
        """Return the machine's open time before a start or an end."""
        model, (operation, mode) = self._model, visit
        if self._hours is None:
            return (model.start if at_start else model.end)[operation]
        known = model.is_known(operation, mode)
        moment = (
            model.start_moment(operation, known, 0, 0)
            if at_start
            else model.end_moment(operation, known, 0, 0)
        )
        return worked(model.sketch, self._hours, moment, model.present[mode])

    def _available(self) -> int:
        available = int(self._model.scope.instance.available[self._machine])
        if self._hours is None:
            return self._model.scope.axis.at(available)
        return self._hours.worked_until(available)

    def _demand(
        self, begun: Expression, done: Expression, row: int, operation: int, where: IntVar
    ) -> None:
        """Demand the setup of an operation after what is in a row of the table."""
        instance = self._model.scope.instance
        if row == 0:
            row = int(instance.machine_family[self._machine])
        table = instance.setups[instance.machine_setups[self._machine]]
        setup = int(table[row, instance.family[operation]])
        self._model.model.add(begun >= done + setup).only_enforce_if(where)
