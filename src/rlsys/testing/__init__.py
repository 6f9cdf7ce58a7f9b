"""Helpers for the tests of plugins: conformance classes, and fixtures from a pytest plugin.

A test class that derives from one of the classes below inherits one test for each requirement of
the contract. Every failure says how to fix it. See ``docs/testing.md``.

The names load on first use, because pytest imports this package wherever rlsys is installed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rlsys.testing.agents.conformance import AgentConformance
    from rlsys.testing.environments.conformance import EnvironmentConformance
    from rlsys.testing.exporters.conformance import ExporterConformance

_MODULES = {
    "AgentConformance": "rlsys.testing.agents.conformance",
    "EnvironmentConformance": "rlsys.testing.environments.conformance",
    "ExporterConformance": "rlsys.testing.exporters.conformance",
}

__all__ = ["AgentConformance", "EnvironmentConformance", "ExporterConformance"]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        import importlib

        return getattr(importlib.import_module(_MODULES[name]), name)
    raise AttributeError(f"module 'rlsys.testing' has no attribute {name!r}")
