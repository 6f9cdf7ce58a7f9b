"""Numba's decorators with types, and a cache on disk that notices every change.

Numba compiles a function anew only if the file in which it stands has changed, not if one that it
calls has. So here a package's compiled code counts only if it is newer than all of its files.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

from numba import njit

_Function = TypeVar("_Function", bound=Callable[..., Any])


def compiled(function: _Function) -> _Function:
    """Compile `function` at its first call, without Python objects, and cache it on disk.

    A compiled function keeps its static signature.
    """
    _forget_outdated(function.__module__.partition(".")[0])
    return cast(_Function, njit(cache=True)(function))


def kernel(function: _Function) -> _Function:
    """Do so without counting references, and merged into its callers.

    Such a function can make no arrays. But it reads an array out of a tuple for nothing, where
    counting costs two atomic operations each time; in a simulator that is a factor of 6 to 20.
    """
    _forget_outdated(function.__module__.partition(".")[0])
    options: dict[str, Any] = {"_nrt": False, "forceinline": True}
    return cast(_Function, njit(cache=True, **options)(function))


@cache
def _forget_outdated(package: str) -> None:
    """Remove a package's compiled code if it is older than a file of the package, once."""
    # A single file, such as a script, is no package: its folder may hold anything.
    for folder in map(Path, getattr(sys.modules.get(package), "__path__", ())):
        newest = max((file.stat().st_mtime_ns for file in folder.rglob("*.py")), default=0)
        # Where it may not be removed it may not be written either, so there is none.
        with contextlib.suppress(OSError):
            for file in folder.rglob("__pycache__/*.nb[ic]"):
                if file.stat().st_mtime_ns < newest:
                    file.unlink(missing_ok=True)
