"""How busy each type of machine is, compared between controllers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from rlsys.figures import COLOURS, MARKERS, sheet
from rlsys_jobshop.checking import measure
from rlsys_jobshop.figures.names import machine_label, shown, type_label
from rlsys_jobshop.problem import Schedule

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def utilisation_png(
    schedules: Mapping[str, Schedule], path: str | Path, *, title: str = "utilisation"
) -> None:
    """Draw the share of open time that is worked, one row per machine type, as PNG.

    Where all machines have one type, the rows are the machines. Open time counts up to each
    schedule's own makespan.

    Args:
        schedules: valid ones by name of the controller, at least one; all have the same machines.
        path: the file, replaced as a whole.
        title: over the chart.

    Raises:
        UserError: matplotlib is missing, or the file cannot be written.
    """
    rows = len(_row_names(next(iter(schedules.values()))))
    with sheet(path, 7.5, 1.6 + rows * (0.3 if rows <= 20 else 0.18)) as figure:
        draw(schedules, figure, title)


def draw(schedules: Mapping[str, Schedule], figure: Figure, title: str) -> None:
    """Draw into an empty figure; see `utilisation_png`."""
    axes = figure.subplots()
    names = _row_names(next(iter(schedules.values())))
    for number, (name, schedule) in enumerate(schedules.items()):
        measures = measure(schedule)
        by_type, by_machine = measures.type_utilisation, measures.machine_utilisation
        shares = by_type if len(by_type) > 1 else by_machine
        known = [(100 * share, row) for row, share in enumerate(shares) if share is not None]
        axes.plot(
            [share for share, _ in known],
            [row for _, row in known],
            MARKERS[number // len(COLOURS) % len(MARKERS)],
            color=COLOURS[number % len(COLOURS)],
            markersize=6,
            alpha=0.85,
            label=f"{shown(name)}, all together {100 * measures.utilisation:.0f} %",
        )
    axes.set_yticks(
        range(len(names)), names, fontsize=8.5 if len(names) <= 20 else 6.5, parse_math=False
    )
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_xlim(0, 102)
    axes.set_xlabel("worked share of the open time (%)")
    axes.set_title(shown(title), parse_math=False)
    legend = figure.legend(loc="outside lower center", ncols=2)
    for text in legend.get_texts():
        text.set_parse_math(False)


def _row_names(schedule: Schedule) -> list[str]:
    instance = schedule.instance
    types = len(instance.description.types)
    if types > 1:
        return [type_label(instance, number) for number in range(types)]
    return [machine_label(instance, machine) for machine in range(instance.machines)]
