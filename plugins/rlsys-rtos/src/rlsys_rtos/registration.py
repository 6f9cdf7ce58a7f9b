"""Make the environment available without the command line of rlsys.

Use `gymnasium.make("rlsys_rtos:rlsys/Rtos-v0", taskset="normal")` or `gymnasium.make_vec(...)`.
Once `rlsys_rtos` is imported, the prefix is not needed. Keyword arguments are the keys of
`RtosConfig`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import gymnasium

ENV_ID = "rlsys/Rtos-v0"


def make_env(**config: Any) -> gymnasium.Env[Any, Any]:
    """Return a single environment; keyword arguments are the keys of `RtosConfig`."""
    from rlsys.adapters.single import SingleEnv

    return SingleEnv(make_vector_env(1, **config))


def make_vector_env(num_envs: int = 1, **config: Any) -> gymnasium.vector.VectorEnv[Any, Any, Any]:
    """Return `num_envs` copies; keyword arguments are the keys of `RtosConfig`."""
    from rlsys.config import validate
    from rlsys_rtos.config import RtosConfig
    from rlsys_rtos.vector_env import RtosVectorEnv

    return RtosVectorEnv(validate(RtosConfig, config), num_envs)


def register() -> None:
    """Register the environment with Gymnasium; importing `rlsys_rtos` does it."""
    from gymnasium.envs.registration import register as add

    add(
        id=ENV_ID,
        entry_point="rlsys_rtos.registration:make_env",
        vector_entry_point="rlsys_rtos.registration:make_vector_env",
    )
