"""Reach the environment without our command line.

`gymnasium.make("rlsys_sysctl:rlsys/Sysctl-v0", workload="my.json")` and `gymnasium.make_vec(...)`,
or without the prefix once `rlsys_sysctl` is imported; keyword arguments are the keys of
`SysctlConfig`.  The first step takes the machine, ``close()`` puts it back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import gymnasium

ENV_ID = "rlsys/Sysctl-v0"


def make_env(**config: Any) -> gymnasium.Env[Any, Any]:
    """Return a single environment; keyword arguments are the keys of `SysctlConfig`."""
    from rlsys.adapters.single import SingleEnv

    return SingleEnv(make_vector_env(1, **config))


def make_vector_env(num_envs: int = 1, **config: Any) -> gymnasium.vector.VectorEnv[Any, Any, Any]:
    """Return `num_envs` copies; keyword arguments are the keys of `SysctlConfig`."""
    from rlsys.config import validate
    from rlsys_sysctl.config import SysctlConfig
    from rlsys_sysctl.vector_env import SysctlVectorEnv

    return SysctlVectorEnv(validate(SysctlConfig, config), num_envs)


def register() -> None:
    """Register the environment with Gymnasium; importing `rlsys_sysctl` does it."""
    from gymnasium.envs.registration import register as add
    from gymnasium.envs.registration import registry

    if ENV_ID not in registry:
        add(
            id=ENV_ID,
            entry_point="rlsys_sysctl.registration:make_env",
            vector_entry_point="rlsys_sysctl.registration:make_vector_env",
        )
