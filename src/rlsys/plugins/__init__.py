"""Plugins: found, loaded one by one, asked what they provide, and told how a run goes.

Everyone above the vocabulary may come in.  It is imported whenever the command line starts, so
nothing heavy is imported here.
"""

from __future__ import annotations

from rlsys.plugins.manager import ENTRY_POINT_GROUP, LoadedPlugin, PluginManager, PluginOptions
from rlsys.plugins.registry import Registry
from rlsys.plugins.requirements import check_requirements, in_ci, is_met
from rlsys.plugins.run_events import RunEvents
from rlsys.plugins.waiting import when_imported
from rlsys.plugins.workplace import Workplace

__all__ = [
    "ENTRY_POINT_GROUP",
    "LoadedPlugin",
    "PluginManager",
    "PluginOptions",
    "Registry",
    "RunEvents",
    "Workplace",
    "check_requirements",
    "in_ci",
    "is_met",
    "when_imported",
]
