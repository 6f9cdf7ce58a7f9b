"""Tuning: search an agent's settings, each trial a work unit, the study in one SQLite file.

The command line comes in here; plugins whose agents search share its study.
"""

from __future__ import annotations

from rlsys.tuning.study import importances, load_importances

__all__ = ["importances", "load_importances"]
