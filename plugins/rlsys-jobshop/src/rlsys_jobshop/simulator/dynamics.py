"""Start a schedule, and add one operation to it."""

from __future__ import annotations

from rlsys.batched.compiled import kernel
from rlsys_jobshop.simulator import batch as arrays
from rlsys_jobshop.simulator.batch import Batch
from rlsys_jobshop.simulator.timing import earliest, setup_time

_NEVER = int(arrays.NEVER)


@kernel
def begin(batch: Batch, copy: int) -> None:
    """Empty the schedule of a copy."""
    own = batch.copies[copy]
    for number in range(own.first_machine, own.first_machine + own.machines):
        machine = batch.machines[number]
        machine.free = machine.available
        machine.row = machine.family
        machine.load = 0.0
        machine.queue = 0.0
    for number in range(own.first_job, own.first_job + own.jobs):
        job = batch.jobs[number]
        job.next = job.first
        job.ready = job.release
        job.work = batch.operations[job.first].least + batch.operations[job.first].tail
        for operation in range(job.first, job.last):
            batch.operations[operation].mode = -1
            _change_load(batch, operation, 1.0)
        _change_queue(batch, job.first, 1.0)
        _arrive(batch, number)
    for number in range(own.first_job, own.first_job + own.jobs):
        if not own.plain:
            _renew(batch, number, -1)
    own.left = own.operations
    own.decided = 0
    own.latest = 0
    own.setup = 0
    own.stuck = 0


@kernel
def commit(batch: Batch, copy: int, mode: int, operation: int) -> None:
    """Add an operation, the next of its job, to the schedule at its earliest start.

    Args:
        batch: the arrays.
        copy: whose operation it is.
        mode: one of its modes.
        operation: its number.
    """
    own, done, chosen = batch.copies[copy], batch.operations[operation], batch.modes[mode]
    if own.single:
        _commit_single(batch, copy, mode, operation)
        return
    if own.plain:
        free = batch.machines[batch.mode_machines[chosen.first]].free
        chosen.begin = max(batch.jobs[done.job].ready, free)
        chosen.finish = chosen.begin + chosen.duration
    for position in range(chosen.first, chosen.last):
        machine = batch.mode_machines[position]
        batch.machines[machine].free = chosen.finish
        if not own.plain:
            own.setup += setup_time(batch, machine, done.family)
            batch.machines[machine].row = 1 + done.family
    _change_load(batch, operation, -1.0)
    _change_queue(batch, operation, -1.0)
    done.mode = mode
    done.start = chosen.begin
    done.end = chosen.finish
    done.rank = own.decided
    own.decided += 1
    own.left -= 1
    own.latest = max(own.latest, chosen.finish)
    if chosen.finish >= _NEVER:
        own.stuck = 1
    job = batch.jobs[done.job]
    job.next = operation + 1
    job.ready = chosen.finish
    job.work -= done.least
    if job.next < job.last:
        _change_queue(batch, job.next, 1.0)
        _arrive(batch, done.job)
        if not own.plain:
            _renew(batch, done.job, -1)
    if own.plain:
        return  # `look` finds the times anew at each step, which is quicker than to keep them
    only = only_machine(batch, mode)
    for other in range(own.first_job, own.first_job + own.jobs):
        if batch.jobs[other].next < batch.jobs[other].last:
            machine = batch.jobs[other].machine
            if machine == only if machine >= 0 and only >= 0 else waits_for(batch, other, mode):
                _renew(batch, other, mode)


@kernel
def _commit_single(batch: Batch, copy: int, mode: int, operation: int) -> None:
    """Do what `commit` does where each operation has one mode on one machine."""
    own, done = batch.copies[copy], batch.operations[operation]
    job = batch.jobs[done.job]
    machine = batch.machines[job.machine]
    done.start = max(job.ready, machine.free)
    done.end = done.start + job.duration
    done.mode = mode
    done.rank = own.decided
    machine.free = done.end
    machine.load -= job.duration
    machine.queue -= 1.0
    own.decided += 1
    own.left -= 1
    own.latest = max(own.latest, done.end)
    job.ready = done.end
    job.work -= done.least
    job.next = operation + 1
    if job.next < job.last:
        job.best = batch.operations[job.next].first
        job.duration = batch.modes[job.best].duration
        job.machine = batch.mode_machines[batch.modes[job.best].first]
        batch.machines[job.machine].queue += 1.0
    else:
        job.duration = _NEVER  # so it is never the first to end


@kernel
def only_machine(batch: Batch, mode: int) -> int:
    """Return the machine of a mode that needs one machine, else -1."""
    first = batch.modes[mode].first
    return batch.mode_machines[first] if batch.modes[mode].last - first == 1 else -1


@kernel
def needs(batch: Batch, mode: int, machine: int) -> bool:
    """Return whether a mode needs a machine."""
    for position in range(batch.modes[mode].first, batch.modes[mode].last):
        if batch.mode_machines[position] == machine:
            return True
    return False


@kernel
def shares_machine(batch: Batch, mode: int, other: int) -> bool:
    """Return whether two modes need a machine in common."""
    for position in range(batch.modes[other].first, batch.modes[other].last):
        if needs(batch, mode, batch.mode_machines[position]):
            return True
    return False


@kernel
def waits_for(batch: Batch, number: int, mode: int) -> bool:
    """Return whether a job's next operation may need a machine of a mode."""
    machine = batch.jobs[number].machine
    return machine < 0 or needs(batch, mode, machine)


@kernel
def look(batch: Batch, number: int) -> None:
    """Do what `_renew` does, for a job of a plain instance that has a next operation."""
    job = batch.jobs[number]
    if job.machine >= 0:
        job.begin = max(job.ready, batch.machines[job.machine].free)
        job.finish = job.begin + job.duration
        return
    first = batch.operations[job.next].first
    for number in range(first, batch.operations[job.next].last):
        mode = batch.modes[number]
        mode.begin = max(job.ready, batch.machines[batch.mode_machines[mode.first]].free)
        mode.finish = mode.begin + mode.duration
        if number == first or mode.begin < job.begin:
            job.begin = mode.begin
        if number == first or mode.finish < job.finish:
            job.finish = mode.finish
            job.best = number


@kernel
def _arrive(batch: Batch, number: int) -> None:
    """Note what is fixed about a job's next operation."""
    job = batch.jobs[number]
    first, last = batch.operations[job.next].first, batch.operations[job.next].last
    job.machine = only_machine(batch, first) if last - first == 1 else -1
    job.duration = batch.modes[first].duration
    job.best = first


@kernel
def _renew(batch: Batch, number: int, changed: int) -> None:
    """Find the earliest start and end of the job's next operation in each of its modes.

    Args:
        batch: the arrays.
        number: of the job; it has a next operation.
        changed: only in modes that share a machine with this one; -1: in all.
    """
    job = batch.jobs[number]
    first, last = batch.operations[job.next].first, batch.operations[job.next].last
    for mode in range(first, last):
        if changed < 0 or job.machine >= 0 or shares_machine(batch, mode, changed):
            start, end = earliest(batch, mode, job.next, job.ready)
            batch.modes[mode].begin = start
            batch.modes[mode].finish = end
        if mode == first or batch.modes[mode].begin < job.begin:
            job.begin = batch.modes[mode].begin
        if mode == first or batch.modes[mode].finish < job.finish:
            job.finish = batch.modes[mode].finish
            job.best = mode


@kernel
def _change_load(batch: Batch, number: int, sign: float) -> None:
    """Add an operation's work to the machines that could do it, or take it away."""
    operation = batch.operations[number]
    if operation.last - operation.first == 1:
        mode = batch.modes[operation.first]
        for position in range(mode.first, mode.last):
            batch.machines[batch.mode_machines[position]].load += sign * mode.duration
        return
    share = sign / (operation.last - operation.first)
    for number in range(operation.first, operation.last):
        mode = batch.modes[number]
        for position in range(mode.first, mode.last):
            batch.machines[batch.mode_machines[position]].load += share * mode.duration


@kernel
def _change_queue(batch: Batch, number: int, sign: float) -> None:
    """Do so with one job in the queues of these machines."""
    operation = batch.operations[number]
    share = _share(operation.last - operation.first, sign)
    for mode in range(operation.first, operation.last):
        for position in range(batch.modes[mode].first, batch.modes[mode].last):
            batch.machines[batch.mode_machines[position]].queue += share


@kernel
def _share(modes: int, sign: float) -> float:
    return sign if modes == 1 else sign / modes
