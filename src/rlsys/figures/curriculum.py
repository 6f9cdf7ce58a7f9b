"""The climb through the stages of a curriculum: validations over the steps of each stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
from rlsys.figures.labels import PANEL_HEIGHT
from rlsys.figures.sheet import COLOURS, GREY, legend_of, sheet, short_numbers
from rlsys.figures.training import cumulated_steps
from rlsys.stages import ALL_STEPS, Stage

_IN_A_ROW = 4
_PANEL_WIDTH = 2.6
"""Inches."""


def curriculum_figure(
    lines: Sequence[Mapping[str, Any]], stages: Sequence[Stage], label: str, path: str | Path
) -> None:
    """Draw one panel per stage, in the order of the climb, with one curve per training seed.

    A hollow circle shows the network that the stage started from, before any step.  A star shows
    where a rule ended the stage, and a square where it ended with its last step.  Both stand at
    the value of the network that the stage ended with.  A dashed line is the threshold.

    Args:
        lines: lines of ``metrics.jsonl``.
        stages: how each stage went, with each seed; at least one.
        label: axis label of what the validations measured, with its unit.
        path: the PNG file.

    Raises:
        UserError: as in `sheet`.
    """
    names = list(dict.fromkeys(stage.case for stage in stages))
    seeds = list(dict.fromkeys(stage.seed for stage in stages))
    columns = min(len(names), _IN_A_ROW)
    rows = -(-len(names) // columns)
    steps = cumulated_steps(lines)
    width, height = max(4.0, _PANEL_WIDTH * columns), 0.6 + PANEL_HEIGHT * rows
    with sheet(path, width, height) as figure:
        panels = np.ravel(figure.subplots(rows, columns, squeeze=False))
        for axes in panels[len(names) :]:
            axes.set_axis_off()
        for axes, name in zip(panels, names, strict=False):
            for stage in (stage for stage in stages if stage.case == name):
                colour = COLOURS[seeds.index(stage.seed) % len(COLOURS)]
                key = f"validation_{stage.metric}"
                curve = [
                    (step, line[key])
                    for line, step in zip(lines, steps, strict=True)
                    if (line["case"], line["seed"]) == (stage.case, stage.seed)
                    and line.get(key) is not None
                ]
                _draw_stage(axes, stage, curve, colour)
            axes.set_title(name)
            axes.xaxis.set_major_formatter(short_numbers())
        for index in range(0, len(names), columns):
            panels[index].set_ylabel(label)
        figure.supxlabel("environment steps of the stage", fontsize=9.0)
        handles, labels = legend_of(panels[: len(names)])
        figure.legend(handles, labels, loc="outside upper left", ncols=4)


def _draw_stage(
    axes: Axes, stage: Stage, curve: Sequence[tuple[float, float]], colour: str
) -> None:
    if stage.threshold is not None:
        axes.axhline(
            stage.threshold, color=GREY, linewidth=0.9, linestyle=(0, (5, 3)), label="threshold"
        )
    x, y = np.array(curve, dtype=np.float64).reshape(-1, 2).T
    axes.plot(x, y, "-", color=colour, linewidth=1.5, label=f"seed {stage.seed}")
    if stage.before is not None:
        axes.plot(0, stage.before, "o", color=colour, fillstyle="none")
    marker, size = ("s", 5) if stage.ended == ALL_STEPS else ("*", 11)
    axes.plot(stage.steps, stage.after, marker, color=colour, markersize=size)
