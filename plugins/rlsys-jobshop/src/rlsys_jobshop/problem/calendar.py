"""When a machine is open, as sorted windows of time.

Times are whole units from 0. A window ``[opens, closes)`` is time in which a machine can work.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from rlsys.errors import UserError

FOREVER = 1 << 60
"""A time that no schedule reaches; the end of a window that never closes."""


@dataclass(frozen=True, eq=False)
class Calendar:
    """The windows in which a machine is open.

    Windows that touch or overlap are merged, so between two windows there is always closed time.

    Attributes:
        opens, closes: int64 (windows,), ascending; ``opens[i] < closes[i] < opens[i + 1]``.
        worked: open time before each window, int64 (windows,).
    """

    opens: NDArray[np.int64]
    closes: NDArray[np.int64]

    @classmethod
    def of(cls, windows: Iterable[tuple[int, int]]) -> Calendar:
        """Return the calendar that is open in `windows`; what lies before 0 is cut off.

        Raises:
            UserError: no window is left, or one ends before it begins.
        """
        merged = _merged(windows)
        return cls._of_arrays(merged[:, 0], merged[:, 1])

    @classmethod
    def _of_arrays(cls, opens: NDArray[np.int64], closes: NDArray[np.int64]) -> Calendar:
        if not len(opens):
            raise UserError("a calendar is empty: give it at least one window of open time")
        return cls(opens.copy(), closes.copy())

    @classmethod
    def always(cls) -> Calendar:
        """Return the calendar that never closes."""
        return cls.of([(0, FOREVER)])

    @property
    def is_always(self) -> bool:
        """Whether it never closes."""
        return len(self.opens) == 1 and self.opens[0] == 0 and self.closes[0] == FOREVER

    @property
    def worked(self) -> NDArray[np.int64]:
        """Open time before each window, int64 (windows,)."""
        return np.concatenate([[0], np.cumsum(self.closes - self.opens)[:-1]]).astype(np.int64)

    @cached_property
    def longest(self) -> int:
        """Length of the longest window: the longest operation that no break interrupts."""
        return int((self.closes - self.opens).max())

    @property
    def end(self) -> int:
        """When the last window closes."""
        return int(self.closes[-1])

    def without(self, closed: Iterable[tuple[int, int]]) -> Calendar:
        """Return this calendar with the intervals `closed` taken out.

        Raises:
            UserError: nothing is left, or an interval ends before it begins.
        """
        taken = _merged(closed)
        left = zip([0, *taken[:, 1].tolist()], [*taken[:, 0].tolist(), FOREVER], strict=True)
        return intersection([self, Calendar.of(left)])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Calendar):
            return NotImplemented
        return np.array_equal(self.opens, other.opens) and np.array_equal(self.closes, other.closes)

    def __hash__(self) -> int:
        return hash((self.opens.tobytes(), self.closes.tobytes()))


def intersection(calendars: Sequence[Calendar]) -> Calendar:
    """Return the time in which all `calendars` are open.

    Raises:
        UserError: there is none.
    """
    result = calendars[0]
    for other in list(dict.fromkeys(calendars))[1:]:
        starts = np.union1d(result.opens, other.opens)
        ends = np.minimum(_open_until(result, starts), _open_until(other, starts))
        both = starts < ends
        result = Calendar._of_arrays(starts[both], ends[both])
    return result


def _open_until(calendar: Calendar, times: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return when the window at or before each time closes; 0 where there is none."""
    window = np.searchsorted(calendar.opens, times, side="right") - 1
    return np.where(window >= 0, calendar.closes[window], 0)


def _merged(windows: Iterable[tuple[int, int]]) -> NDArray[np.int64]:
    """Return windows in order, merged where they touch, int64 (windows, 2)."""
    merged: list[list[int]] = []
    for opens, closes in sorted((int(a), int(b)) for a, b in windows):
        if closes < opens:
            raise UserError(f"a calendar's window ends at {closes}, before its start {opens}")
        start = max(opens, 0)
        if start >= closes:
            continue
        if merged and start <= merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], closes)
        else:
            merged.append([start, closes])
    return np.array(merged, dtype=np.int64).reshape(-1, 2)
