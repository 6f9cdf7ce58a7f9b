"""Make the environment available without the command line of rlsys.

Use `gymnasium.make("rlsys_jobshop:rlsys/Jobshop-v0", instances="ft10")` or
`gymnasium.make_vec(...)`. Once `rlsys_jobshop.env` is imported, the prefix is not needed. Keyword
arguments are the keys of `JobshopConfig`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import gymnasium

ENV_ID = "rlsys/Jobshop-v0"


def make_env(**config: Any) -> gymnasium.Env[Any, Any]:
    """Return a single environment; keyword arguments are the keys of `JobshopConfig`."""
    from rlsys.adapters.single import SingleEnv

    return SingleEnv(make_vector_env(1, **config))


def make_vector_env(num_envs: int = 1, **config: Any) -> gymnasium.vector.VectorEnv[Any, Any, Any]:
    """Return `num_envs` copies; keyword arguments are the keys of `JobshopConfig`."""
    from rlsys.config import validate
    from rlsys_jobshop.env.config import JobshopConfig
    from rlsys_jobshop.env.making import make

    return make(validate(JobshopConfig, config), num_envs)


def register() -> None:
    """Register the environment with Gymnasium; importing `rlsys_jobshop` does it."""
    from gymnasium.envs.registration import register as add

    add(
        id=ENV_ID,
        entry_point="rlsys_jobshop.env.registration:make_env",
        vector_entry_point="rlsys_jobshop.env.registration:make_vector_env",
    )
