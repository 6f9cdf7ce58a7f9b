"""Working hours in CP-SAT: how much open time lies before a moment.

One interval per break would make a model of hundreds of thousands of intervals. Instead, a moment
is in one of the windows of its calendar, and within a window open time goes on as time does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from ortools.sat.python.cp_model import IntVar

from rlsys_jobshop.problem import Calendar
from rlsys_jobshop.search.constraint.sketch import Condition, Expression, Sketch


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


def windows_of(calendar: Calendar, low: int, high: int) -> range:
    """Return the windows that meet ``low .. high``."""
    first = int(np.searchsorted(calendar.closes, low, side="left"))
    last = int(np.searchsorted(calendar.opens, high, side="right"))
    return range(first, max(first, last))


def worked_until(calendar: Calendar, time: int) -> int:
    """Return the open time before `time`."""
    window = int(np.searchsorted(calendar.opens, time, side="right")) - 1
    if window < 0:
        return 0
    opens, closes = int(calendar.opens[window]), int(calendar.closes[window])
    return int(calendar.worked[window]) + min(time, closes) - opens


def worked(sketch: Sketch, calendar: Calendar, moment: Moment, where: Condition) -> Expression:
    """Return the open time before a moment that lies in a window where `where` holds.

    Args:
        sketch: the model.
        calendar: with the windows.
        moment: the moment.
        where: the condition; elsewhere the result is any number.
    """
    pieces = [
        (int(calendar.opens[i]), int(calendar.closes[i]), int(calendar.worked[i]))
        for i in windows_of(calendar, moment.low, moment.high)
    ]
    pieces = [
        piece
        for piece in pieces
        if piece[1] - piece[0] >= moment.opens_after + moment.closes_before
    ]
    ranges = [
        (opens + moment.opens_after, closes - moment.closes_before) for opens, closes, _ in pieces
    ]
    if not pieces:
        sketch.inside(moment.time, [], where)
        return 0
    if len(pieces) == 1:
        sketch.inside(moment.time, ranges, where)
        return moment.time + (pieces[0][2] - pieces[0][0])
    low, high = pieces[0][2], pieces[-1][2] + min(moment.high, pieces[-1][1]) - pieces[-1][0]
    known = low if moment.hint is None else worked_until(calendar, moment.hint)
    result = sketch.integer(low, high, known)
    choices: list[IntVar] = []
    for (opens, _, before), ends in zip(pieces, ranges, strict=True):
        choice = sketch.boolean(moment.hint is not None and ends[0] <= moment.hint <= ends[1])
        sketch.inside(moment.time, [ends], choice)
        sketch.model.add(result - moment.time == before - opens).only_enforce_if(choice)
        choices.append(choice)
    sketch.exactly_one(choices, where)
    return result
