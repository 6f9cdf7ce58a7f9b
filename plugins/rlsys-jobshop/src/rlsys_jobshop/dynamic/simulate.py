"""Play a whole day: plan, follow the plan until something happens, plan the rest anew."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from rlsys_jobshop.checking import require_valid
from rlsys_jobshop.dynamic.day_in_play import DayInPlay
from rlsys_jobshop.dynamic.events import Event, arrived, by_time
from rlsys_jobshop.dynamic.record import Record
from rlsys_jobshop.dynamic.residual import Residual
from rlsys_jobshop.problem import Instance, Schedule

Scheduler = Callable[[Instance], Schedule]
"""Plans an instance, which holds only what is known when it is asked."""


@dataclass(frozen=True)
class Plan:
    """A plan of the day.

    Attributes:
        residual: what was planned, and when.
        schedule: of ``residual.instance``.
    """

    residual: Residual
    schedule: Schedule


@dataclass(frozen=True)
class Outcome:
    """A day that was played to its end.

    Attributes:
        record: what happened; its schedule has passed the validator.
        plans: the plans in order; of each, only what began before the next one was followed.
    """

    record: Record
    plans: tuple[Plan, ...]


def simulate(instance: Instance, events: Iterable[Event], scheduler: Scheduler) -> Outcome:
    """Return the day in which `scheduler` plans at the start and after the events of each time.

    Args:
        instance: what is known at time 0.
        events: in any order; those of one time are numbered in the order in which they are given.
        scheduler: plans what is left. It sees nothing that becomes known later.

    Raises:
        UserError: an event is impossible, or makes the rest impossible.
        InvalidSchedule: a plan is not valid.
    """
    given = list(events)
    ordered = [event for _, group in by_time(given) for event in group]
    arrived(instance.description, ordered)
    play = DayInPlay(instance, given)
    plans: list[Plan] = []
    while play.record is None:
        assert play.left.instance is not None
        schedule = require_valid(scheduler(play.left.instance))
        plans.append(Plan(play.left, schedule))
        play.follow(schedule)
    if play.record.schedule is not None:
        require_valid(play.record.schedule)
    return Outcome(play.record, tuple(plans))
