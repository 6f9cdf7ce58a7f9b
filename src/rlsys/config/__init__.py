"""Configuration: documents with places and layers, and the plan that a run follows.

The core's higher packages and the plugins import from here. It uses `rlsys.plugins` to look up
names.
"""

from __future__ import annotations

from rlsys.config.document import (
    Document,
    assignment,
    format_path,
    load_resource,
    load_yaml,
    parse_assignment,
    parse_yaml,
    validate,
)
from rlsys.config.plan import Overrides, Plan, PlannedExport, RunConfig, plan_of, resolve_plan

__all__ = [
    "Document",
    "Overrides",
    "Plan",
    "PlannedExport",
    "RunConfig",
    "assignment",
    "format_path",
    "load_resource",
    "load_yaml",
    "parse_assignment",
    "parse_yaml",
    "plan_of",
    "resolve_plan",
    "validate",
]
