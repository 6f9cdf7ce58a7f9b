"""Numba's decorators with types, and a cache on disk that notices every change.

Numba compiles a function anew only if the file in which it stands has changed, not if one that it
calls has. So here compiled code counts only if it was made from the files that its package has now.
"""

from __future__ import annotations

import contextlib
import hashlib
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

from numba import njit

from rlsys.batched.announcement import announce
from rlsys.storage.atomic import write_atomically
from rlsys.storage.hashing import file_hash

_Function = TypeVar("_Function", bound=Callable[..., Any])
_MADE_FROM = "compiled-from.sha256"


def compiled(function: _Function) -> _Function:
    """Compile `function` at its first call, without Python objects, and cache it on disk.

    A compiled function keeps its static signature. One of a script is not cached: what a script
    calls may change without it.
    """
    return _compiled(function, {})


def kernel(function: _Function) -> _Function:
    """Do so without counting references, and merged into its callers.

    Such a function can make no arrays. But it reads an array out of a tuple for nothing, where
    counting costs two atomic operations each time; in a simulator that is a factor of 6 to 20.
    """
    return _compiled(function, {"_nrt": False, "forceinline": True})


def _compiled(function: _Function, options: dict[str, Any]) -> _Function:
    announce()
    package = function.__module__.partition(".")[0]
    made_from = _content(package)
    if made_from is None:
        return cast(_Function, njit(**options)(function))
    try:
        dispatcher = njit(cache=True, **options)(function)
    except RuntimeError:  # no folder can be written, as in a container that is read-only
        return cast(_Function, njit(**options)(function))
    _forget_outdated(dispatcher.stats.cache_path, made_from)
    return cast(_Function, dispatcher)


@cache
def _content(package: str) -> str | None:
    """Return a hash of all files of a package; None: it is a single file, such as a script."""
    folders = sorted(getattr(sys.modules.get(package), "__path__", ()))
    if not folders:
        return None
    found = hashlib.sha256()
    for folder in map(Path, folders):
        for file in sorted(folder.rglob("*.py")):
            found.update(f"{file.relative_to(folder)} {file_hash(file)}\n".encode())
    return found.hexdigest()


@cache
def _forget_outdated(folder: str, made_from: str) -> None:
    """Remove a folder's compiled code if it was made from other files, once."""
    mark = Path(folder) / _MADE_FROM
    with contextlib.suppress(OSError):
        if mark.read_text(encoding="ascii") == made_from:
            return
    # Where it may not be removed it may not be written either, so there is none.
    with contextlib.suppress(OSError):
        for file in Path(folder).glob("*.nb[ic]"):
            file.unlink(missing_ok=True)
        Path(folder).mkdir(parents=True, exist_ok=True)
        write_atomically(mark, made_from)
