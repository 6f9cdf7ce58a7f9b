"""Mean rewards over the values of one setting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    pass
from rlsys.figures.sheet import COLOURS, MARKERS, legend_of, sheet


def sweep_figure(
    name: str,
    values: Sequence[Any],
    rows: Mapping[str, Mapping[str, Sequence[Mapping[str, Any]]]],
    path: str | Path,
) -> None:
    """Draw the mean reward of every controller over the values of a setting, one panel per case.

    Learned controllers are bold, oracles dashed, baselines thin; the band is the 95 % interval.

    Args:
        name: name of the setting.
        values: its values; numbers are drawn to scale, others side by side.
        rows: rows of a result document with their ``point``, by case and controller; see
            `rlsys.workflow.sweep.curves`.
        path: the PNG file.

    Raises:
        UserError: as in `sheet`.
    """
    numbers = all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)
    plain = [_plain(value) for value in values]
    spots = map(float, values) if numbers else range(len(plain))
    places = dict(zip(plain, spots, strict=True))
    with sheet(path, 7.0, 0.9 + 3.1 * len(rows)) as figure:
        panels = np.ravel(figure.subplots(len(rows), 1, sharex=True, squeeze=False))
        for axes, (case, controllers) in zip(panels, rows.items(), strict=True):
            for index, (controller, points) in enumerate(controllers.items()):
                x = [places[_plain(point["point"]["value"])] for point in points]
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
        handles, labels = legend_of(panels)
        figure.legend(handles, labels, loc="outside right upper")


_CURVES: dict[str, dict[str, Any]] = {
    "learned": {"linewidth": 2.4, "markersize": 5, "zorder": 3},
    "baseline": {"linewidth": 1.0, "markersize": 3},
    "oracle": {"linewidth": 1.4, "markersize": 3, "linestyle": "--"},
}


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
