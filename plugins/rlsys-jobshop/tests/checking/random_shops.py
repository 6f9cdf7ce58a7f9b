"""Random small shops with everything in them, valid schedules of them, and spoilt ones."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st
from minute_shop import append_all

from rlsys_jobshop.problem import (
    Calendar,
    Description,
    Entry,
    Job,
    Machine,
    Mode,
    Operation,
    Setups,
)

times = st.integers(0, 4)

CHANGES = ("move", "stretch", "begin", "machines", "drop", "twice", "list", "times")


@st.composite
def calendars(draw):
    """Short windows and short breaks, then a long window; or always open."""
    if draw(st.booleans()):
        return Calendar.always()
    windows, time = [], 0
    for pause, length in draw(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 5)))):
        if time < 40:
            windows.append((time + pause, time + pause + length))
            time += pause + length
    pause = draw(st.integers(0, 3))
    return Calendar.of([*windows, (time + pause, time + pause + 200)])


@st.composite
def descriptions(draw):
    families = draw(st.integers(1, 3))
    row = st.lists(times, min_size=families, max_size=families)
    between = st.lists(row, min_size=families, max_size=families)
    setups = draw(st.lists(st.builds(Setups, between=between, first=row), max_size=2))
    table = st.sampled_from([None, *range(len(setups))])
    machines = draw(
        st.lists(
            st.builds(
                Machine,
                calendar=calendars(),
                setups=table,
                family=st.sampled_from([None, *range(families)]),
                available=st.sampled_from([0, 0, 0, 1, 5]),
            ),
            min_size=1,
            max_size=3,
        )
    )
    numbers = st.lists(st.integers(0, len(machines) - 1), min_size=1, max_size=2, unique=True).map(
        tuple
    )
    modes = st.lists(
        st.builds(Mode, duration=st.sampled_from([0, 0, 1, 2, 3, 5]), machines=numbers),
        min_size=1,
        max_size=2,
        unique_by=lambda mode: frozenset(mode.machines),
    ).map(tuple)
    operations = st.lists(
        st.builds(
            Operation,
            modes=modes,
            interruptible=st.booleans(),
            family=st.integers(0, families - 1),
        ),
        min_size=1,
        max_size=3,
    ).map(tuple)
    jobs = st.lists(
        st.builds(Job, operations=operations, release=st.sampled_from([0, 0, 3])),
        min_size=1,
        max_size=3,
    ).map(tuple)
    return Description(
        name="random",
        jobs=draw(jobs),
        machines=tuple(machines),
        families=tuple(f"family {number}" for number in range(families)),
        setups=tuple(setups),
    )


@st.composite
def valid_schedules(draw):
    """A description and a valid schedule of it, in the order in which it was decided."""
    description = draw(descriptions())
    turns = [number for number, job in enumerate(description.jobs) for _ in job.operations]
    order = [
        (job, draw(st.integers(0, 1)), draw(st.sampled_from([0, 0, 0, 1, 4])))
        for job in draw(st.permutations(turns))
    ]
    return description, [Entry(*row) for row in append_all(description, order)]


def _moved(entry, start, end):
    return replace(entry, start=entry.start + start, end=entry.end + end)


@st.composite
def spoilt_schedules(draw):
    """A description and a schedule in which one or two things were changed; it may be valid yet."""
    description, entries = draw(valid_schedules())
    for _ in range(draw(st.integers(1, 2))):
        if not entries:
            break
        here = draw(st.integers(0, len(entries) - 1))
        there = draw(st.integers(0, len(entries) - 1))
        entry, other = entries[here], entries[there]
        change = draw(st.sampled_from(CHANGES))
        by = draw(st.sampled_from([-1, 1, -1, 1, -5, 3]))
        if change == "move":
            entries[here] = _moved(entry, by, by)
        elif change == "stretch":
            entries[here] = _moved(entry, 0, by)
        elif change == "begin":
            entries[here] = _moved(entry, by, 0)
        elif change == "machines":
            numbers = st.integers(0, len(description.machines) - 1)
            machines = draw(st.lists(numbers, min_size=1, max_size=2))
            entries[here] = replace(entry, machines=tuple(machines))
        elif change == "drop":
            del entries[here]
        elif change == "twice":
            entries.insert(there, _moved(entry, 0, max(by, 0)))
        elif change == "list":
            entries[here], entries[there] = other, entry
        elif change == "times":
            entries[here] = replace(entry, start=other.start, end=other.end)
            entries[there] = replace(other, start=entry.start, end=entry.end)
    return description, entries
