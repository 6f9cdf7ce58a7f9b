"""Makes the environment of a case, whichever way its description gives it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rlsys.descriptors import EnvironmentSpec, resolve
from rlsys.errors import UserError
from rlsys.rollout import MakeEnv

if TYPE_CHECKING:
    import gymnasium


def make_env_of(
    environment: EnvironmentSpec, config: Any, render_mode: str | None = None
) -> MakeEnv:
    """Return ``make_env(num_envs)`` for a case's `config`.

    Args:
        render_mode: as in `gymnasium.make`; ``render()`` of the batch then returns one picture per
            copy. Only for descriptions with `env`.

    Raises:
        PluginError: the code that the description names cannot be imported.
        UserError: a `render_mode` is given, but the description has a batched environment.
    """
    if environment.env is not None:
        from rlsys.adapters.existing.batches import BatchMaker

        return BatchMaker(environment, config, render_mode)
    assert environment.vector_env is not None
    if render_mode is not None:
        raise UserError(f"{environment.name}: {_NOT_SHOWN}")
    factory = resolve(environment.vector_env)
    return lambda num_envs: factory(config, num_envs)


def single_env_of(
    environment: EnvironmentSpec, config: Any, render_mode: str | None = None
) -> gymnasium.Env[Any, Any]:
    """Return one environment with a network's observations and actions, as a `gymnasium.Env`.

    Its last observation and picture of an episode are shown before the next episode starts, unlike
    those of a batch. Gymnasium's wrappers, such as `RecordVideo`, work on it.

    Raises:
        PluginError, UserError: as `make_env_of`; or the environment has several roles.
    """
    if environment.env is not None:
        from rlsys.adapters.existing.batches import single_env

        return single_env(environment, config, render_mode)
    from rlsys.adapters.single import SingleEnv

    return SingleEnv(make_env_of(environment, config, render_mode)(1))


def reward_threshold_of(environment: EnvironmentSpec, config: Any) -> float | None:
    """Return the mean reward from which a case counts as solved; None if nobody has set one.

    It is the ``reward_threshold`` that a Gymnasium environment is registered with.
    """
    if environment.env is None:
        return None
    from rlsys.adapters.existing.batches import BatchMaker

    return BatchMaker(environment, config).facts.reward_threshold


_NOT_SHOWN = (
    "its environment is a batch, which cannot be shown; only one that is described by `env` can"
)
