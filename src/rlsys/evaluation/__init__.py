"""Evaluation: play held-out episodes, and say what they show and how certain that is.

The higher packages (tuning, workflow, command line) and plugins import from here.
"""

from __future__ import annotations

from rlsys.evaluation.evaluate import Evaluation, evaluate, make_baseline
from rlsys.evaluation.report import (
    cases_of,
    closed_share,
    closed_share_text,
    levels_of,
    markdown,
    ranked,
    result_document,
    scalar_metrics,
    threshold_lines,
    values_of,
)
from rlsys.evaluation.statistics import (
    ClosedGap,
    Summary,
    better,
    gap_closed,
    interquartile_mean,
    paired_difference,
    summarise,
)
from rlsys.evaluation.verdicts import Verdict, verdicts_of

__all__ = [
    "ClosedGap",
    "Evaluation",
    "Summary",
    "Verdict",
    "better",
    "cases_of",
    "closed_share",
    "closed_share_text",
    "evaluate",
    "gap_closed",
    "interquartile_mean",
    "levels_of",
    "make_baseline",
    "markdown",
    "paired_difference",
    "ranked",
    "result_document",
    "scalar_metrics",
    "summarise",
    "threshold_lines",
    "values_of",
    "verdicts_of",
]
