"""Working hours in CP-SAT: how much open time lies before a moment.

One interval per break would make a model of hundreds of thousands of intervals. Instead, a moment
is in one of the windows of its calendar, and within a window open time goes on as time does.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass

from ortools.sat.python.cp_model import IntVar

from rlsys_jobshop.problem import Calendar
from rlsys_jobshop.search.constraint.sketch import Condition, Expression, Sketch


class Hours:
    """A calendar as plain lists, because a model asks it hundreds of thousands of times.

    Attributes:
        opens, closes, worked: as in `rlsys_jobshop.problem.Calendar`.
    """

    def __init__(self, calendar: Calendar) -> None:
        self.opens: list[int] = calendar.opens.tolist()
        self.closes: list[int] = calendar.closes.tolist()
        self.worked: list[int] = calendar.worked.tolist()

    def meeting(self, low: int, high: int) -> range:
        """Return the windows that meet ``low .. high``, their ends included."""
        return range(bisect_left(self.closes, low), bisect_right(self.opens, high))

    def worked_until(self, time: int) -> int:
        """Return the open time before `time`."""
        window = bisect_right(self.opens, time) - 1
        if window < 0:
            return 0
        return self.worked[window] + min(time, self.closes[window]) - self.opens[window]

    def time_of(self, work: int) -> int:
        """Return the earliest time before which so much time is open."""
        window = max(0, bisect_left(self.worked, work) - 1)
        return self.opens[window] + work - self.worked[window]


@dataclass(frozen=True)
class Moment:
    """A point in time in the model.

    Attributes:
        time: the expression.
        low, high: its range.
        hint: its value in the hint; None where the condition of the moment does not hold there.
        opens_after, closes_before: it lies at least so long after its window opens, and before it
            closes: 0 and 1 for a start of work, 1 and 0 for its end, 0 and 0 in general.
    """

    time: Expression
    low: int
    high: int
    hint: int | None
    opens_after: int = 0
    closes_before: int = 0


def worked(sketch: Sketch, hours: Hours, moment: Moment, where: Condition) -> Expression:
    """Return the open time before a moment that lies in a window where `where` holds.

    Args:
        sketch: the model.
        hours: with the windows.
        moment: the moment.
        where: the condition; elsewhere the result is any number.
    """
    after, before = moment.opens_after, moment.closes_before
    windows = [
        (hours.opens[i] + after, hours.closes[i] - before, hours.worked[i] - hours.opens[i])
        for i in hours.meeting(moment.low, moment.high)
        if hours.closes[i] - hours.opens[i] >= after + before
    ]
    if len(windows) < 2:
        sketch.inside(moment.time, [(first, last) for first, last, _ in windows], where)
        return moment.time + (windows[0][2] if windows else 0)
    low, high = windows[0][0] + windows[0][2], windows[-1][1] + windows[-1][2]
    known = low if moment.hint is None else hours.worked_until(moment.hint)
    result = sketch.integer(low, high, known)
    choices: list[IntVar] = []
    for first, last, shift in windows:
        choice = sketch.boolean(moment.hint is not None and first <= moment.hint <= last)
        sketch.model.add_linear_constraint(moment.time, first, last).only_enforce_if(choice)
        sketch.model.add(result - moment.time == shift).only_enforce_if(choice)
        choices.append(choice)
    sketch.exactly_one(choices, where)
    return result
