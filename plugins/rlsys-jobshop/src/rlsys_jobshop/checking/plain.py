"""A quick proof that a schedule of a plain shop is valid: arrays at a time, no messages.

It covers instances without calendars, setups, releases, and operations on several machines. It
never calls an invalid schedule valid; what it cannot prove, `violations` must judge.
"""

from __future__ import annotations

import numpy as np

from rlsys_jobshop.problem import Schedule


def is_plainly_valid(schedule: Schedule) -> bool:
    """Return whether the schedule is proven valid; False proves nothing."""
    instance = schedule.instance
    mode, start, end = schedule.mode, schedule.start, schedule.end
    shape = (instance.operations,)
    if not instance.is_flexible_only or not mode.shape == start.shape == end.shape == shape:
        return False
    if (mode < instance.mode_first[:-1]).any() or (mode >= instance.mode_first[1:]).any():
        return False
    duration = instance.duration[mode]
    if (start < 0).any() or (end - start != duration).any() or (duration == 0).any():
        return False
    same_job = instance.job_of[1:] == instance.job_of[:-1]
    if (start[1:] < end[:-1])[same_job].any():
        return False
    machine = instance.mode_machines[instance.machine_first[mode]]
    order = np.lexsort((start, machine))
    neighbours = machine[order][1:] == machine[order][:-1]
    return not (start[order][1:] < end[order][:-1])[neighbours].any()
