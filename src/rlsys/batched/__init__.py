"""What every batched environment needs and nobody should write twice: seeds, autoreset, endings.

Derive from `BatchedEnv`, or from `BatchedRolesEnv` if several kinds of agent decide in turn, and
write only the dynamics. Whoever has a step of their own takes `copy_seeds` and `final_infos`.

The names load on first use: the functions need NumPy alone, the classes need Gymnasium.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rlsys.batched.copies import copy_seeds, final_infos, final_metric
    from rlsys.batched.env import BatchedEnv
    from rlsys.batched.outcome import Outcome
    from rlsys.batched.roles_env import BatchedRolesEnv

_EXPORTS = {
    "BatchedEnv": "rlsys.batched.env",
    "BatchedRolesEnv": "rlsys.batched.roles_env",
    "Outcome": "rlsys.batched.outcome",
    "copy_seeds": "rlsys.batched.copies",
    "final_infos": "rlsys.batched.copies",
    "final_metric": "rlsys.batched.copies",
}

__all__ = [
    "BatchedEnv",
    "BatchedRolesEnv",
    "Outcome",
    "copy_seeds",
    "final_infos",
    "final_metric",
]


def __getattr__(name: str) -> Any:
    if name in _EXPORTS:
        import importlib

        return getattr(importlib.import_module(_EXPORTS[name]), name)
    raise AttributeError(f"module 'rlsys.batched' has no attribute {name!r}")
