"""Tune the running Linux for a benchmark: kernel parameters, always put back.

`gymnasium.make("rlsys_sysctl:rlsys/Sysctl-v0")` imports this package, and expects that it registers
its environment. So importing it imports Gymnasium. Some programs must be quick and work whatever
else is broken: the `rlsys` command, which restores the machine, the watchdog and the benchmarks.
They do without; `rlsys_sysctl.vector_env` registers where one of them needs the environment.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rlsys_sysctl.optimizing import Tuned, optimize

__all__ = ["Tuned", "optimize"]

# While `python -m` looks for its module, argv[0] is "-m"; the watchdog sets it, too.
_PROGRAM = "rlsys.cli.main" in sys.modules or sys.argv[:1] == ["-m"]

if "gymnasium" in sys.modules or not _PROGRAM:
    from rlsys_sysctl.registration import register

    register()


def __getattr__(name: str) -> Any:
    """Import `optimize` and `Tuned` when they are first used."""
    if name in __all__:
        return getattr(importlib.import_module("rlsys_sysctl.optimizing"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
