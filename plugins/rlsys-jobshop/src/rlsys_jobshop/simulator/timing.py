"""When an operation can start and end: calendars, setups, and several machines at once.

The rules are those of ``docs/plugins/jobshop-model.md``. All numbers count over the whole batch,
see `rlsys_jobshop.simulator.batch`. `NEVER` is returned where a calendar ends too early.
"""

from __future__ import annotations

from rlsys.batched.compiled import kernel
from rlsys_jobshop.simulator import batch as arrays
from rlsys_jobshop.simulator.batch import Batch

_NEVER = int(arrays.NEVER)


@kernel
def window_at(batch: Batch, calendar: int, time: int) -> int:
    """Return the first window that closes after `time`; the calendar's end if there is none."""
    low: int = batch.calendars[calendar].first
    high: int = batch.calendars[calendar].last
    while low < high:
        middle = (low + high) // 2
        if batch.windows[middle].closes > time:
            high = middle
        else:
            low = middle + 1
    return low


@kernel
def after_work(batch: Batch, calendar: int, time: int, work: int) -> int:
    """Return the earliest time by which the calendar has been open for `work` since `time`."""
    if work == 0:
        return time
    window, last = window_at(batch, calendar, time), batch.calendars[calendar].last
    if window == last:
        return _NEVER
    opens = batch.windows[window].opens
    target = batch.windows[window].worked + max(0, time - opens) + work
    low, high = window, last - 1
    while low < high:
        middle = (low + high + 1) // 2
        if batch.windows[middle].worked < target:
            low = middle
        else:
            high = middle - 1
    end = batch.windows[low].opens + target - batch.windows[low].worked
    return end if end <= batch.windows[low].closes else _NEVER


@kernel
def place(batch: Batch, calendar: int, time: int, work: int, interruptible: int) -> tuple[int, int]:
    """Return the earliest start from `time` on, and the end, of an operation of length `work`."""
    if time >= _NEVER:
        return _NEVER, _NEVER
    # A moment at which a window closes is good enough for an operation without duration.
    window = window_at(batch, calendar, time - 1 if work == 0 else time)
    last = batch.calendars[calendar].last
    while window < last:
        start = max(time, batch.windows[window].opens)
        if start + work <= batch.windows[window].closes:
            return start, start + work
        if interruptible:
            end = after_work(batch, calendar, start, work)
            return (start, end) if end < _NEVER else (_NEVER, _NEVER)
        window += 1
    return _NEVER, _NEVER


@kernel
def setup_time(batch: Batch, machine: int, family: int) -> int:
    """Return the setup time from what the machine is set up for to `family`."""
    own = batch.machines[machine]
    setup: int = batch.setups[own.setups + own.row * own.width + family]
    return setup


@kernel
def earliest(batch: Batch, mode: int, operation: int, ready: int) -> tuple[int, int]:
    """Return the earliest start and the end of an operation in a mode, after all that is decided.

    Args:
        batch: the arrays.
        mode, operation: numbers over the batch.
        ready: when the operation before it ends, or the job's release.
    """
    own = batch.modes[mode]
    family = batch.operations[operation].family
    for position in range(own.first, own.last):
        machine = batch.mode_machines[position]
        free = batch.machines[machine].free
        setup = setup_time(batch, machine, family)
        if setup > 0:
            free = after_work(batch, batch.machines[machine].calendar, free, setup)
        ready = max(ready, free)
    calendar = batch.calendars[own.calendar]
    window = batch.windows[calendar.first]
    # The calendar that never closes is the common case, and needs no search.
    if window.closes == _NEVER and ready < _NEVER:
        start = max(ready, window.opens)
        return start, start + own.duration
    interruptible = batch.operations[operation].interruptible
    return place(batch, own.calendar, ready, own.duration, interruptible)
