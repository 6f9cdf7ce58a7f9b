"""Nested state on disk without pickle: what training needs to resume exactly where it stopped."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsys.errors import UserError
from rlsys.storage.archive import read_archive, write_archive

_ARRAY = "__array__"


def save_state(path: Path, state: Mapping[str, Any]) -> None:
    """Write nested mappings, lists, numbers, strings, None and arrays to a ``.npz``, atomically.

    Raises:
        TypeError: a value has another type.
    """
    arrays: dict[str, NDArray[Any]] = {}
    write_archive(path, _split(state, arrays), arrays)


def load_state(path: Path) -> dict[str, Any]:
    """Read what `save_state` wrote.

    Raises:
        UserError: the file is truncated or of another kind.
    """
    skeleton, arrays = read_archive(path, "checkpoint")
    try:
        state = _join(skeleton, arrays)
    except KeyError as error:
        raise UserError(
            f"{path}: not a readable checkpoint file: array {error} is missing"
        ) from error
    if not isinstance(state, dict):
        raise UserError(f"{path}: not a readable checkpoint file: it does not contain a mapping")
    return state


def _split(value: Any, arrays: dict[str, NDArray[Any]]) -> Any:
    if isinstance(value, np.ndarray):
        name = f"a{len(arrays)}"
        arrays[name] = value
        return {_ARRAY: name}
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise TypeError(f"state keys must be strings, not {list(value)!r}")
        return {key: _split(item, arrays) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_split(item, arrays) for item in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"state cannot hold {type(value).__name__}")


def _join(value: Any, arrays: Mapping[str, NDArray[Any]]) -> Any:
    if isinstance(value, dict):
        if set(value) == {_ARRAY}:
            return arrays[value[_ARRAY]]
        return {key: _join(item, arrays) for key, item in value.items()}
    if isinstance(value, list):
        return [_join(item, arrays) for item in value]
    return value
