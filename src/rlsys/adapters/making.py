"""Makes the batched environment of a case, whichever way its description gives it."""

from __future__ import annotations

from typing import Any

from rlsys.descriptors import EnvironmentSpec, resolve
from rlsys.rollout import MakeEnv


def make_env_of(environment: EnvironmentSpec, config: Any) -> MakeEnv:
    """Return ``make_env(num_envs)`` for a case's `config`.

    Raises:
        PluginError: the code that the description names cannot be imported.
    """
    factory = resolve(environment.vector_env)
    return lambda num_envs: factory(config, num_envs)
