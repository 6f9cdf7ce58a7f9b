"""Tune the running Linux for a benchmark: kernel parameters, always put back."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from rlsys.plugins import when_imported

if TYPE_CHECKING:
    from rlsys_sysctl.optimizing import Tuned, optimize

__all__ = ["Tuned", "optimize"]

# Listing plugins imports this package and must not import Gymnasium.
when_imported("gymnasium.envs", "rlsys_sysctl.registration:register")


def __getattr__(name: str) -> Any:
    """Import `optimize` and `Tuned` when they are first used."""
    if name in __all__:
        return getattr(importlib.import_module("rlsys_sysctl.optimizing"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
