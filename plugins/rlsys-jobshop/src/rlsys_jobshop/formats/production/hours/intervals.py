"""Sets of time as sorted lists of half-open intervals."""

from __future__ import annotations

from collections.abc import Iterable

Interval = tuple[int, int]


def union(intervals: Iterable[Interval]) -> list[Interval]:
    """Return the time in any of `intervals`, sorted and merged; empty ones are dropped."""
    merged: list[Interval] = []
    for begin, end in sorted(intervals):
        if begin >= end:
            continue
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((begin, end))
    return merged


def difference(intervals: list[Interval], closed: list[Interval]) -> list[Interval]:
    """Return the time in `intervals` but not in `closed`; both come from `union`."""
    left: list[Interval] = []
    at = 0
    for begin, end in intervals:
        while at < len(closed) and closed[at][1] <= begin:
            at += 1
        start, gap = begin, at
        while gap < len(closed) and closed[gap][0] < end:
            if start < closed[gap][0]:
                left.append((start, closed[gap][0]))
            start = closed[gap][1]
            gap += 1
        if start < end:
            left.append((start, end))
    return left
