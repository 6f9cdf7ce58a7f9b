"""A Gantt chart as a picture: one row per machine, one colour per job."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rlsys.figures import GREY, sheet
from rlsys_jobshop.figures.axis import time_axis
from rlsys_jobshop.figures.colours import LATE, is_dark, job_colours
from rlsys_jobshop.figures.names import job_label, machine_label, shown
from rlsys_jobshop.figures.timeline import Piece, closed_pieces, sequences, setups, work
from rlsys_jobshop.problem import FOREVER, Schedule

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTHS = (10.0, 24.0)
"""Inches; wider with more operations per machine."""
FEW_ROWS, MANY_ROWS = 0.34, 0.17
"""Inches per machine, of up to 20 and of more machines."""
LONGEST = 32
"""Characters of a machine's name."""
CLOSED = "#ececec"
LETTER = 0.075
"""Width of a letter in a bar, inches."""

Place = Callable[[int], float]


def gantt_png(schedule: Schedule, path: str | Path, *, title: str | None = None) -> None:
    """Draw a valid schedule as PNG.

    Closed time is grey, a setup hatched, the part of an operation in which a break interrupts it
    pale. A triangle is a job's due date, in the row in which the job ends; the last bar of a late
    job has a red edge.

    Args:
        schedule: what is drawn.
        path: the file, replaced as a whole.
        title: instead of the instance's name and makespan.

    Raises:
        UserError: matplotlib is missing, or the file cannot be written.
    """
    instance = schedule.instance
    rows = instance.machines
    per_machine = instance.operations / rows
    width = float(np.clip(4 + 0.5 * per_machine, *WIDTHS))
    height = 1.6 + rows * (FEW_ROWS if rows <= 20 else MANY_ROWS)
    with sheet(path, width, height) as figure:
        draw(schedule, figure, title)


def draw(schedule: Schedule, figure: Figure, title: str | None = None) -> None:
    """Draw a valid schedule into an empty figure; see `gantt_png`."""
    instance = schedule.instance
    axes = figure.subplots()
    place = time_axis(axes, schedule)
    colours = job_colours(instance.jobs)
    order = sequences(schedule)
    for machine, sequence in enumerate(order):
        _closed(axes, place, schedule, machine)
        _bars(axes, place, schedule, machine, sequence, colours)
        _setups(axes, place, schedule, machine, sequence)
    _labels(axes, place, schedule, order, colours, figure.get_figwidth())
    if instance.has_due_dates:
        _due_dates(axes, place, schedule, colours)
    small = instance.machines > 20
    axes.set_yticks(
        range(instance.machines),
        [machine_label(instance, machine, LONGEST) for machine in range(instance.machines)],
        fontsize=6.5 if small else 8.5,
        parse_math=False,
    )
    axes.set_ylim(instance.machines - 0.4, -0.6)
    axes.grid(axis="y", visible=False)
    said = title or f"{instance.name}: makespan {schedule.makespan}"
    axes.set_title(shown(said), parse_math=False)
    _legend(figure, schedule)


def _closed(axes: Axes, place: Place, schedule: Schedule, machine: int) -> None:
    instance = schedule.instance
    calendar = instance.calendars[instance.machine_calendar[machine]]
    spans = _spans(place, closed_pieces(calendar, schedule.makespan))
    axes.broken_barh(spans, (machine - 0.5, 1.0), facecolor=CLOSED, zorder=0.5)


def _bars(
    axes: Axes,
    place: Place,
    schedule: Schedule,
    machine: int,
    sequence: list[int],
    colours: list[str],
) -> None:
    job_of = schedule.instance.job_of
    whole = [(int(schedule.start[o]), int(schedule.end[o])) for o in sequence]
    ours = [colours[job_of[o]] for o in sequence]
    late = _late_ends(schedule)
    axes.broken_barh(
        _spans(place, whole), (machine - 0.36, 0.72), facecolors=ours, alpha=0.35, zorder=2
    )
    worked = [(piece, o) for o in sequence for piece in work(schedule, o)]
    axes.broken_barh(
        _spans(place, [piece for piece, _ in worked]),
        (machine - 0.36, 0.72),
        facecolors=[colours[job_of[o]] for _, o in worked],
        zorder=2.1,
    )
    axes.broken_barh(
        _spans(place, whole),
        (machine - 0.36, 0.72),
        facecolors="none",
        edgecolors=[LATE if o in late else "white" for o in sequence],
        linewidths=[1.4 if o in late else 0.4 for o in sequence],
        zorder=2.2,
    )


def _setups(
    axes: Axes, place: Place, schedule: Schedule, machine: int, sequence: list[int]
) -> None:
    pieces = [p for bar in setups(schedule, machine, sequence) for p in bar.pieces]
    axes.broken_barh(
        _spans(place, pieces),
        (machine - 0.3, 0.6),
        facecolor="white",
        edgecolor="#444444",
        hatch="//////",
        linewidth=0.4,
        zorder=2.3,
    )


def _labels(
    axes: Axes,
    place: Place,
    schedule: Schedule,
    order: list[list[int]],
    colours: list[str],
    width: float,
) -> None:
    """Write the job into the longest piece of work of each bar, where it is wide enough."""
    instance = schedule.instance
    inches = 0.88 * width / max(1, schedule.makespan)
    size = 7.0 if instance.machines <= 20 else 5.5
    for machine, sequence in enumerate(order):
        for operation in sequence:
            job = int(instance.job_of[operation])
            pieces = work(schedule, operation) or [(0, 0)]
            start, end = max(pieces, key=lambda piece: piece[1] - piece[0])
            text = job_label(instance, job)
            if (end - start) * inches < LETTER * size / 7.0 * (len(text) + 1):
                continue
            axes.text(
                (place(start) + place(end)) / 2,
                machine,
                text,
                ha="center",
                va="center_baseline",
                fontsize=size,
                color="white" if is_dark(colours[job]) else "black",
                parse_math=False,
                clip_on=True,
                zorder=3,
            )


def _due_dates(axes: Axes, place: Place, schedule: Schedule, colours: list[str]) -> None:
    instance = schedule.instance
    for job, due in enumerate(instance.due.tolist()):
        if due > min(FOREVER - 1, schedule.makespan):
            continue
        last = int(instance.job_first[job + 1]) - 1
        row = instance.machines_of(int(schedule.mode[last]))[0]
        axes.plot(
            place(due), row - 0.42, "v", color=colours[job], markersize=4, markeredgecolor="black",
            markeredgewidth=0.4, zorder=4,
        )  # fmt: skip


def _late_ends(schedule: Schedule) -> set[int]:
    """Return the last operations of the jobs that are late."""
    instance = schedule.instance
    last = instance.job_first[1:] - 1
    return set(last[schedule.end[last] > instance.due].tolist())


def _legend(figure: Figure, schedule: Schedule) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    instance = schedule.instance
    handles: list[Line2D | Patch] = []
    if instance.has_setups:
        handles.append(Patch(facecolor="white", edgecolor="#444444", hatch="//////", label="setup"))
    if instance.has_calendars:
        handles.append(Patch(facecolor=CLOSED, label="closed"))
        handles.append(Patch(facecolor=GREY, alpha=0.35, label="interrupted by a break"))
    if instance.has_due_dates:
        due = Line2D([], [], marker="v", color=GREY, linestyle="", label="due date")
        late = Patch(facecolor="white", edgecolor=LATE, linewidth=1.4, label="late job ends")
        handles += [due, late]
    if handles:
        figure.legend(handles=handles, loc="outside lower center", ncols=5)


def _spans(place: Place, pieces: list[Piece]) -> list[tuple[float, float]]:
    return [(place(start), place(end) - place(start)) for start, end in pieces]
