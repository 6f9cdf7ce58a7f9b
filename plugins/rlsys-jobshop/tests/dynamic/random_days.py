"""Random small shops with everything in them, and random events for them."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st
from random_shops import descriptions

from rlsys_jobshop.dynamic import JobArrives, JobCancelled, MachineBreaks
from rlsys_jobshop.dynamic.events import by_time

times = st.integers(0, 20)
KINDS = ("breaks", "breaks", "breaks", "arrives", "arrives", "cancelled")


@st.composite
def days(draw):
    """A description and events, in order of time; calendars are long enough for all of it."""
    whole = draw(descriptions())
    description, spare = replace(whole, jobs=whole.jobs * 2), draw(descriptions()).jobs
    events = []
    for time in draw(st.lists(times, min_size=1, max_size=6)):
        kind = draw(st.sampled_from(KINDS))
        if kind == "arrives":
            job = draw(st.sampled_from([*whole.jobs, *_fitting(spare, whole)]))
            events.append(JobArrives(time, job))
        elif kind == "breaks":
            machine = draw(st.integers(0, len(whole.machines) - 1))
            events.append(MachineBreaks(time, machine, time + draw(st.integers(1, 12))))
        else:
            events.append(JobCancelled(time, draw(st.integers(0, len(description.jobs) - 1))))
    return description, [event for _, group in by_time(events) for event in group]


def _fitting(jobs, description):
    """Those of `jobs` that need only machines and families of `description`."""
    machines, families = len(description.machines), len(description.families)
    return [
        job
        for job in jobs
        if all(
            operation.family < families
            and all(max(mode.machines) < machines for mode in operation.modes)
            for operation in job.operations
        )
    ]
