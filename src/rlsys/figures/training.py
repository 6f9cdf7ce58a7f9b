"""Learning curves: metrics over the environment steps, with reference levels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rlsys.errors import UserError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
from rlsys.figures.labels import PANEL_HEIGHT, draw_levels, mark_agents
from rlsys.figures.sheet import COLOURS, DASHES, Floats, legend_of, sheet, short_numbers

_SCALES_APART = 10

_MOST_IN_LEGEND = 20


@dataclass(frozen=True)
class Panel:
    """One metric over training.

    Attributes:
        metric: its key in the lines.
        label: axis label, with the unit.
        levels: reference values by case and name, such as a baseline's or the optimum; drawn as
            labelled horizontal lines in the case's colour.
    """

    metric: str
    label: str
    levels: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


def training_figure(
    lines: Sequence[Mapping[str, Any]], panels: Sequence[Panel], path: str | Path
) -> None:
    """Draw each metric over the environment steps of all agents of the pipeline, one after another.

    There is one colour per case.  With several training seeds, the bold line is their mean and the
    band goes from the lowest to the highest.  A dotted line with a name marks an agent's start.

    Args:
        lines: lines of ``metrics.jsonl``: `case`, `seed`, `agent`, `step`, `total`, and metrics.
        panels: drawn one below the other.
        path: the PNG file.

    Raises:
        UserError: no line has any of the metrics, or as in `sheet`.
    """
    if not any(panel.metric in line for panel in panels for line in lines):
        names = ", ".join(panel.metric for panel in panels)
        raise UserError(f"no training progress to draw: no line reports any of {names}")
    steps = cumulated_steps(lines)
    cases = list(dict.fromkeys(str(line["case"]) for line in lines))
    looks = {
        case: (COLOURS[index % len(COLOURS)], DASHES[index // len(COLOURS) % len(DASHES)])
        for index, case in enumerate(cases)
    }
    with sheet(path, 8.0, 0.8 + PANEL_HEIGHT * len(panels)) as figure:
        rows = np.ravel(figure.subplots(len(panels), 1, sharex=True, squeeze=False))
        for axes, panel in zip(rows, panels, strict=True):
            for case in cases:
                _draw_curve(axes, lines, steps, panel.metric, case, *looks[case])
            axes.set_ylabel(panel.label)
            draw_levels(axes, panel.levels, looks)
            axes.margins(x=0.01)
        if _agents_differ_in_scale(lines, steps):
            rows[-1].set_xscale("log")
        mark_agents(rows, lines, steps)
        band = "; mean of the seeds, band from lowest to highest"
        several = len({line["seed"] for line in lines}) > 1
        rows[-1].set_xlabel("environment steps of all agents" + (band if several else ""))
        rows[-1].xaxis.set_major_formatter(short_numbers())
        handles, labels = legend_of(rows)
        figure.legend(handles, labels, loc="outside upper left", ncols=min(len(cases), 5))


def learning_figure(
    lines: Sequence[Mapping[str, Any]], metric: str, label: str, path: str | Path
) -> bool:
    """Draw one metric over the environment steps, one panel per case and one curve per part.

    A metric with parts is reported as ``metric[0]``, ``metric[1]`` and so on. Curves are means over
    training seeds; bands go from the lowest to the highest.

    Args:
        lines: as for `training_figure`.
        label: axis label, with the unit.

    Returns:
        Whether any line reports the metric; if not, nothing is drawn.

    Raises:
        UserError: as in `sheet`.
    """
    found = {key for line in lines for key in line if key == metric or key.startswith(f"{metric}[")}
    parts = sorted(found, key=lambda key: int(key[len(metric) + 1 : -1] or 0))
    reporting = [line for line in lines if found & line.keys()]
    if not reporting:
        return False
    steps = cumulated_steps(lines)
    cases = list(dict.fromkeys(str(line["case"]) for line in reporting))
    with sheet(path, 8.0, 0.8 + PANEL_HEIGHT * len(cases)) as figure:
        rows = np.ravel(figure.subplots(len(cases), 1, sharex=True, squeeze=False))
        for axes, case in zip(rows, cases, strict=True):
            for index, part in enumerate(parts):
                name = part[len(metric) :].strip("[]") or case
                own = [{**line, "case": name if line["case"] == case else None} for line in lines]
                colour = COLOURS[index % len(COLOURS)]
                dashes = DASHES[index // len(COLOURS) % len(DASHES)]
                _draw_curve(axes, own, steps, part, name, colour, dashes)
            axes.set_title(case)
            axes.set_ylabel(label)
            axes.margins(x=0.01)
        rows[-1].set_xlabel("environment steps of all agents")
        rows[-1].xaxis.set_major_formatter(short_numbers())
        if 1 < len(parts) <= _MOST_IN_LEGEND:
            handles, labels = legend_of(rows)
            figure.legend(handles, labels, loc="outside right upper")
    return True


def cumulated_steps(lines: Sequence[Mapping[str, Any]]) -> Floats:
    """Return each line's environment steps since the first agent started, shape (len(lines),).

    An agent starts at the step where the one before it, in the same case and seed, ended.
    """
    lengths: dict[tuple[Any, Any], dict[str, float]] = {}
    ended = {(line["case"], line["seed"], line["agent"]) for line in lines if "ended" in line}
    for line in lines:
        agents = lengths.setdefault((line["case"], line["seed"]), {})
        longest = max(agents.get(line["agent"], 0.0), float(line["step"]))
        early = (line["case"], line["seed"], line["agent"]) in ended
        agents[line["agent"]] = longest if early else max(longest, float(line["total"]))
    steps = np.empty(len(lines))
    for index, line in enumerate(lines):
        agents = lengths[(line["case"], line["seed"])]
        earlier = list(agents)[: list(agents).index(line["agent"])]
        steps[index] = sum(agents[agent] for agent in earlier) + float(line["step"])
    return steps


def _agents_differ_in_scale(lines: Sequence[Mapping[str, Any]], steps: Floats) -> bool:
    """Return whether, on a linear axis, the first agent would become too narrow to see."""
    first = lines[0]["agent"]
    own = [step for line, step in zip(lines, steps, strict=True) if line["agent"] == first]
    return bool(max(steps) > _SCALES_APART * max(own))


def _draw_curve(
    axes: Axes,
    lines: Sequence[Mapping[str, Any]],
    steps: Floats,
    metric: str,
    case: str,
    colour: str,
    dashes: str,
) -> None:
    curves: dict[Any, list[tuple[float, float]]] = {}
    for line, step in zip(lines, steps, strict=True):
        if line["case"] == case and line.get(metric) is not None:
            curves.setdefault(line["seed"], []).append((step, float(line[metric])))
    if not curves:
        return
    grid, values = _on_one_grid([np.array(sorted(curve)) for curve in curves.values()])
    if len(curves) > 1:
        band = (np.nanmin(values, axis=0), np.nanmax(values, axis=0))
        axes.fill_between(grid, *band, color=colour, alpha=0.2, linewidth=0)
    marker = "o" if len(grid) == 1 else None
    mean = np.nanmean(values, axis=0)
    axes.plot(grid, mean, dashes, color=colour, linewidth=1.8, label=case, marker=marker)


def _on_one_grid(curves: Sequence[Floats]) -> tuple[Floats, Floats]:
    """Interpolate curves (points, 2) on their common steps; NaN outside a curve's own range.

    Returns:
        Steps, shape (P,), and values, shape (curves, P).
    """
    grid = np.unique(np.concatenate([curve[:, 0] for curve in curves]))
    values = [np.interp(grid, c[:, 0], c[:, 1], left=np.nan, right=np.nan) for c in curves]
    return grid, np.array(values)
