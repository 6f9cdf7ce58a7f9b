"""Which environment a configuration asks for."""

from __future__ import annotations

from rlsys_jobshop.dynamic.vector_env import DynamicVectorEnv
from rlsys_jobshop.env.config import JobshopConfig
from rlsys_jobshop.env.vector_env import JobshopVectorEnv


def make(config: JobshopConfig, num_envs: int = 1) -> JobshopVectorEnv:
    """Return `num_envs` copies: of days with events if the configuration has some."""
    if config.dynamic is not None:
        return DynamicVectorEnv(config, config.dynamic, num_envs)
    return JobshopVectorEnv(config, num_envs)
