"""Tuning: search an agent's settings, each trial a work unit, the study in one SQLite file.

The command line comes in here; plugins whose agents search keep their trials through this room.
"""

from __future__ import annotations

from rlsys.tuning.importance import importances, load_importances
from rlsys.tuning.study import (
    STUDY_FILE,
    close_storage,
    fail_running,
    finished_trials,
    open_storage,
    open_study,
    readable_errors,
    seeded,
)

__all__ = [
    "STUDY_FILE",
    "close_storage",
    "fail_running",
    "finished_trials",
    "importances",
    "load_importances",
    "open_storage",
    "open_study",
    "readable_errors",
    "seeded",
]
