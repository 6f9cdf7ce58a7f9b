"""Numba's decorator with types: a compiled function keeps its static signature."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

_Function = TypeVar("_Function", bound=Callable[..., Any])


def compiled(function: _Function) -> _Function:
    """Compile `function` at its first call, without Python objects, and cache it on disk."""
    return cast(_Function, njit(cache=True)(function))
