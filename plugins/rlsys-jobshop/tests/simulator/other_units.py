"""A shop in other units of time, and one that has due dates."""

from __future__ import annotations

from dataclasses import replace

from small_shops import work

from rlsys_jobshop.problem import Calendar, Job, Mode, Setups


def scaled(description, by):
    """The same problem in a unit of time that is `by` times shorter."""

    def longer(calendar):
        if calendar.is_always:
            return calendar
        return Calendar.of(zip(calendar.opens * by, calendar.closes * by, strict=True))

    def row(times):
        return [time * by for time in times]

    return replace(
        description,
        jobs=tuple(
            replace(
                job,
                release=job.release * by,
                due=None if job.due is None else job.due * by,
                operations=tuple(
                    replace(
                        operation,
                        modes=tuple(Mode(m.duration * by, m.machines) for m in operation.modes),
                    )
                    for operation in job.operations
                ),
            )
            for job in description.jobs
        ),
        machines=tuple(
            replace(m, calendar=longer(m.calendar), available=m.available * by)
            for m in description.machines
        ),
        setups=tuple(Setups([row(r) for r in s.between], row(s.first)) for s in description.setups),
    )


def with_due_dates(description):
    jobs = tuple(
        replace(job, due=12 * (1 + number), important=number == 0)
        for number, job in enumerate(description.jobs)
    )
    # At least one unit in the mean: shorter operations are measured in units.
    long = Job((work(30),))
    return replace(description, jobs=(*jobs, long))
