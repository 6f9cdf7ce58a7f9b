"""What every adapter requires of the batched environment that it wraps."""

from __future__ import annotations

from typing import Any

from gymnasium.vector import AutoresetMode, VectorEnv

from rlsys.errors import UserError, name_of


def require_same_step(env: VectorEnv[Any, Any, Any]) -> None:
    """Refuse an environment that does not start the next episode in the step that ends one.

    Raises:
        UserError: its ``metadata["autoreset_mode"]`` is another mode.
    """
    mode = env.metadata.get("autoreset_mode")
    if mode != AutoresetMode.SAME_STEP:
        raise UserError(
            f"{name_of(env)} has autoreset mode {mode}; rlsys needs "
            "AutoresetMode.SAME_STEP: derive it from rlsys.batched.BatchedEnv, or give Gymnasium's "
            "own batch autoreset_mode=AutoresetMode.SAME_STEP"
        )
