"""Standard job-shop text: ``jobs machines``, then a line per job of ``machine duration`` pairs.

The format of OR-Library and JSPLIB; machines count from 0. Jobs may differ in length and visit a
machine again. If there is not one line per job, every job must have an operation per machine.
"""

from __future__ import annotations

from collections.abc import Sequence

from rlsys_jobshop.formats.text.lines import Line, fault, sizes, values
from rlsys_jobshop.formats.text.listing import Listing, Step
from rlsys_jobshop.problem import Description

FIRST_MACHINE = 0
END = [-1, -1]
"""Some files end each job with it, or fill up short jobs with it."""


def parse(lines: Sequence[Line], source: str) -> Listing:
    """Return what the file lists.

    Raises:
        UserError: wrong numbers or too few or too many; names line, job and operation.
    """
    header = lines[0]
    jobs, machines = sizes(header.words, header.number, source)
    if len(header.words) == 3:
        raise fault(
            source,
            header.number,
            "header",
            "has 3 numbers; standard text has 2, jobs and machines (flexible text has 3)",
        )
    joined = len(header.words) > 2
    body = [Line(header.number, header.words[2:]), *lines[1:]] if joined else list(lines[1:])
    if len(body) == jobs and not (joined and jobs > 1):
        rows = [(line.number, values(line, source, f"job {job}")) for job, line in enumerate(body)]
        steps = [_job(*row, source, job) for job, row in enumerate(rows)]
        return Listing(machines, steps, [number for number, _ in rows])
    return _without_lines(jobs, machines, body, header.number, source)


def _job(number: int, row: list[int], source: str, job: int) -> list[Step]:
    while row[-2:] == END:
        row = row[:-2]
    if len(row) % 2:
        raise fault(
            source,
            number,
            f"job {job}",
            f"has {len(row)} numbers; needs a machine and a duration for each operation",
        )
    return [
        Step(number, ((machine, duration),))
        for machine, duration in zip(row[::2], row[1::2], strict=True)
    ]


def _without_lines(
    jobs: int, machines: int, body: Sequence[Line], header: int, source: str
) -> Listing:
    """Read jobs that are split over several lines, or joined on one."""
    numbers: list[tuple[int, int]] = []
    for line in body:
        numbers += [(line.number, value) for value in values(line, source, "")]
    pairs = list(zip(numbers[::2], numbers[1::2], strict=False))
    ends = [i for i, (one, two) in enumerate(pairs) if [one[1], two[1]] == END]
    if len(numbers) == 2 * jobs * machines and not ends:
        parts = [pairs[job * machines : (job + 1) * machines] for job in range(jobs)]
    elif len(numbers) % 2 == 0 and len(ends) == jobs and ends[-1] == len(pairs) - 1:
        begins = [0, *(end + 1 for end in ends)]
        parts = [pairs[begin:end] for begin, end in zip(begins, ends, strict=False)]
    else:
        place = body[min(jobs, len(body) - 1)].number if body else header
        raise fault(
            source,
            place,
            "jobs",
            f"{len(body)} lines with {len(numbers)} numbers follow the header, which says {jobs} "
            f"jobs on {machines} machines; give one line per job, or {2 * jobs * machines} numbers",
        )
    steps = [[Step(one[0], ((one[1], two[1]),)) for one, two in part] for part in parts]
    return Listing(machines, steps, [job[0].line if job else header for job in steps])


def render(description: Description) -> str:
    """Return the text; every operation must have one mode on one machine."""
    rows = [f"{len(description.jobs)} {len(description.machines)}"]
    for job in description.jobs:
        modes = [operation.modes[0] for operation in job.operations]
        rows.append(" ".join(f"{mode.machines[0]} {mode.duration}" for mode in modes))
    return "\n".join(rows) + "\n"
