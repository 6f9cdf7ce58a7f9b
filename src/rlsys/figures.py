"""Figures of any run: learning curves and the comparison of controllers, in one house style.

matplotlib comes with an extra and is imported when a figure is drawn.  No window system and no
global state of matplotlib is touched, so that figures can be drawn in workers and servers.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rlsys.descriptors import Requirement
from rlsys.errors import UserError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]

MATPLOTLIB = Requirement(name="matplotlib", mend="pip install 'rlsys[figures]'")
"""To be checked before the work that ends with a figure."""

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Told apart by colour-blind readers too (Okabe and Ito, Color Universal Design, 2008)."""

GREY = "#6b6b6b"

DASHES = ("-", "--", "-.", ":")
"""One for each round through `COLOURS`."""

MARKERS = ("o", "s", "^")
"""The same, where dashes already tell something else."""

_PANEL_HEIGHT = 2.7
_SCALES_APART = 10
_MOST_IN_LEGEND = 20
_LETTER_SHARE = 0.0105
"""Of the width of a training panel, for a letter of an agent's name."""

_STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9.0,
    "axes.titlesize": 10.0,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.edgecolor": GREY,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": "#e4e4e4",
    "grid.linewidth": 0.6,
    "hatch.linewidth": 0.6,
    "legend.frameon": False,
    "xtick.color": "#333333",
    "ytick.color": "#333333",
    "figure.dpi": 150.0,
    "savefig.dpi": 150.0,
}

_KINDS: dict[str, dict[str, Any]] = {
    "learned": {"label": "learned", "facecolor": COLOURS[0], "hatch": ""},
    "baseline": {"label": "baseline", "facecolor": "#d0d0d0", "hatch": "...."},
    "oracle": {"label": "oracle", "facecolor": "#ffffff", "hatch": "////"},
}
"""How a bar shows what kind of controller it is: filled, dotted or striped, also without colour."""


@dataclass(frozen=True)
class Panel:
    """One metric over training.

    Attributes:
        metric: its key in the lines.
        label: for the axis, with the unit.
        levels: for each case, values to compare with by name, such as a baseline's or the
            optimum; drawn as labelled horizontal lines in the case's colour.
    """

    metric: str
    label: str
    levels: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


@contextmanager
def sheet(path: str | Path, width: float, height: float) -> Iterator[Figure]:
    """Yield an empty figure in the house style and write it to `path` as PNG afterwards.

    Plugins draw their own figures with it, too.

    Args:
        path: the file, replaced as a whole.
        width, height: inches.

    Raises:
        UserError: matplotlib is missing, or the file cannot be written.

    Example::

        with sheet("chart.png", 8, 4) as figure:
            axes = figure.subplots()
            axes.plot([1, 2, 3])
    """
    try:
        import matplotlib
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise UserError(
            f"figures need matplotlib ({error}): pip install 'rlsys[figures]'"
        ) from error
    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(figure)
        yield figure
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", metadata={"Software": None})
    target = Path(path)
    partial = target.with_name(target.name + ".part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(buffer.getvalue())
        os.replace(partial, target)
    except OSError as error:
        if partial.exists():
            partial.unlink()
        raise UserError(f"{target}: figure cannot be written: {error.strerror}") from error


def training_figure(
    lines: Sequence[Mapping[str, Any]], panels: Sequence[Panel], path: str | Path
) -> None:
    """Draw each metric over the environment steps of all agents of the pipeline, one after another.

    One colour a case; with several training seeds the bold line is their mean and the band reaches
    from the lowest to the highest.  Where an agent begins, a dotted line bears its name.

    Args:
        lines: of ``metrics.jsonl``: `case`, `seed`, `agent`, `step`, `total`, and metrics.
        panels: one below the other.
        path: the PNG file.

    Raises:
        UserError: no line has any of the metrics, or as `sheet`.
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
    with sheet(path, 8.0, 0.8 + _PANEL_HEIGHT * len(panels)) as figure:
        rows = np.ravel(figure.subplots(len(panels), 1, sharex=True, squeeze=False))
        for axes, panel in zip(rows, panels, strict=True):
            for case in cases:
                _draw_curve(axes, lines, steps, panel.metric, case, *looks[case])
            axes.set_ylabel(panel.label)
            _draw_levels(axes, panel.levels, looks)
            axes.margins(x=0.01)
        if _agents_differ_in_scale(lines, steps):
            rows[-1].set_xscale("log")
        _mark_agents(rows, lines, steps)
        band = "; mean of the seeds, band from lowest to highest"
        several = len({line["seed"] for line in lines}) > 1
        rows[-1].set_xlabel("environment steps of all agents" + (band if several else ""))
        rows[-1].xaxis.set_major_formatter(_short_numbers())
        handles, labels = _legend_of(rows)
        figure.legend(handles, labels, loc="outside upper left", ncols=min(len(cases), 5))


def learning_figure(
    lines: Sequence[Mapping[str, Any]], metric: str, label: str, path: str | Path
) -> bool:
    """Draw one metric over the environment steps, a panel a case and a line a part of it.

    A metric with parts is reported as ``metric[0]``, ``metric[1]`` and so on. Lines are means over
    training seeds, bands reach from the lowest to the highest.

    Args:
        lines: as for `training_figure`.
        label: for the axis, with the unit.

    Returns:
        Whether any line reports the metric; otherwise nothing is drawn.

    Raises:
        UserError: as `sheet`.
    """
    found = {key for line in lines for key in line if key == metric or key.startswith(f"{metric}[")}
    parts = sorted(found, key=lambda key: int(key[len(metric) + 1 : -1] or 0))
    reporting = [line for line in lines if found & line.keys()]
    if not reporting:
        return False
    steps = cumulated_steps(lines)
    cases = list(dict.fromkeys(str(line["case"]) for line in reporting))
    with sheet(path, 8.0, 0.8 + _PANEL_HEIGHT * len(cases)) as figure:
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
        rows[-1].xaxis.set_major_formatter(_short_numbers())
        if 1 < len(parts) <= _MOST_IN_LEGEND:
            handles, labels = _legend_of(rows)
            figure.legend(handles, labels, loc="outside right upper")
    return True


def cumulated_steps(lines: Sequence[Mapping[str, Any]]) -> Floats:
    """Return each line's environment steps since the first agent began, shape (len(lines),).

    An agent begins where those before it in the same case and seed have ended.
    """
    lengths: dict[tuple[Any, Any], dict[str, float]] = {}
    for line in lines:
        agents = lengths.setdefault((line["case"], line["seed"]), {})
        longest = max(agents.get(line["agent"], 0.0), float(line["step"]))
        agents[line["agent"]] = max(longest, float(line["total"]))
    steps = np.empty(len(lines))
    for index, line in enumerate(lines):
        agents = lengths[(line["case"], line["seed"])]
        earlier = list(agents)[: list(agents).index(line["agent"])]
        steps[index] = sum(agents[agent] for agent in earlier) + float(line["step"])
    return steps


def comparison_figure(results: Sequence[Mapping[str, Any]], path: str | Path) -> None:
    """Draw the mean reward of every controller with its 95 % interval, one panel a case.

    The best stands at the top.  Learned controllers, baselines and oracles differ in their fill.

    Args:
        results: entries of a result document's ``results``; those of other metrics are left out.
        path: the PNG file.

    Raises:
        UserError: no result has the metric ``reward``, or as `sheet`.
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


def sweep_figure(
    name: str,
    values: Sequence[Any],
    rows: Mapping[str, Mapping[str, Sequence[Mapping[str, Any]]]],
    path: str | Path,
) -> None:
    """Draw the mean reward of every controller over the values of a setting, one panel a case.

    Learned controllers are bold, oracles dashed, baselines thin; the band is the 95 % interval.

    Args:
        name: of the setting.
        values: that it took; numbers are drawn to scale, others side by side.
        rows: by case and controller the rows of a result document whose case begins with
            ``name=value``, see `rlsys.sweep.curves`.
        path: the PNG file.

    Raises:
        UserError: as `sheet`.
    """
    numbers = all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)
    places = {f"{name}={v}": float(v) if numbers else i for i, v in enumerate(map(_plain, values))}
    with sheet(path, 7.0, 0.9 + 3.1 * len(rows)) as figure:
        panels = np.ravel(figure.subplots(len(rows), 1, sharex=True, squeeze=False))
        for axes, (case, controllers) in zip(panels, rows.items(), strict=True):
            for index, (controller, points) in enumerate(controllers.items()):
                x = [places[point["case"].partition("/")[0]] for point in points]
                mean, low, high = (
                    np.array([point[key] for point in points]) for key in ("mean", "low", "high")
                )
                colour = COLOURS[index % len(COLOURS)]
                marker = MARKERS[index // len(COLOURS) % len(MARKERS)]
                look = _CURVES[points[0]["kind"]]
                axes.fill_between(x, low, high, color=colour, alpha=0.15, linewidth=0)
                axes.plot(x, mean, color=colour, marker=marker, label=controller, **look)
            axes.set_title(case)
            axes.set_ylabel("mean episode reward")
        panels[-1].set_xlabel(f"{name}; band: 95 % interval")
        panels[-1].set_xticks(list(places.values()), [_plain(value) for value in values])
        handles, labels = _legend_of(panels)
        figure.legend(handles, labels, loc="outside right upper")


_CURVES: dict[str, dict[str, Any]] = {
    "learned": {"linewidth": 2.4, "markersize": 5, "zorder": 3},
    "baseline": {"linewidth": 1.0, "markersize": 3},
    "oracle": {"linewidth": 1.4, "markersize": 3, "linestyle": "--"},
}


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _agents_differ_in_scale(lines: Sequence[Mapping[str, Any]], steps: Floats) -> bool:
    """Return whether on a linear axis a later agent would squeeze the first one out of sight."""
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
        if line["case"] == case and metric in line:
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
    """Interpolate curves (points, 2) at the steps of all of them; NaN outside a curve's own span.

    Returns:
        Steps, shape (P,), and values, shape (curves, P).
    """
    grid = np.unique(np.concatenate([curve[:, 0] for curve in curves]))
    values = [np.interp(grid, c[:, 0], c[:, 1], left=np.nan, right=np.nan) for c in curves]
    return grid, np.array(values)


def _draw_levels(
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
    gap = 0.17 * (high - low) / _PANEL_HEIGHT  # inches that a line of text takes, roughly
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


def _mark_agents(rows: Any, lines: Sequence[Mapping[str, Any]], steps: Floats) -> None:
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
        # The lowest line of text above the panel that is free where this name begins.
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


def _legend_of(rows: Any) -> tuple[list[Any], list[str]]:
    found: dict[str, Any] = {}
    for axes in rows:
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            found.setdefault(label, handle)
    return list(found.values()), list(found)


def _short_numbers() -> Any:
    from matplotlib.ticker import EngFormatter

    return EngFormatter(sep="")


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


def _number(value: float) -> str:
    plain = value == 0 or 0.1 <= abs(value) < 1e5
    return (f"{value:.2f}" if plain else f"{value:.3g}").replace("-", "\N{MINUS SIGN}")


def _unit(results: Sequence[Mapping[str, Any]]) -> str:
    unit = results[0].get("unit", "")
    return f" ({unit})" if unit else ""


def _swatch(kind: str) -> Any:
    from matplotlib.patches import Patch

    look = {key: value for key, value in _KINDS[kind].items() if key != "label"}
    return Patch(edgecolor="#333333", linewidth=0.7, **look)
