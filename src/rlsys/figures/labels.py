"""Labels of learning curves: reference values at the side, agents along the top."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
from rlsys.figures.sheet import GREY, Floats

PANEL_HEIGHT = 2.7
"""Inches."""

_LETTER_SHARE = 0.0105
"""Width of one letter of an agent's name, as a share of a training panel's width."""


def draw_levels(
    axes: Axes, levels: Mapping[str, Mapping[str, float]], looks: Mapping[str, tuple[str, str]]
) -> None:
    drawn = [
        (float(value), name, looks[case][0])
        for case, named in levels.items()
        if case in looks
        for name, value in named.items()
    ]
    if not drawn:
        return
    for value, _, colour in drawn:
        axes.axhline(value, color=colour, linewidth=0.9, linestyle=(0, (5, 3)))
    drawn.sort()
    low, high = axes.get_ylim()
    gap = 0.17 * (high - low) / PANEL_HEIGHT  # 0.17 inches: roughly one line of text
    places = _spread([value for value, _, _ in drawn], gap, high - gap / 2)
    for place, (value, name, colour) in zip(places, drawn, strict=True):
        axes.annotate(
            f"{name} {value:.4g}",
            (1.01, place),
            xycoords=("axes fraction", "data"),
            color=colour,
            fontsize=8,
            va="center",
        )


def _spread(values: Sequence[float], gap: float, top: float) -> list[float]:
    """Move ascending `values` until neighbours are `gap` apart and none is above `top`."""
    # Each group of touching labels is centred on the mean of its values.
    groups: list[list[float]] = []
    for value in values:
        groups.append([value])
        while len(groups) > 1 and _bottom(groups[-1], gap) < _top(groups[-2], gap) + gap:
            groups[-2:] = [groups[-2] + groups[-1]]
    places = [_bottom(group, gap) + gap * index for group in groups for index in range(len(group))]
    for index in reversed(range(len(places))):
        places[index] = min(places[index], top)
        top = places[index] - gap
    return places


def _bottom(group: Sequence[float], gap: float) -> float:
    return sum(group) / len(group) - gap * (len(group) - 1) / 2


def _top(group: Sequence[float], gap: float) -> float:
    return _bottom(group, gap) + gap * (len(group) - 1)


def mark_agents(rows: Any, lines: Sequence[Mapping[str, Any]], steps: Floats) -> None:
    begins: dict[tuple[str, float], None] = {}
    for line, step in zip(lines, steps, strict=True):
        begins[(str(line["agent"]), step - float(line["step"]))] = None
    if len({agent for agent, _ in begins}) < 2:
        return
    low = rows[0].get_xlim()[0]  # above 0 on a logarithmic axis
    ends: list[float] = []
    for agent, begin in sorted(begins, key=lambda pair: pair[1]):
        for axes in rows:
            if begin >= low:
                axes.axvline(begin, color=GREY, linewidth=0.8, linestyle=":")
        seen_at = rows[0].transData.transform((max(begin, low), 0))
        place = float(rows[0].transAxes.inverted().transform(seen_at)[0])
        # The lowest line of text above the panel that is free at this position.
        level = next((i for i, end in enumerate(ends) if end <= place), len(ends))
        ends[level : level + 1] = [place + _LETTER_SHARE * (len(agent) + 1)]
        rows[0].annotate(
            agent,
            (place, 1.0),
            xycoords="axes fraction",
            xytext=(0, 3 + 10 * level),
            textcoords="offset points",
            fontsize=7.5,
            color=GREY,
        )
