"""Finds plugins, loads each on its own, asks what they provide, and sends them run events.

Every package above the vocabulary may import from here.  The command line imports it at every
start, so it imports nothing heavy.
"""

from __future__ import annotations

from rlsys.plugins.manager import ENTRY_POINT_GROUP, LoadedPlugin, PluginManager, PluginOptions
from rlsys.plugins.registry import Registry
from rlsys.plugins.requirements import check_requirements, in_ci, is_met
from rlsys.plugins.run_events import RunEvents
from rlsys.plugins.workplace import Reporter, Workplace

__all__ = [
    "ENTRY_POINT_GROUP",
    "LoadedPlugin",
    "PluginManager",
    "PluginOptions",
    "Registry",
    "Reporter",
    "RunEvents",
    "Workplace",
    "check_requirements",
    "in_ci",
    "is_met",
]
