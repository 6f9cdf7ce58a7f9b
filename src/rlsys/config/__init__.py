"""Configuration: documents with places and layers, and the plan that a run follows.

The core's upper rooms and plugins come in here; it needs the room `rlsys.plugins` to look names up.
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
