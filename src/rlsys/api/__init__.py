"""The front door: everything that the commands do, for Python programs and notebooks.

`rlsys.run` and its like are these functions. The command line and plugins with commands of their
own build a `Request` and call them.
"""

from __future__ import annotations

from rlsys.api.door import compare, evaluate, load, run, train
from rlsys.api.exporting import export_request
from rlsys.api.job import run_request, train_request
from rlsys.api.judging import compare_request, evaluate_request
from rlsys.api.outcome import Comparison, Figure, Outcome
from rlsys.api.policy import TrainedPolicy
from rlsys.api.progress import reporter_for
from rlsys.api.request import Request
from rlsys.api.rows import ResultRow, Verdict
from rlsys.api.runs import Run, Series

__all__ = [
    "Comparison",
    "Figure",
    "Outcome",
    "Request",
    "ResultRow",
    "Run",
    "Series",
    "TrainedPolicy",
    "Verdict",
    "compare",
    "compare_request",
    "evaluate",
    "evaluate_request",
    "export_request",
    "load",
    "reporter_for",
    "run",
    "run_request",
    "train",
    "train_request",
]
