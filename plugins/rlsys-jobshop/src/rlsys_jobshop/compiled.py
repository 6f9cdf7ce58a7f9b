"""Numba's decorators with types: a compiled function keeps its static signature."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

_Function = TypeVar("_Function", bound=Callable[..., Any])


def compiled(function: _Function) -> _Function:
    """Compile `function` at its first call, without Python objects, and cache it on disk."""
    return cast(_Function, njit(cache=True)(function))


def kernel(function: _Function) -> _Function:
    """Do so without counting references, and merged into its callers.

    Such a function can make no arrays. But it reads an array out of a tuple for nothing, where
    counting costs two atomic operations each time; in the simulator that is a factor of 6 to 20.
    """
    options: dict[str, Any] = {"_nrt": False, "forceinline": True}
    return cast(_Function, njit(cache=True, **options)(function))
