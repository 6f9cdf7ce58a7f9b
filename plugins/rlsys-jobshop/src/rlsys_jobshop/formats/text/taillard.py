"""Taillard's specification: a header, the durations of all jobs, then their machines.

Machines count from 1. The lines of text are optional::

    Nb of jobs, Nb of Machines, Time seed, Machine seed, Upper bound, Lower bound
    2 2 840612802 398197754 1231 1005
    Times
    94 66
    74 31
    Machines
    2 1
    1 2

Source: E. Taillard, "Benchmarks for basic scheduling problems", EJOR 64 (1993), 278-285.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

from rlsys_jobshop.formats.text.lines import Line, fault, sizes, values
from rlsys_jobshop.formats.text.listing import Listing, Step
from rlsys_jobshop.problem import Description

FIRST_MACHINE = 1
EXTRA = ("time seed", "machine seed", "upper bound", "lower bound")
Numbers = list[tuple[int, int]]
"""Values, each with its line."""


def block_title(line: Line) -> str | None:
    """Return ``times`` or ``machines`` if the line is the title of that block."""
    word = line.words[0].rstrip(":").lower()
    return word if len(line.words) == 1 and word in ("times", "machines") else None


def is_title(line: Line) -> bool:
    """Whether the line is the text above the header's numbers."""
    text = " ".join(line.words).lower()
    return not line.words[0][0].isdigit() and "jobs" in text and "machines" in text


def parse(lines: Sequence[Line], source: str) -> Listing:
    """Return what the file lists.

    Raises:
        UserError: wrong numbers or too few or too many; names line, job and block.
    """
    title = is_title(lines[0])
    if len(lines) <= title:
        raise fault(source, lines[0].number, "header", "has no numbers below it")
    header, body = lines[title], lines[title + 1 :]
    jobs, machines = sizes(header.words, header.number, source)
    extra = values(header, source, "header")[2:]
    if len(extra) > len(EXTRA):
        raise fault(source, header.number, "header", f"has {2 + len(extra)} numbers; at most 6")
    second = next((line for line in body if is_title(line)), None)
    if second is not None:
        raise fault(source, second.number, "header", "a second instance begins; one file, one")
    times, order = _blocks(jobs, body, header.number, source)
    pairs = _jobs(jobs, machines, times, order, source)
    steps = [
        [Step(line, ((machine, time),)) for (_, time), (line, machine) in zip(*pair, strict=True)]
        for pair in pairs
    ]
    starts = [row[0][0] if row else header.number for row, _ in pairs]
    notes = {name: str(value) for name, value in zip(EXTRA, extra, strict=False)}
    return Listing(machines, steps, starts, notes)


def _blocks(
    jobs: int, body: Sequence[Line], header: int, source: str
) -> tuple[list[Numbers], list[Numbers]]:
    """Return the lines of the times and those of the machines."""
    titles = {name: i for i, line in enumerate(body) if (name := block_title(line))}
    if not titles:
        rows = _numbers(body, source, "")
        if len(rows) == 2 * jobs:
            return rows[:jobs], rows[jobs:]
        joined = [number for row in rows for number in row]
        return [joined[: len(joined) // 2]], [joined[len(joined) // 2 :]]
    if len(titles) == 1:
        missing = ({"times", "machines"} - titles.keys()).pop()
        raise fault(source, header, missing, f"there is no line {missing.capitalize()!r}")
    first, second = sorted(titles, key=titles.__getitem__)
    if titles[first] > 0:
        raise fault(source, body[0].number, "header", "has more than one line")
    parts = {
        first: _numbers(body[1 : titles[second]], source, first),
        second: _numbers(body[titles[second] + 1 :], source, second),
    }
    return parts["times"], parts["machines"]


def _numbers(lines: Sequence[Line], source: str, block: str) -> list[Numbers]:
    return [[(line.number, value) for value in values(line, source, block)] for line in lines]


def _jobs(
    jobs: int, machines: int, times: list[Numbers], order: list[Numbers], source: str
) -> list[tuple[Numbers, Numbers]]:
    """Return times and machines of each job: a line each, or as many numbers as machines each."""
    if list(map(len, times)) == list(map(len, order)) and len(times) == jobs:
        return list(zip(times, order, strict=True))
    both = [[number for row in block for number in row] for block in (times, order)]
    if len(both[0]) == len(both[1]) == jobs * machines:
        cuts = [slice(job * machines, (job + 1) * machines) for job in range(jobs)]
        return [(both[0][cut], both[1][cut]) for cut in cuts]
    if len(times) == len(order) == jobs:
        job = next(job for job in range(jobs) if len(times[job]) != len(order[job]))
        place, counts = (f"job {job}", (len(times[job]), len(order[job])))
        line = (order[job] or times[job])[0][0]
    else:
        place, counts = "jobs", (len(both[0]), len(both[1]))
        line = max([number for number, _ in both[0] + both[1]], default=1)
    needed = machines if place != "jobs" else jobs * machines
    raise fault(
        source,
        line,
        place,
        f"has {counts[0]} times and {counts[1]} machines; needs as many of both, such as {needed}",
    )


def render(description: Description) -> str:
    """Return the text; every operation must have one mode on one machine."""
    notes = description.notes
    extra = list(takewhile(lambda name: notes.get(name, "").isdecimal(), EXTRA))
    titles = ["Nb of jobs", "Nb of Machines", *(name.capitalize() for name in extra)]
    numbers = [len(description.jobs), len(description.machines)]
    modes = [[operation.modes[0] for operation in job.operations] for job in description.jobs]
    return "\n".join(
        [
            ", ".join(titles),
            " ".join([*map(str, numbers), *(notes[name] for name in extra)]),
            "Times",
            *(" ".join(str(mode.duration) for mode in job) for job in modes),
            "Machines",
            *(" ".join(str(1 + mode.machines[0]) for mode in job) for job in modes),
            "",
        ]
    )
