"""A day that is being played, from one plan to the next."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from rlsys_jobshop.dynamic.events import Event, by_time
from rlsys_jobshop.dynamic.record import Record
from rlsys_jobshop.dynamic.residual import Residual, opening
from rlsys_jobshop.problem import Instance, Schedule


class DayInPlay:
    """What is to be planned now, and what is still to come.

    Args:
        instance: what is known at time 0.
        events: in any order.

    Attributes:
        left: what is to be planned; it has an instance as long as there is no record.
        record: the day, once it is over.
    """

    def __init__(self, instance: Instance, events: Iterable[Event]) -> None:
        self.left: Residual = opening(instance)
        self.record: Record | None = None
        self._coming = deque(by_time(events))
        if self._coming and self._coming[0][0] == self.left.now:
            self.follow(None)

    def follow(self, plan: Schedule | None) -> None:
        """Follow a plan to the next event after which something is left, or to the end of the day.

        Args:
            plan: of ``left.instance``; None before any time has passed.

        Raises:
            UserError: an event is impossible, or makes the rest impossible.
        """
        while self._coming:
            time, events = self._coming.popleft()
            self.left, plan = self.left.advanced(plan, time, events), None
            if self.left.instance is not None:
                return
        self.record = self.left.merged(plan)
