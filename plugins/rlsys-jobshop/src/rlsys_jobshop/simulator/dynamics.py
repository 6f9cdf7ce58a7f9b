"""Start a schedule, and add one operation to it."""

from __future__ import annotations

from rlsys_jobshop.compiled import compiled
from rlsys_jobshop.simulator.shops import NEVER, Shops
from rlsys_jobshop.simulator.state import State
from rlsys_jobshop.simulator.timing import earliest, setup_time

_NEVER = int(NEVER)


@compiled
def begin(shops: Shops, state: State, copy: int) -> None:
    """Empty the schedule of a copy."""
    for machine in machines_of(shops, copy):
        state.free[machine] = shops.available[machine]
        state.row[machine] = shops.machine_family[machine]
        state.last[machine] = -1
        state.load[machine] = 0.0
    for job in jobs_of(shops, copy):
        first = shops.job_first[job]
        state.next[job] = first
        state.ready[job] = shops.release[job]
        state.work[job] = shops.least[first] + shops.tail[first]
        for operation in range(first, shops.job_last[job]):
            state.mode[operation] = -1
            _change_load(shops, state, operation, 1.0)
    for job in jobs_of(shops, copy):
        _renew(shops, state, job)
    state.left[copy] = shops.operations[copy]
    state.decided[copy] = 0
    state.latest[copy] = 0
    state.setup[copy] = 0
    state.stuck[copy] = False


@compiled
def commit(shops: Shops, state: State, copy: int, mode: int, operation: int) -> None:
    """Add an operation, the next of its job, to the schedule at its earliest start.

    Args:
        shops, state: the batch.
        copy: whose operation it is.
        mode: one of its modes.
        operation: its number.
    """
    start, end = state.begin[mode], state.finish[mode]
    if end >= _NEVER:
        state.stuck[copy] = True
    job, family = shops.job_of[operation], shops.family[operation]
    for position in range(shops.machine_first[mode], shops.machine_last[mode]):
        machine = shops.mode_machines[position]
        state.setup[copy] += setup_time(shops, machine, state.row[machine], family)
        state.free[machine] = end
        state.row[machine] = 1 + family
        state.last[machine] = operation
    _change_load(shops, state, operation, -1.0)
    state.mode[operation] = mode
    state.start[operation] = start
    state.end[operation] = end
    state.rank[operation] = state.decided[copy]
    state.decided[copy] += 1
    state.left[copy] -= 1
    state.latest[copy] = max(state.latest[copy], end)
    state.next[job] = operation + 1
    state.ready[job] = end
    state.work[job] -= shops.least[operation]
    _renew(shops, state, job)
    for other in jobs_of(shops, copy):
        if other != job:
            _renew_if_touched(shops, state, other, mode)


@compiled
def jobs_of(shops: Shops, copy: int) -> range:
    """Return the jobs of a copy."""
    first = shops.first_job[copy]
    return range(first, first + shops.jobs[copy])


@compiled
def machines_of(shops: Shops, copy: int) -> range:
    """Return the machines of a copy."""
    first = shops.first_machine[copy]
    return range(first, first + shops.machines[copy])


@compiled
def shares_machine(shops: Shops, mode: int, other: int) -> bool:
    """Return whether two modes need a machine in common."""
    first, last = shops.machine_first[mode], shops.machine_last[mode]
    for position in range(shops.machine_first[other], shops.machine_last[other]):
        for own in range(first, last):
            if shops.mode_machines[own] == shops.mode_machines[position]:
                return True
    return False


@compiled
def _renew(shops: Shops, state: State, job: int) -> None:
    """Find the earliest start and end of each mode of the job's next operation."""
    operation = state.next[job]
    if operation == shops.job_last[job]:
        return
    for mode in range(shops.mode_first[operation], shops.mode_last[operation]):
        state.begin[mode], state.finish[mode] = earliest(
            shops, state.free, state.row, mode, operation, state.ready[job]
        )


@compiled
def _renew_if_touched(shops: Shops, state: State, job: int, changed: int) -> None:
    """Do so for the modes that share a machine with the mode `changed`."""
    operation = state.next[job]
    if operation == shops.job_last[job]:
        return
    for mode in range(shops.mode_first[operation], shops.mode_last[operation]):
        if shares_machine(shops, mode, changed):
            state.begin[mode], state.finish[mode] = earliest(
                shops, state.free, state.row, mode, operation, state.ready[job]
            )


@compiled
def _change_load(shops: Shops, state: State, operation: int, sign: float) -> None:
    """Add an operation's work to the machines that could do it, or take it away."""
    first, last = shops.mode_first[operation], shops.mode_last[operation]
    share = sign / (last - first)
    for mode in range(first, last):
        for position in range(shops.machine_first[mode], shops.machine_last[mode]):
            state.load[shops.mode_machines[position]] += share * shops.duration[mode]
