"""The factories named in the descriptions; they make Ray quiet before anything imports it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rlsys_ray.executor import RayExecutor
    from rlsys_ray.rllib_ppo import RllibPpo
    from rlsys_ray.settings import RllibPpoSettings

_QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    # Ray's messages about a dead node would go to stdout, which is for the result.
    "RAY_DEDUP_LOGS_SKIP_REGEX": ".*",
}


def make_executor(jobs: int | None) -> RayExecutor:
    """Return the executor `ray`."""
    _be_quiet()
    from rlsys_ray.executor import RayExecutor

    return RayExecutor(jobs)


def make_rllib_ppo(settings: RllibPpoSettings) -> RllibPpo:
    """Return the agent `rllib-ppo`."""
    _be_quiet()
    from rlsys_ray.rllib_ppo import RllibPpo

    return RllibPpo(settings)


def _be_quiet() -> None:
    """Set the variables, but keep values that the user has set."""
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
