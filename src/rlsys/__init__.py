"""rlsys: train, prove and ship learned controllers for computer systems.

The public names below load on first use, so that ``import rlsys`` stays light.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rlsys.controllers import Controller, NetworkController, Oracle
    from rlsys.hookspecs import hookimpl
    from rlsys.network import Network

__version__ = "0.1.0"

_EXPORTS = {
    "Controller": "rlsys.controllers",
    "Network": "rlsys.network",
    "NetworkController": "rlsys.controllers",
    "Oracle": "rlsys.controllers",
    "hookimpl": "rlsys.hookspecs",
}

__all__ = ["Controller", "Network", "NetworkController", "Oracle", "__version__", "hookimpl"]


def __getattr__(name: str) -> Any:
    if name in _EXPORTS:
        import importlib

        return getattr(importlib.import_module(_EXPORTS[name]), name)
    raise AttributeError(f"module 'rlsys' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
