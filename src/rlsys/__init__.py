"""rlsys: train, prove and ship learned controllers for computer systems.

    run = rlsys.run("cart-pole", seed=1)
    action = run.policy()(observation)

The public names below load on first use, so that ``import rlsys`` stays light.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rlsys.api import Run, compare, evaluate, load, run, train
    from rlsys.controllers import Controller, NetworkController, Oracle
    from rlsys.hookspecs import hookimpl
    from rlsys.network import Network

__version__ = "0.1.0"

_EXPORTS = {
    "Controller": "rlsys.controllers",
    "Network": "rlsys.network",
    "NetworkController": "rlsys.controllers",
    "Oracle": "rlsys.controllers",
    "Run": "rlsys.api",
    "compare": "rlsys.api",
    "evaluate": "rlsys.api",
    "hookimpl": "rlsys.hookspecs",
    "load": "rlsys.api",
    "run": "rlsys.api",
    "train": "rlsys.api",
}

__all__ = [
    "Controller",
    "Network",
    "NetworkController",
    "Oracle",
    "Run",
    "__version__",
    "compare",
    "evaluate",
    "hookimpl",
    "load",
    "run",
    "train",
]


def __getattr__(name: str) -> Any:
    if name in _EXPORTS:
        import importlib

        return getattr(importlib.import_module(_EXPORTS[name]), name)
    raise AttributeError(f"module 'rlsys' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
