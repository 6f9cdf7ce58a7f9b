"""When an operation can start and end: calendars, setups, and several machines at once.

The rules are those of ``docs/plugins/jobshop-model.md``. All numbers count over the whole batch,
see `rlsys_jobshop.simulator.shops`. `NEVER` is returned where a calendar ends too early.
"""

from __future__ import annotations

from rlsys_jobshop.compiled import compiled
from rlsys_jobshop.simulator.shops import NEVER, Ints, Shops

_NEVER = int(NEVER)


@compiled
def window_at(shops: Shops, calendar: int, time: int) -> int:
    """Return the first window that closes after `time`; the calendar's end if there is none."""
    low, high = shops.window_first[calendar], shops.window_last[calendar]
    while low < high:
        middle = (low + high) // 2
        if shops.closes[middle] > time:
            high = middle
        else:
            low = middle + 1
    return low


@compiled
def after_work(shops: Shops, calendar: int, time: int, work: int) -> int:
    """Return the earliest time by which the calendar has been open for `work` since `time`."""
    if work == 0:
        return time
    window, last = window_at(shops, calendar, time), shops.window_last[calendar]
    if window == last:
        return _NEVER
    target = shops.worked[window] + max(0, time - shops.opens[window]) + work
    low, high = window, last - 1
    while low < high:
        middle = (low + high + 1) // 2
        if shops.worked[middle] < target:
            low = middle
        else:
            high = middle - 1
    end = shops.opens[low] + target - shops.worked[low]
    return end if end <= shops.closes[low] else _NEVER


@compiled
def place(
    shops: Shops, calendar: int, time: int, work: int, interruptible: bool
) -> tuple[int, int]:
    """Return the earliest start from `time` on, and the end, of an operation of length `work`."""
    if time >= _NEVER:
        return _NEVER, _NEVER
    if shops.closes[shops.window_first[calendar]] == _NEVER:
        start = max(time, shops.opens[shops.window_first[calendar]])
        return start, start + work
    # A moment at which a window closes is good enough for an operation without duration.
    window = window_at(shops, calendar, time - 1 if work == 0 else time)
    last = shops.window_last[calendar]
    while window < last:
        start = max(time, shops.opens[window])
        if start + work <= shops.closes[window]:
            return start, start + work
        if interruptible:
            return start, after_work(shops, calendar, start, work)
        window += 1
    return _NEVER, _NEVER


@compiled
def setup_time(shops: Shops, machine: int, row: int, family: int) -> int:
    """Return the setup time from a row of the machine's table (0: nothing) to `family`."""
    return shops.setups[shops.setup_first[machine] + row * shops.setup_width[machine] + family]


@compiled
def machines_ready(shops: Shops, free: Ints, row: Ints, mode: int, family: int) -> int:
    """Return when all machines of a mode can be set up for `family`.

    Args:
        shops: the instances.
        free: when each machine's last operation ends.
        row: what each machine is set up for: 0, or 1 + family.
        mode, family: of the operation.
    """
    ready = 0
    for position in range(shops.machine_first[mode], shops.machine_last[mode]):
        machine = shops.mode_machines[position]
        setup = setup_time(shops, machine, row[machine], family)
        ready = max(ready, after_work(shops, shops.machine_calendar[machine], free[machine], setup))
    return ready


@compiled
def earliest(
    shops: Shops, free: Ints, row: Ints, mode: int, operation: int, job_ready: int
) -> tuple[int, int]:
    """Return the earliest start and the end of an operation in a mode, after all that is fixed.

    Args:
        shops, free, row: as in `machines_ready`.
        mode, operation: numbers over the batch.
        job_ready: when the operation before it ends, or the job's release.
    """
    ready = max(job_ready, machines_ready(shops, free, row, mode, shops.family[operation]))
    return place(
        shops,
        shops.mode_calendar[mode],
        ready,
        shops.duration[mode],
        shops.interruptible[operation],
    )
