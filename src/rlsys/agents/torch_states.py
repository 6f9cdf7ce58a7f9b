"""Converts tensors and random generators to the nested state that `rlsys.storage.states` saves."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from rlsys.errors import UserError


def pack(value: Any) -> Any:
    """Return `value` (such as a ``state_dict()``) with string keys, and arrays for tensors."""
    if isinstance(value, torch.Tensor):
        return value.detach().cpu().numpy().copy()
    if isinstance(value, Mapping):
        return {str(key): pack(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [pack(item) for item in value]
    return value


def unpack(value: Any) -> Any:
    """Undo `pack`: arrays become tensors, and numeric keys (of optimiser states) become numbers."""
    if isinstance(value, np.ndarray):
        return torch.from_numpy(np.array(value))
    if isinstance(value, Mapping):
        return {int(k) if k.isdigit() else k: unpack(item) for k, item in value.items()}
    if isinstance(value, list):
        return [unpack(item) for item in value]
    return value


def require_same_tensors(saved: Mapping[str, Any], present: Mapping[str, Any], what: str) -> None:
    """Refuse saved tensors whose names or shapes differ from the current ones.

    Raises:
        UserError: the settings have changed since.
    """
    old = {name: np.shape(value) for name, value in saved.items()}
    new = {name: tuple(value.shape) for name, value in present.items()}
    if old != new:
        name = next(n for n in sorted({*old, *new}) if old.get(n) != new.get(n))
        raise UserError(
            f"the checkpoint does not match: in {what}, {name} has shape {old.get(name)} there and "
            f"{new.get(name)} here; resume with the settings of the original training"
        )


def random_state() -> dict[str, Any]:
    """Return the state of the global generators of torch, NumPy and Python."""
    version, internal, gauss = random.getstate()
    return {
        "torch": torch.get_rng_state().numpy().copy(),
        "numpy": np.random.get_state(legacy=False),
        "python": [version, np.array(internal, dtype=np.uint64), gauss],
    }


def set_random_state(state: Mapping[str, Any]) -> None:
    """Restore the generators to what `random_state` returned."""
    torch.set_rng_state(torch.from_numpy(np.array(state["torch"])))
    np.random.set_state(dict(state["numpy"]))
    version, internal, gauss = state["python"]
    random.setstate((version, tuple(int(word) for word in internal), gauss))
