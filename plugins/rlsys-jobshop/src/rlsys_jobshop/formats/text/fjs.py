"""Flexible job-shop text (`.fjs`), as Brandimarte's and Hurink's instances have it.

The header is ``jobs machines``, often with a third number: the mean number of machines per
operation. A job is its number of operations, then for each operation the number of machines that
can do it, then as many pairs ``machine duration``. Machines count from 1 in most files and from 0
in some.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rlsys.errors import UserError
from rlsys_jobshop.formats.text.lines import Line, fault, sizes, values
from rlsys_jobshop.formats.text.listing import Listing, Step
from rlsys_jobshop.problem import Description

FIRST_MACHINE = 1
MEAN = re.compile(r"\d+[.,/]?\d*|[.,]\d+", re.ASCII)
END = [-1, -1]
Numbers = list[tuple[int, int]]
"""Lines and values."""


def parse(lines: Sequence[Line], source: str) -> Listing:
    """Return what the file lists.

    Raises:
        UserError: wrong numbers or too few or too many; names line, job and operation.
    """
    header = lines[0]
    sizes(header.words, header.number, source)
    if len(header.words) <= 3:
        return _after_header(lines, len(header.words), source)
    readings: list[Listing] = []
    for words in (2, 3):
        try:
            readings.append(_after_header(lines, words, source))
        except UserError as error:
            refused = error
    if len(readings) == 1:
        return readings[0]
    if readings:
        raise fault(
            source, header.number, "header", "has more than 3 numbers; give it a line of its own"
        )
    raise refused


def _after_header(lines: Sequence[Line], words: int, source: str) -> Listing:
    """Read the jobs after a header of so many words."""
    header = lines[0]
    jobs, machines = sizes(header.words, header.number, source)
    mean = header.words[2] if words == 3 else "1"
    if not MEAN.fullmatch(mean):
        raise fault(source, header.number, "header: machines per operation", f"not {mean!r}")
    joined = len(header.words) > words
    body = [Line(header.number, header.words[words:])] * joined + list(lines[1:])
    rows = [_without_end(line, source, job) for job, line in enumerate(body)]
    if len(rows) == jobs and not (joined and jobs > 1):
        parts = rows
    else:
        numbers = [number for row in rows for number in row]
        parts = [numbers] * jobs
    listing = Listing(machines, [], [])
    at = 0
    for job, part in enumerate(parts):
        at = at if parts is not rows else 0
        last = part[-1][0] if part else header.number
        steps, at = _job(part, at, job, last, source)
        listing.jobs.append(steps)
        listing.job_lines.append(part[min(at, len(part)) - 1][0] if part else header.number)
        if at < len(part) and (parts is rows or job == jobs - 1):
            raise fault(
                source,
                part[at][0],
                f"job {job}",
                f"{len(part) - at} numbers too many; its {len(steps)} operations are complete",
            )
    return listing


def _without_end(line: Line, source: str, job: int) -> Numbers:
    row = values(line, source, f"job {job}")
    while row[-2:] == END:
        row = row[:-2]
    return [(line.number, value) for value in row]


def _job(numbers: Numbers, at: int, job: int, last: int, source: str) -> tuple[list[Step], int]:
    """Return the operations of the job whose numbers begin at `at`, and where they end."""

    def take(place: str, what: str, least: int) -> tuple[int, int]:
        nonlocal at
        if at >= len(numbers):
            raise fault(source, last, place, f"the numbers end before its {what}")
        line, value = numbers[at]
        if value < least:
            raise fault(source, line, place, f"{what}: {value} must be at least {least}")
        at += 1
        return line, value

    _, count = take(f"job {job}", "number of operations", 0)
    steps: list[Step] = []
    for index in range(count):
        place = f"job {job}, operation {index}"
        line, width = take(place, "number of machines", 0)
        choices: list[tuple[int, int]] = []
        for _ in range(width):
            machine = take(place, "machine", -(1 << 62))[1]
            choices.append((machine, take(place, "duration", 0)[1]))
        steps.append(Step(line, tuple(choices)))
    return steps, at


def render(description: Description) -> str:
    """Return the text; every mode must have one machine."""
    counts = [len(step.modes) for job in description.jobs for step in job.operations]
    mean = f"{sum(counts) / len(counts):.4g}"
    rows = [f"{len(description.jobs)} {len(description.machines)} {mean}"]
    for job in description.jobs:
        words = [len(job.operations)]
        for operation in job.operations:
            words.append(len(operation.modes))
            for mode in operation.modes:
                words += [1 + mode.machines[0], mode.duration]
        rows.append(" ".join(map(str, words)))
    return "\n".join(rows) + "\n"
