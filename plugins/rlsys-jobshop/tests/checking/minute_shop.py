"""The rules of the job shop once more, unit of time by unit of time, from the description alone.

Slow on purpose. No window arithmetic: a machine is a list of booleans, one for each unit.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

from rlsys_jobshop.checking import Kind
from rlsys_jobshop.problem import Mode

HORIZON = 300
"""Nothing in the tests reaches so far, and calendars are cut off here."""


class Minutes:
    """When the machines of a description are open, unit by unit."""

    def __init__(self, description):
        self.description = description
        self.open = [[False] * HORIZON for _ in description.machines]
        for units, machine in zip(self.open, description.machines, strict=True):
            for opens, closes in zip(machine.calendar.opens, machine.calendar.closes, strict=True):
                for time in range(opens, min(closes, HORIZON)):
                    units[time] = True

    def all_open(self, machines, time):
        return 0 <= time < HORIZON and all(self.open[machine][time] for machine in machines)

    def end(self, operation, mode, start):
        """When the work from `start` on is done, or None if it never is."""
        if mode.duration == 0 or not operation.interruptible:
            return start + mode.duration
        left, time = mode.duration, start
        while left and time < HORIZON:
            left -= self.all_open(mode.machines, time)
            time += 1
        return None if left else time

    def fits(self, operation, mode, start):
        """Whether the operation can start at `start` as far as the hours are concerned."""
        if mode.duration == 0:
            return self.all_open(mode.machines, start) or self.all_open(mode.machines, start - 1)
        if operation.interruptible:
            return self.all_open(mode.machines, start) and self.end(operation, mode, start)
        units = range(start, start + mode.duration)
        return all(self.all_open(mode.machines, time) for time in units)

    def setup(self, machine, before, operation):
        """The setup time of `operation` after the operation `before`, or as the first."""
        given = self.description.machines[machine]
        if given.setups is None:
            return 0
        table = self.description.setups[given.setups]
        state = given.family if before is None else before.family
        return (table.first if state is None else table.between[state])[operation.family]

    def open_units(self, machine, start, end):
        return sum(self.open[machine][time] for time in range(start, end))


def broken_rules(description, entries):
    """Which rules the entries break. They name only jobs, operations and machines that exist.

    Precedence and overlap within a job are one rule here.
    """
    minutes, broken = Minutes(description), set()
    wanted = {(j, o) for j, job in enumerate(description.jobs) for o in range(len(job.operations))}
    listed = [(entry.job, entry.operation) for entry in entries]
    if wanted - set(listed):
        broken.add(Kind.MISSING)
    if len(set(listed)) < len(listed):
        broken.add(Kind.DUPLICATE)
    entries = [entry for i, entry in enumerate(entries) if listed.index(listed[i]) == i]
    for entry in entries:
        broken |= _alone(minutes, entry)
    for one, other in combinations(entries, 2):
        first, second = sorted((one, other), key=lambda entry: entry.operation)
        if one.job == other.job and second.start < first.end:
            broken.add(Kind.PRECEDENCE)
    for machine in range(len(description.machines)):
        broken |= _one_at_a_time(minutes, machine, [e for e in entries if machine in e.machines])
    return broken


def _alone(minutes, entry):
    broken = set()
    job = minutes.description.jobs[entry.job]
    operation = job.operations[entry.operation]
    if min(entry.start, entry.end) < 0:
        broken.add(Kind.NEGATIVE)
    if entry.start < job.release and job.release > 0:
        broken.add(Kind.RELEASE)
    for machine in entry.machines:
        if 0 < minutes.description.machines[machine].available > entry.start:
            broken.add(Kind.AVAILABILITY)
    modes = [mode for mode in operation.modes if sorted(mode.machines) == sorted(entry.machines)]
    if not modes:
        broken.add(Kind.WRONG_MACHINE)
        claimed = Mode(max(0, entry.end - entry.start), tuple(set(entry.machines)))
        if operation.interruptible and claimed.duration:
            claimed = replace(claimed, duration=1)
        if entry.start >= 0 and not minutes.fits(operation, claimed, entry.start):
            broken.add(Kind.HOURS)
    elif entry.start >= 0:
        end = minutes.end(operation, modes[0], entry.start)
        if not minutes.fits(operation, modes[0], entry.start):
            broken.add(Kind.HOURS)
        if end is not None and end != entry.end >= entry.start:
            broken.add(Kind.DURATION)
    if entry.end < entry.start:
        broken.add(Kind.REVERSED)
    return broken


def _one_at_a_time(minutes, machine, entries):
    """Overlaps; without any, and all after the machine is available, setups too."""
    for one, other in combinations(entries, 2):
        for a, b in ((one, other), (other, one)):
            shared = set(range(a.start, a.end)) & set(range(b.start, b.end))
            if shared or a.start < b.start == b.end < a.end:
                return {Kind.MACHINE_OVERLAP}
    available = minutes.description.machines[machine].available
    if any(entry.start < available for entry in entries):
        return set()

    def precedes(a, b):
        both = a.end <= b.start and b.end <= a.start
        return entries.index(a) < entries.index(b) if both else a.end <= b.start

    order = sorted(entries, key=lambda b: sum(precedes(a, b) for a in entries if a is not b))
    free, before = available, None
    for entry in order:
        operation = minutes.description.jobs[entry.job].operations[entry.operation]
        needed = minutes.setup(machine, before, operation)
        if minutes.open_units(machine, free, entry.start) < needed:
            return {Kind.SETUP}
        free, before = entry.end, operation
    return set()


def append_all(description, order):
    """Schedule operations one by one, each after all that its machines do already.

    Args:
        description: the problem.
        order: (job, number of the mode, how many possible starts to pass over), in order.

    Returns:
        (job, operation, machines, start, end) in the order in which they were decided.
    """
    minutes, rows = Minutes(description), []
    free = [(machine.available, None) for machine in description.machines]
    done = [(job.release, 0) for job in description.jobs]
    for number, chosen, passed_over in order:
        ready, index = done[number]
        operation = description.jobs[number].operations[index]
        mode = operation.modes[chosen % len(operation.modes)]
        start = ready
        while True:
            assert start < HORIZON - 1, "the calendars of the tests are long enough"
            is_set_up = all(
                start >= free[m][0]
                and minutes.open_units(m, free[m][0], start)
                >= minutes.setup(m, free[m][1], operation)
                for m in mode.machines
            )
            if is_set_up and minutes.fits(operation, mode, start):
                if passed_over == 0:
                    break
                passed_over -= 1
            start += 1
        end = minutes.end(operation, mode, start)
        rows.append((number, index, mode.machines, start, end))
        done[number] = (end, index + 1)
        for machine in mode.machines:
            free[machine] = (end, operation)
    return rows
