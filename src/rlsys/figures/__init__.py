"""The figures of a run, in one house style; plugins draw their own figures in the same style.

The higher packages (workflow, command line) and plugins import from here.
"""

from __future__ import annotations

from rlsys.figures.comparison import comparison_figure
from rlsys.figures.sheet import COLOURS, DASHES, GREY, MARKERS, MATPLOTLIB, sheet
from rlsys.figures.sweep import sweep_figure
from rlsys.figures.training import Panel, cumulated_steps, learning_figure, training_figure

__all__ = [
    "COLOURS",
    "DASHES",
    "GREY",
    "MARKERS",
    "MATPLOTLIB",
    "Panel",
    "comparison_figure",
    "cumulated_steps",
    "learning_figure",
    "sheet",
    "sweep_figure",
    "training_figure",
]
