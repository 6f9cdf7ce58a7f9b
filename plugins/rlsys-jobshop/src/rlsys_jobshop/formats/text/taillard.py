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
    times, order = _blocks(jobs, machines, body, header.number, source)
    steps: list[list[Step]] = []
    for job, (durations, numbers) in enumerate(zip(times, order, strict=True)):
        if len(durations) != len(numbers):
            raise fault(
                source,
                (numbers or durations)[-1][0],
                f"job {job}",
                f"has {len(durations)} times and {len(numbers)} machines",
            )
        pairs = zip(durations, numbers, strict=True)
        steps.append([Step(line, ((machine, time),)) for (_, time), (line, machine) in pairs])
    notes = {name: str(value) for name, value in zip(EXTRA, extra, strict=False)}
    return Listing(machines, steps, [job[0][0] if job else header.number for job in times], notes)


def _blocks(
    jobs: int, machines: int, body: Sequence[Line], header: int, source: str
) -> tuple[list[Numbers], list[Numbers]]:
    """Return the times and the machines of each job."""
    titles = {name: i for i, line in enumerate(body) if (name := block_title(line))}
    if not titles:
        rows = _rows(2 * jobs, machines, body, header, source, "")
        return rows[:jobs], rows[jobs:]
    if len(titles) == 1:
        missing = ({"times", "machines"} - titles.keys()).pop()
        raise fault(source, header, missing, f"there is no line {missing.capitalize()!r}")
    if min(titles.values()) > 0:
        raise fault(source, body[0].number, "header", "has more than one line")
    begin, split = sorted(titles.values())
    parts = {
        title: _rows(jobs, machines, rows, header, source, title)
        for title, rows in zip(
            sorted(titles, key=titles.__getitem__),
            (body[begin + 1 : split], body[split + 1 :]),
            strict=True,
        )
    }
    return parts["times"], parts["machines"]


def _rows(
    count: int, machines: int, lines: Sequence[Line], header: int, source: str, title: str
) -> list[Numbers]:
    """Return one row per line, or rows of one number per machine if the lines do not fit."""
    rows = [
        [(line.number, value) for value in values(line, source, title or f"row {row}")]
        for row, line in enumerate(lines)
    ]
    if len(rows) == count:
        return rows
    numbers = [number for row in rows for number in row]
    if len(numbers) != count * machines:
        raise fault(
            source,
            lines[-1].number if lines else header,
            title,
            f"{len(rows)} lines with {len(numbers)} numbers; needs {count} lines, or "
            f"{count} times {machines} numbers",
        )
    return [numbers[row * machines : (row + 1) * machines] for row in range(count)]


def render(description: Description) -> str:
    """Return the text; every operation must have one mode on one machine."""
    extra = [name for name in EXTRA if name in description.notes]
    extra = list(EXTRA[: len(extra)]) if extra == list(EXTRA[: len(extra)]) else []
    titles = ["Nb of jobs", "Nb of Machines", *(name.capitalize() for name in extra)]
    numbers = [len(description.jobs), len(description.machines)]
    modes = [[operation.modes[0] for operation in job.operations] for job in description.jobs]
    return "\n".join(
        [
            ", ".join(titles),
            " ".join([*map(str, numbers), *(description.notes[name] for name in extra)]),
            "Times",
            *(" ".join(str(mode.duration) for mode in job) for job in modes),
            "Machines",
            *(" ".join(str(1 + mode.machines[0]) for mode in job) for job in modes),
            "",
        ]
    )
