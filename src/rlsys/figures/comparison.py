"""The figure that compares controllers: mean reward with its interval, best at the top."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rlsys.errors import UserError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
from rlsys.figures.sheet import COLOURS, GREY, sheet

_KINDS: dict[str, dict[str, Any]] = {
    "learned": {"label": "learned", "facecolor": COLOURS[0], "hatch": ""},
    "baseline": {"label": "baseline", "facecolor": "#d0d0d0", "hatch": "...."},
    "oracle": {"label": "oracle", "facecolor": "#ffffff", "hatch": "////"},
}
"""The fill of a bar shows the kind of controller, even without colour: solid, dotted, striped."""


def comparison_figure(
    results: Sequence[Mapping[str, Any]],
    path: str | Path,
    levels: Mapping[str, Mapping[str, float]] | None = None,
) -> None:
    """Draw the mean reward of every controller with its 95 % interval, one panel per case.

    The best is at the top.  Learned controllers, baselines and oracles have different fills.

    Args:
        results: entries of a result document's ``results``; other metrics are ignored.
        path: the PNG file.
        levels: by case, rewards to mark by a line, with their names.

    Raises:
        UserError: no result has the metric ``reward``, or as in `sheet`.
    """
    rewards = [result for result in results if result["metric"] == "reward"]
    if not rewards:
        raise UserError("no comparison to draw: no result has the metric 'reward'")
    cases = list(dict.fromkeys(str(result["case"]) for result in rewards))
    most = max(sum(r["case"] == case for r in rewards) for case in cases)
    columns = min(2, len(cases))
    rows = -(-len(cases) // columns)
    with sheet(path, 5.2 * columns, rows * (0.75 + 0.3 * most) + 0.35) as figure:
        grid = np.ravel(figure.subplots(rows, columns, squeeze=False))
        for axes, case in zip(grid, cases, strict=False):
            shown = sorted((r for r in rewards if r["case"] == case), key=lambda r: r["mean"])
            _draw_bars(axes, shown)
            _draw_levels(axes, (levels or {}).get(case, {}))
            axes.set_title(case)
        for axes in grid[len(cases) :]:
            axes.set_visible(False)
        kinds = [kind for kind in _KINDS if any(r["kind"] == kind for r in rewards)]
        figure.legend(
            [_swatch(kind) for kind in kinds],
            [_KINDS[kind]["label"] for kind in kinds],
            loc="outside upper left",
            ncols=len(kinds),
        )


def _draw_bars(axes: Axes, results: Sequence[Mapping[str, Any]]) -> None:
    means = np.array([result["mean"] for result in results], dtype=float)
    places = np.arange(len(results))
    for place, result in zip(places, results, strict=True):
        look = {key: value for key, value in _KINDS[result["kind"]].items() if key != "label"}
        axes.barh(place, result["mean"], height=0.66, edgecolor="#333333", linewidth=0.7, **look)
    errors = np.array([[r["mean"] - r["low"], r["high"] - r["mean"]] for r in results]).T
    axes.errorbar(
        means, places, xerr=np.maximum(errors, 0.0), fmt="none", ecolor="#111111",
        elinewidth=1.0, capsize=2.5,
    )  # fmt: skip
    for place, result in zip(places, results, strict=True):
        right = result["mean"] >= 0
        axes.annotate(
            _number(result["mean"]),
            (max(result["high"], 0.0) if right else min(result["low"], 0.0), place),
            xytext=(4 if right else -4, 0),
            textcoords="offset points",
            ha="left" if right else "right",
            va="center",
            fontsize=8,
        )
    axes.axvline(0.0, color=GREY, linewidth=0.8)
    axes.set_yticks(places, [result["controller"] for result in results])
    for label, result in zip(axes.get_yticklabels(), results, strict=True):
        label.set_fontweight("bold" if result["kind"] == "learned" else "normal")
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")
    axes.margins(x=0.16 if means.min() >= 0 or means.max() <= 0 else 0.24)
    axes.set_xlabel(f"mean episode reward{_unit(results)}, 95 % interval")


def _draw_levels(axes: Axes, levels: Mapping[str, float]) -> None:
    for value in levels.values():
        axes.axvline(value, color=COLOURS[1], linewidth=1.2, linestyle=(0, (5, 3)))
    # Below the axis, where no bar or number is in the way.
    lines = [f"dashed line: {name} {_number(value)}" for name, value in levels.items()]
    axes.set_xlabel("\n".join([axes.get_xlabel(), *lines]))


def _number(value: float) -> str:
    plain = value == 0 or 0.1 <= abs(value) < 1e5
    return (f"{value:z.2f}" if plain else f"{value:.3g}").replace("-", "\N{MINUS SIGN}")


def _unit(results: Sequence[Mapping[str, Any]]) -> str:
    unit = results[0].get("unit", "")
    return f" ({unit})" if unit else ""


def _swatch(kind: str) -> Any:
    from matplotlib.patches import Patch

    look = {key: value for key, value in _KINDS[kind].items() if key != "label"}
    return Patch(edgecolor="#333333", linewidth=0.7, **look)
