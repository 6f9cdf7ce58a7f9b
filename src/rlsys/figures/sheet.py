"""The house style of all figures, and the sheet that they are drawn on.

matplotlib is an optional dependency and is imported when a figure is drawn.  Drawing needs no
window system and changes no global state of matplotlib, so it works in workers and servers.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rlsys.descriptors import Requirement
from rlsys.errors import UserError

if TYPE_CHECKING:
    from matplotlib.figure import Figure
from rlsys.storage.atomic import write_atomically

Floats = NDArray[np.float64]

MATPLOTLIB = Requirement(name="matplotlib", fix="pip install 'rlsys[figures]'")
"""Check this before starting work that ends with a figure."""

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Colour-blind readers can tell these apart (Okabe and Ito, Color Universal Design, 2008)."""

GREY = "#6b6b6b"

DASHES = ("-", "--", "-.", ":")
"""One for each pass through `COLOURS`."""

MARKERS = ("o", "s", "^")
"""The same, for figures in which dashes already have another meaning."""

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


@contextmanager
def sheet(path: str | Path, width: float, height: float) -> Iterator[Figure]:
    """Yield an empty figure in the house style, and afterwards write it to `path` as PNG.

    Plugins also draw their own figures with it.

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
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(target, buffer.getvalue())
    except OSError as error:
        raise UserError(f"{target}: figure cannot be written: {error.strerror}") from error


def legend_of(rows: Any) -> tuple[list[Any], list[str]]:
    found: dict[str, Any] = {}
    for axes in rows:
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            found.setdefault(label, handle)
    return list(found.values()), list(found)


def short_numbers() -> Any:
    from matplotlib.ticker import EngFormatter

    return EngFormatter(sep="")
